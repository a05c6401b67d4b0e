/** A LIMN of the form that `configs/product-photos-plain.json` trains, with random weights: what it takes depends on its form alone. */

import { ImageEncoderRuntime, RetrievalModel } from 'limn';
import { Random } from 'limn/engine';
import { Vocabulary } from '#limn/models/encoders/text/vocabulary.js';
import { modelConfig } from '#limn/models/methods/model-config.js';
import { limnTrainingModel } from '#limn/models/retrieval/retrieval-graphs.js';
import { type ImageForm, statisticsOf } from './configs.js';
import { inCheckout } from './paths.js';

export const texts = ['in red', 'with short sleeves and a collar', 'the same in blue', 'longer and darker, without a print'];

/** Saves it in a folder. MobileNetV2's weights must be where limn looks for them: LIMN_ENCODERS or LIMN_HOME/encoders. */
export async function saveUntrainedModel(folder: string, { width = 256 } = {}): Promise<void> {
  const reader = await ImageEncoderRuntime.open(inCheckout('configs/encoders/mobilenetv2.json'));
  const { config: image, id, description } = reader;
  await reader.close();
  const vocabulary = Vocabulary.build(texts);
  const form = { factors: 8, layers: 2, textLayers: 1, words: 22, localTokenPrior: 4 };
  const config = modelConfig.parse({ width, ...form, vocabularySize: vocabulary.size, image });
  const buffers = statisticsOf(image as ImageForm, { mean: 0.4, inverse: 1.5 });
  const optimizer = { learningRate: 1e-3, totalSteps: 1, warmupSteps: 0, weightDecay: 0, clipNorm: 0 };
  const training = limnTrainingModel(config, { batchSize: 2, optimizer, random: new Random(1), buffers });
  const weights = Object.fromEntries(training.parameters.map(({ name }) => [name, training.initialState[name]!]));
  const parts = { config, vocabulary, weights: { ...weights, ...buffers }, encoder: { id, description } };
  await new RetrievalModel(parts).save(folder);
}
