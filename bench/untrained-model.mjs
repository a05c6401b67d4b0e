/** A LIMN of the form that `configs/product-photos-plain.json` trains, with random weights: what it takes depends on its form alone. */
import { fileURLToPath } from 'node:url';
import { Random } from '../dist/core/random.js';
import { Vocabulary } from '../dist/models/encoders/text/vocabulary.js';
import { modelConfig } from '../dist/models/methods/model-config.js';
import { ImageEncoderRuntime } from '../dist/models/retrieval/image-encoder-runtime.js';
import { limnTrainingModel } from '../dist/models/retrieval/retrieval-graphs.js';
import { RetrievalModel } from '../dist/models/retrieval/retrieval-model.js';

export const texts = ['in red', 'with short sleeves and a collar', 'the same in blue', 'longer and darker, without a print'];

/** Saves it in a folder. MobileNetV2's weights must be where limn looks for them: LIMN_SHARED_DATA/weights or LIMN_HOME/encoders. */
export async function saveUntrainedModel(folder, { width = 256 } = {}) {
  const reader = await ImageEncoderRuntime.open(fileURLToPath(new URL('../configs/encoders/mobilenetv2.json', import.meta.url)));
  const { config: image, id, description } = reader;
  await reader.close();
  const vocabulary = Vocabulary.build(texts);
  const form = { factors: 8, layers: 2, textLayers: 1, words: 22, localTokenPrior: 4 };
  const config = modelConfig.parse({ width, ...form, vocabularySize: vocabulary.size, image });
  const filled = (length, value) => ({ dtype: 'float32', shape: [length], data: new Float32Array(length).fill(value) });
  const buffers = Object.fromEntries(
    [
      ['local', image.channels + image.colourChannels],
      ['global', image.globalChannels + image.colourChannels],
    ].flatMap(([input, length]) => [
      [`picture.${input}.mean`, filled(length, 0.4)],
      [`picture.${input}.inverse_deviation`, filled(length, 1.5)],
    ]),
  );
  const optimizer = { learningRate: 1e-3, totalSteps: 1, warmupSteps: 0, weightDecay: 0, clipNorm: 0 };
  const training = limnTrainingModel(config, { batchSize: 2, optimizer, random: new Random(1), buffers });
  const weights = Object.fromEntries(training.parameters.map(({ name }) => [name, training.initialState[name]]));
  await new RetrievalModel({ config, vocabulary, weights: { ...weights, ...buffers }, encoder: { id, description } }).save(
    folder,
  );
}
