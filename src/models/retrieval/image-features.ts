/** Pictures as a model wants them: a table of cached features, pixels or captions that fills the inputs of a batch. */

import { fromFloat16 } from '../../engine/tensor/float16.js';
import { float32, type Tensor, tensor } from '../../engine/tensor/tensor.js';
import type { ImageConfig } from '../backbone/config.js';
import type { FeatureRows } from '../encoders/cache/feature-cache.js';
import type { BrokenImage } from '../encoders/cache/image-cache.js';
import type { PixelTable } from '../encoders/cache/pixel-table.js';
import { normalizedPixels, type PixelForm } from '../encoders/image/pixel-form.js';
import type { Vocabulary } from '../encoders/text/vocabulary.js';
import type { ImageCaptions } from './image-captions.js';

/** Which inputs of a batch are filled. */
export interface FeedOptions {
  /** Put before each name. @default '' */
  prefix?: string;
  /** Whether local features are wanted, where the source has them apart. @default true */
  local?: boolean;
}

/** Features, pixels or captions of images, from which batches are filled. */
export interface ImageFeatures {
  /** The picture part of a model's config that these inputs fit. */
  readonly config: ImageConfig;
  /** Ids of the images, row by row. */
  readonly ids: readonly string[];
  /** Images that could not be read. */
  readonly broken: readonly BrokenImage[];
  /** The table of a frozen encoder's features, for tables elsewhere; undefined for pixels and captions. */
  readonly table?: FeatureRows;
  /** The row of an image; undefined if it has none. */
  rowOf(id: string): number | undefined;
  /** The inputs of a batch of pictures (rows.length, ...); see models/encoder/image.ts for their names. */
  feeds(rows: ArrayLike<number>, options?: FeedOptions): Record<string, Tensor>;
  /** What the model must know of the training pictures; see models/image.ts. */
  statistics(rows: readonly number[]): Record<string, Tensor>;
  /** Frees threads and memory; nothing may be called afterwards. */
  close(): Promise<void>;
}

/** Features of a frozen encoder. */
export function featureSource(table: FeatureRows, config: ImageConfig): ImageFeatures {
  const { local, global } = table;
  const gather = (rows: ArrayLike<number>): [Uint16Array<ArrayBuffer>, Uint16Array<ArrayBuffer>] => {
    const [localOut, globalOut] = [
      new Uint16Array(rows.length * local.tokens * local.channels),
      new Uint16Array(rows.length * global.channels),
    ];
    table.gather(rows, localOut, globalOut);
    return [localOut, globalOut];
  };
  // Global features are small: once they alone are wanted, all of them are kept in memory.
  let globals: Uint16Array | undefined;
  const readGlobals = () => {
    const all = new Uint16Array(table.count * global.channels);
    for (let at = 0; at < table.count; at += 64) {
      const rows = Array.from({ length: Math.min(64, table.count - at) }, (_, i) => at + i);
      all.set(gather(rows)[1], at * global.channels);
    }
    return all;
  };
  const globalsOf = (rows: ArrayLike<number>) => {
    globals ??= readGlobals();
    const out = new Uint16Array(rows.length * global.channels);
    for (let i = 0; i < rows.length; i++) {
      const from = (rows[i] as number) * global.channels;
      out.set(globals.subarray(from, from + global.channels), i * global.channels);
    }
    return out;
  };
  return {
    config,
    ids: table.ids,
    broken: table.broken,
    table,
    rowOf: (id) => table.rowOf(id),
    feeds: (rows, { prefix = '', local: wanted = true } = {}) => {
      if (!wanted) return { [`${prefix}global`]: tensor('float16', [rows.length, global.channels], globalsOf(rows)) };
      const [localOut, globalOut] = gather(rows);
      return {
        [`${prefix}local`]: tensor('float16', [rows.length, local.tokens, local.channels], localOut),
        [`${prefix}global`]: tensor('float16', [rows.length, global.channels], globalOut),
      };
    },
    statistics: (rows) => {
      const locals = channelMoments(local.channels);
      const globals = channelMoments(global.channels);
      // One or two thousand pictures, evenly spread over the set, are plenty for means and deviations.
      const stride = Math.max(1, Math.floor(rows.length / 1000));
      const sampled = rows.filter((_, i) => i % stride === 0);
      for (let at = 0; at < sampled.length; at += 64) {
        const [localOut, globalOut] = gather(sampled.slice(at, at + 64));
        locals.add(fromFloat16(localOut));
        globals.add(fromFloat16(globalOut));
      }
      return { ...locals.tensors('picture.local'), ...globals.tensors('picture.global') };
    },
    close: () => table.close(),
  };
}

/** Running mean and deviation of each channel of rows (n, channels). */
function channelMoments(channels: number) {
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let count = 0;
  return {
    add(values: Float32Array) {
      for (let i = 0; i < values.length; i++) {
        const value = values[i] as number;
        const channel = i % channels;
        sums[channel]! += value;
        squares[channel]! += value * value;
      }
      count += values.length / channels;
    },
    tensors(name: string): Record<string, Tensor> {
      const mean = sums.map((sum) => sum / count);
      const inverse = squares.map((square, c) => 1 / (Math.sqrt(Math.max(0, square / count - mean[c]! ** 2)) + 1e-3));
      return { [`${name}.mean`]: float32([channels], mean), [`${name}.inverse_deviation`]: float32([channels], inverse) };
    },
  };
}

const plain: Omit<PixelForm, 'size'> = { layout: 'NHWC', mean: [0, 0, 0], std: [1, 1, 1] };

/** Pixels for the patch encoder, or in the form that an encoder from a file wants. */
export function pixelSource(
  table: Pick<PixelTable, 'size' | 'ids' | 'broken' | 'rowOf' | 'gather'>,
  config: ImageConfig,
  form: Omit<PixelForm, 'size'> = plain,
): ImageFeatures {
  const { size } = table;
  const imageBytes = size * size * 3;
  return {
    config,
    ids: table.ids,
    broken: table.broken,
    rowOf: (id) => table.rowOf(id),
    feeds: (rows, { prefix = '' } = {}) => {
      const bytes = new Uint8Array(rows.length * imageBytes);
      table.gather(rows, bytes);
      const images = Array.from(rows, (_, i) => bytes.subarray(i * imageBytes, (i + 1) * imageBytes));
      const shape = form.layout === 'NHWC' ? [rows.length, size, size, 3] : [rows.length, 3, size, size];
      return { [`${prefix}pixels`]: tensor('float32', shape, normalizedPixels({ ...form, size }, images)) };
    },
    statistics: () => ({}),
    close: async () => {},
  };
}

/** Captions that stand in for pictures, as word ids. */
export function captionSource(
  captions: ImageCaptions,
  images: readonly { id: string }[],
  config: Extract<ImageConfig, { kind: 'captions' }>,
  vocabulary: Vocabulary,
): ImageFeatures {
  const { words } = config;
  const ids = images.map(({ id }) => id);
  const rows = new Map(ids.map((id, row) => [id, row]));
  const all = vocabulary.encodeBatch(
    ids.map((id) => captions.of(id)),
    words,
  ).ids.data;
  return {
    config,
    ids,
    broken: [],
    rowOf: (id) => rows.get(id),
    feeds: (wanted, { prefix = '' } = {}) => {
      const out = new BigInt64Array(wanted.length * words);
      for (let i = 0; i < out.length; i++) {
        out[i] = BigInt(all[(wanted[Math.floor(i / words)] as number) * words + (i % words)] as number);
      }
      return { [`${prefix}caption`]: tensor('int64', [wanted.length, words], out) };
    },
    statistics: () => ({}),
    close: async () => {},
  };
}
