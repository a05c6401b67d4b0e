/** A LIMN with random weights and the patch encoder, saved in a folder: enough to index and search, in milliseconds. */
import { Random } from '../../../core/random.js';
import type { Tensor } from '../../../engine/tensor/tensor.js';
import { Vocabulary } from '../../../models/encoders/text/vocabulary.js';
import { type ModelConfigInput, modelConfig } from '../../../models/methods/model-config.js';
import type { EncoderIdentity } from '../../../models/retrieval/model-folder.js';
import { limnTrainingModel } from '../../../models/retrieval/retrieval-graphs.js';
import { RetrievalModel } from '../../../models/retrieval/retrieval-model.js';

export interface TinyEncoder {
  encoder: EncoderIdentity;
  /** What a model of this encoder knows of its training images. */
  buffers: Readonly<Record<string, Tensor>>;
}

/**
 * @param seed another seed makes another model @param changes of its config @param given weights in place of the drawn ones
 * @param images what reads its images. @default the patch encoder
 */
export async function saveTinyModel(
  folder: string,
  seed = 1,
  changes: Partial<ModelConfigInput> = {},
  given: Readonly<Record<string, Tensor>> = {},
  { encoder, buffers }: TinyEncoder = { encoder: { id: 'patch-32-8-0' }, buffers: {} },
): Promise<void> {
  const vocabulary = Vocabulary.build(['the same in red with short sleeves and a blue collar']);
  const config = modelConfig.parse({
    width: 16,
    factors: 3,
    layers: 1,
    heads: 2,
    expansion: 2,
    projection: 8,
    words: 12,
    dropout: 0,
    vocabularySize: vocabulary.size,
    image: { kind: 'patch', size: 32, patch: 8, layers: 0 },
    ...changes,
  });
  const optimizer = { learningRate: 1e-3, totalSteps: 1, warmupSteps: 0, weightDecay: 0, clipNorm: 0 };
  const training = limnTrainingModel(config, { batchSize: 2, optimizer, random: new Random(seed), buffers });
  const weights = Object.fromEntries(
    training.parameters.map(({ name }): [string, Tensor] => [name, given[name] ?? (training.initialState[name] as Tensor)]),
  );
  await new RetrievalModel({ config, vocabulary, weights: { ...weights, ...buffers }, encoder }).save(folder);
}
