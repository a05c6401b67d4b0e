/**
 * A model for which nothing was trained: the images and texts of an encoder with one space for both, such as CLIP, are added up. It finds
 * what a plain image and a plain text have in common, and knows nothing of changes ("without the belt", "shorter"): a model that was
 * trained on triplets is better wherever there are some.
 */
import { LimnError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { float32, type Tensor } from '../../engine/tensor/tensor.js';
import { Vocabulary } from '../encoders/text/vocabulary.js';
import { modelConfig } from '../methods/model-config.js';
import type { ImageEncoderRuntime } from './image-encoder-runtime.js';
import { limnTrainingModel } from './retrieval-graphs.js';
import { RetrievalModel } from './retrieval-model.js';
import type { TextReader } from './text-reader.js';

/** Options of {@link zeroShot}. */
export interface ZeroShotOptions {
  /** A frozen image encoder, which the caller closes. */
  reader: ImageEncoderRuntime;
  /** The frozen text encoder of the same space, which the caller closes. */
  text: TextReader;
  /** The model's folder. */
  out: string;
  /** Part of the text in a query, from 0 to 1; the rest is the image. @default 0.5 */
  textShare?: number | undefined;
}

/**
 * Writes the folder of a model that scores a target by the correlation of its vector with the weighted sum of a reference's and a text's.
 *
 * @throws LimnError USAGE for encoders whose global features are not of one width, or that are no frozen encoders
 */
export async function zeroShot({ reader, text, out, textShare }: ZeroShotOptions): Promise<void> {
  const width = sharedWidth(reader, text);
  const vocabulary = Vocabulary.build([]);
  const config = modelConfig.parse({
    method: 'sum',
    ...(textShare === undefined ? {} : { textShare }),
    width,
    heads: 1,
    dropout: 0,
    vocabularySize: vocabulary.size,
    image: reader.config,
    text: text.config,
  });
  const optimizer = { learningRate: 0, totalSteps: 1 };
  // Features are taken as they are.
  const buffers = {
    'picture.global.mean': float32([width], new Float32Array(width)),
    'picture.global.inverse_deviation': float32([width], new Float32Array(width).fill(1)),
  };
  const { parameters, initialState } = limnTrainingModel(config, { batchSize: 1, optimizer, random: new Random(1), buffers });
  const weights = Object.fromEntries(
    parameters.map(({ name }): [string, Tensor] => [name, passingOn(name, initialState[name] as Tensor, width)]),
  );
  Object.assign(weights, buffers);
  const textEncoder = text.choice && { id: text.id, choice: text.choice };
  const model = new RetrievalModel({ config, vocabulary, weights, encoder: reader.identity, textEncoder }, out, '', {
    text,
    image: reader,
  });
  await model.save(out);
  await model.close();
}

/** @throws LimnError USAGE */
function sharedWidth({ config: image, id }: ImageEncoderRuntime, { config: text, id: textId }: TextReader): number {
  const refuse = (what: string) =>
    new LimnError(
      'USAGE',
      `This encoder cannot search without training: ${what}. Use an encoder of images and texts, such as CLIP.`,
    );
  if (image.kind !== 'features') throw refuse(`the image encoder ${id} is no frozen encoder`);
  if (text.kind !== 'features') throw refuse(`the texts are read by "${textId}", which is no frozen encoder`);
  if (image.colourChannels > 0) throw refuse(`the image encoder ${id} adds colours to its features, which no text has`);
  if (image.globalChannels !== text.globalChannels) {
    throw refuse(`images have ${image.globalChannels} numbers in ${id} and texts ${text.globalChannels} in ${textId}`);
  }
  return image.globalChannels;
}

/** The maps of the global features, which pass them on; the method reads no other weight. */
const passing = new Set(['picture.global.content.weight', 'text.global.weight']);

function passingOn(name: string, { shape, data }: Tensor, width: number): Tensor {
  const values = new Float32Array(data.length);
  if (passing.has(name)) for (let i = 0; i < width; i++) values[i * width + i] = 1;
  return float32(shape, values);
}
