/** What an encoder is, as a person wants to see it before training with it: tried on a generated image and a text. */
import { messageOf } from '../../../core/errors.js';
import { blocksOf, type ParameterChoice } from '../../../engine/graph/index.js';
import { sizeOf } from '../../../engine/tensor/tensor.js';
import type { EncoderDescription } from '../image/description.js';
import { OnnxImageEncoder } from '../image/image-encoder.js';
import { readModelFile } from '../image/model-file.js';
import { OnnxTextEncoder } from '../text/text-encoder.js';
import { type HubEncoder, readEncoderFolder } from './encoder-folder.js';

/** What of a graph can be trained, or why nothing can. */
export type Trainable = { blocks: number; weights: number; parameters: number } | { reason: string };

/** What {@link encoderFindings} found. */
export interface EncoderFindings {
  /** Name of the encoder. */
  name: string;
  /** The folder of its files. */
  folder: string;
  /** config.json's name of the architecture. */
  family?: string;
  /** Precision of the weights, such as "fp32". */
  dtype: string;
  /** Remarks, such as settings that were ignored. */
  notes: string[];
  /** The image encoder; absent if there is none. */
  picture?: {
    /** Its ONNX file. */
    file: string;
    /** How pixels go into the graph, in words. */
    input: string;
    /** How images are prepared, in words. */
    preprocessing: string;
    /** The output with local features, (tokens, channels) an image. */
    local: { output: string; tokens: number; channels: number };
    /** The output with the global feature, (channels) an image. */
    global: { output: string; channels: number };
    /** What can be trained, or why nothing can. */
    trainable: Trainable;
  };
  /** The text encoder; absent if there is none. */
  text?: {
    /** Its ONNX file. */
    file: string;
    /** Names of the graph's inputs. */
    inputs: string[];
    /** The most tokens that a text may have. */
    length: number;
    /** The output with a vector of so many channels for each token. */
    local: { output: string; channels: number };
    /** The output with one vector for the text. */
    global: { output: string; channels: number };
    /** What can be trained, or why nothing can. */
    trainable: Trainable;
  };
}

/**
 * Opens an encoder, runs it on a generated image and a text, and says what was found.
 *
 * @throws LimnError ENCODER, RUNTIME or NOT_FINITE for an encoder that gives no usable numbers
 */
export async function encoderFindings(encoder: HubEncoder): Promise<EncoderFindings> {
  const { name, folder, image, text } = encoder;
  const { family, dtype, notes = [] } = await readEncoderFolder(folder);
  return {
    name,
    folder,
    ...(family === undefined ? {} : { family }),
    dtype,
    notes,
    ...(image ? { picture: await imageFindings(image) } : {}),
    ...(text ? { text: await textFindings(text) } : {}),
  };
}

async function imageFindings({ description, weights }: NonNullable<HubEncoder['image']>) {
  const { outputs, size, layout, input, inputType = 'float32' } = description;
  const encoder = await OnnxImageEncoder.fromWeights(description, weights);
  try {
    const image = Uint8Array.from({ length: size * size * 3 }, (_, i) => (i * 37 + Math.floor(i / (size * 3)) * 11) % 256);
    await encoder.encode([image]);
    const { local, global } = encoder;
    const shape = layout === 'NCHW' ? `3, ${size}, ${size}` : `${size}, ${size}, 3`;
    return {
      file: description.file,
      input: `${input}, ${inputType} (${description.batch ?? 'N'}, ${shape})`,
      preprocessing: preprocessingWords(description),
      local: { output: outputs.local, ...local },
      global: { output: outputs.global, ...global },
      trainable: await trainable(weights, description),
    };
  } finally {
    await encoder.close();
  }
}

async function textFindings({ description, files }: NonNullable<HubEncoder['text']>) {
  const { outputs, inputs, length } = description;
  const encoder = await OnnxTextEncoder.open(description, files);
  try {
    await encoder.encode(['the same in red']);
    return {
      file: description.file,
      inputs: Object.values(inputs) as string[],
      length,
      local: { output: outputs.local, channels: encoder.local.channels },
      global: { output: outputs.global, channels: encoder.global.channels },
      trainable: await trainable(files.weights, description),
    };
  } finally {
    await encoder.close();
  }
}

function preprocessingWords({ size, fit, resampling, shorterSide = size, channelOrder = 'RGB', mean, std }: EncoderDescription) {
  const list = (values: readonly number[]) => values.map((value) => Number(value.toFixed(4))).join(', ');
  const crop = shorterSide === size ? `${size} x ${size}` : `${shorterSide}, centre of ${size} x ${size}`;
  const resized = { fill: 'stretched to', cover: 'shorter side to', contain: 'longer side to' }[fit];
  return `${resized} ${crop} (${resampling}), ${channelOrder}, mean ${list(mean)}, deviation ${list(std)}`;
}

async function trainable(weights: string, choice: ParameterChoice): Promise<Trainable> {
  try {
    const model = await readModelFile(weights, choice);
    const trained = [...model.weights.values()];
    const parameters = trained.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    return { blocks: blocksOf(model).length, weights: trained.length, parameters };
  } catch (error) {
    return { reason: messageOf(error) };
  }
}

/** Findings as lines of text. */
export function findingLines({ family, picture: image, text, notes, dtype }: EncoderFindings): string[] {
  const kind = [family, dtype].filter(Boolean).join(', ');
  const vector = ({ output, channels }: { output: string; channels: number }) => `${output}, ${channels} channels`;
  return [
    ...(image
      ? [
          `images: ${image.file} (${kind})`,
          `  input    ${image.input}`,
          `  prepared ${image.preprocessing}`,
          `  local    ${vector(image.local)}, ${image.local.tokens} places`,
          `  global   ${vector(image.global)}`,
          `  training ${trainableWords(image.trainable)}`,
        ]
      : []),
    ...(text
      ? [
          `texts: ${text.file} (${kind})`,
          `  inputs   ${text.inputs.join(', ')}, up to ${text.length} tokens`,
          `  local    ${vector(text.local)}`,
          `  global   ${vector(text.global)}`,
          `  training ${trainableWords(text.trainable)}`,
        ]
      : []),
    ...notes.map((note) => `note: ${note}`),
  ];
}

function trainableWords(trainable: Trainable): string {
  if ('reason' in trainable) return `not possible: ${trainable.reason}`;
  const { blocks, weights, parameters } = trainable;
  return `${blocks} blocks, ${weights} weights with ${parameters.toLocaleString('en-US')} parameters`;
}
