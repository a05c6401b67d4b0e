/** From an encoder graph's outputs to the features of images: without a runtime, so that browsers make the same. */
import { toFloat16 } from '../../../engine/tensor/float16.js';
import type { Tensor } from '../../../engine/tensor/tensor.js';
import { colourChannels, colourStatistics } from './colour.js';
import type { EncoderDescription } from './description.js';

export interface GraphOutputs {
  local: Tensor<'float32'>;
  global: Tensor<'float32'>;
}

/** The same as binary16. */
export interface HalfOutputs {
  local: Tensor<'float16'>;
  global: Tensor<'float16'>;
}

/** What a graph's outputs hold for one picture. */
export interface GraphLayout {
  tokens: number;
  localChannels: number;
  globalChannels: number;
  /** Side of the square that the tokens make, where colour is joined. */
  grid: number;
}

/**
 * Writes the features of a batch: local ones as tokens, place by place, each with its colours where the description joins them.
 *
 * @param out.local (N, tokens, channels), or longer @param out.global (N, channels), or longer
 */
export function writeFeatures(
  description: Pick<EncoderDescription, 'colour' | 'size' | 'outputs'>,
  layout: GraphLayout,
  outputs: GraphOutputs,
  images: readonly Uint8Array[],
  out: { local: Float32Array; global: Float32Array },
): void {
  const { tokens, localChannels: plain, globalChannels: width, grid } = layout;
  const extra = description.colour ? colourChannels : 0;
  const [localChannels, globalChannels] = [plain + extra, width + extra];
  images.forEach((image, i) => {
    const [localAt, globalAt] = [i * tokens * localChannels, i * globalChannels];
    writeLocal(description, layout, outputs.local.data, i, out.local.subarray(localAt, localAt + tokens * localChannels));
    out.global.set(outputs.global.data.subarray(i * width, (i + 1) * width), globalAt);
    if (!description.colour) return;
    const places = { out: out.local, at: localAt + plain, stride: localChannels };
    colourStatistics(image, description.size, grid, places, { out: out.global, at: globalAt + width });
  });
}

/** The features of a batch as one record an image: what {@link writeFeatures} gives as binary16, the local ones and then the global ones. */
export function featureRecordsOf(
  description: Pick<EncoderDescription, 'colour' | 'size' | 'outputs'>,
  layout: GraphLayout,
  outputs: HalfOutputs,
  images: readonly Uint8Array[],
): Uint16Array[] {
  const { tokens, localChannels: plain, globalChannels: width, grid } = layout;
  const extra = description.colour ? colourChannels : 0;
  const localChannels = plain + extra;
  const colours = new Float32Array((tokens + 1) * extra);
  return images.map((image, i) => {
    const record = new Uint16Array(tokens * localChannels + width + extra);
    writeLocal(description, layout, outputs.local.data, i, record.subarray(0, tokens * localChannels));
    record.set(outputs.global.data.subarray(i * width, (i + 1) * width), tokens * localChannels);
    if (extra === 0) return record;
    colourStatistics(image, description.size, grid, { out: colours }, { out: colours, at: tokens * extra });
    const halves = toFloat16(colours);
    for (let token = 0; token < tokens; token++) {
      record.set(halves.subarray(token * extra, (token + 1) * extra), token * localChannels + plain);
    }
    record.set(halves.subarray(tokens * extra), tokens * localChannels + width);
    return record;
  });
}

/** Copies image `i` of a graph's local output, as tokens, into the rows of one image. */
function writeLocal(
  { outputs: { localForm, skipTokens } }: Pick<EncoderDescription, 'outputs'>,
  { tokens, localChannels }: GraphLayout,
  output: Float32Array | Uint16Array,
  i: number,
  out: Float32Array | Uint16Array,
): void {
  const width = out.length / tokens;
  if (localForm === 'tokens') {
    for (let token = 0; token < tokens; token++) {
      const from = (i * (tokens + skipTokens) + skipTokens + token) * localChannels;
      out.set(output.subarray(from, from + localChannels), token * width);
    }
    return;
  }
  for (let channel = 0; channel < localChannels; channel++) {
    const from = (i * localChannels + channel) * tokens;
    for (let token = 0; token < tokens; token++) out[token * width + channel] = output[from + token] as number;
  }
}
