/** Pictures as a model wants them: a table of cached features or pixels that fills the inputs of a batch. */
import { LimnError } from '../core/errors.js';
import { colourChannels } from '../encoders/colour.js';
import { type EncoderDescription, findWeights } from '../encoders/description.js';
import { type FeatureTable, openFeatures } from '../encoders/feature-cache.js';
import type { BrokenPicture, PictureCacheOptions } from '../encoders/picture-cache.js';
import { OnnxPictureEncoder } from '../encoders/picture-encoder.js';
import { openPixels, type PixelTable } from '../encoders/pixel-table.js';
import type { SessionOptions } from '../runtime/session.js';
import { fromFloat16 } from '../tensor/float16.js';
import { float32, type Tensor, tensor } from '../tensor/tensor.js';
import type { PictureConfig } from './config.js';

export interface PictureSource {
  /** The picture part of a model's config that these inputs fit. */
  readonly config: PictureConfig;
  readonly ids: readonly string[];
  readonly broken: readonly BrokenPicture[];
  rowOf(id: string): number | undefined;
  /** The inputs of a batch of pictures (rows.length, ...), each name with `prefix` before it. */
  feeds(rows: ArrayLike<number>, prefix?: string): Record<string, Tensor>;
  /** What the model must know of the training pictures; see models/picture.ts. */
  statistics(rows: readonly number[]): Record<string, Tensor>;
  close(): Promise<void>;
}

/** What encodes pictures for a model: a frozen ONNX encoder, or the patch encoder inside the model itself. */
export class PictureReader {
  private constructor(
    readonly config: PictureConfig,
    /** Tells encoders apart: features of one mean nothing to a model trained with another. */
    readonly id: string,
    readonly description: EncoderDescription | undefined,
    private readonly encoder: OnnxPictureEncoder | undefined,
  ) {}

  /** The built-in patch encoder. @param size side in pixels @param patch side of a patch */
  static patch(size: number, patch: number, layers: number): PictureReader {
    if (size % patch !== 0)
      throw new LimnError('CONFIG', `A picture of ${size} pixels cannot be cut into patches of ${patch}: choose a divisor.`);
    return new PictureReader({ kind: 'patch', size, patch, layers }, `patch-${size}-${patch}-${layers}`, undefined, undefined);
  }

  /** A frozen encoder from the JSON file that describes it. */
  static async open(path: string, options: SessionOptions = {}): Promise<PictureReader> {
    return PictureReader.frozen(await OnnxPictureEncoder.open(path, options));
  }

  /** The reader that a saved model was trained with. @param folder where weights may lie beside the model */
  static async restore(
    config: PictureConfig,
    id: string,
    description: EncoderDescription | undefined,
    folder: string,
  ): Promise<PictureReader> {
    if (config.kind === 'patch') return PictureReader.patch(config.size, config.patch, config.layers);
    if (!description)
      throw new LimnError(
        'CHECKPOINT',
        `The model in ${folder} does not say which encoder it was trained with: its config.json is damaged.`,
      );
    const reader = PictureReader.frozen(await OnnxPictureEncoder.fromWeights(description, findWeights(description.file, folder)));
    if (reader.id !== id) {
      await reader.close();
      throw new LimnError(
        'ENCODER',
        `The model was trained with the encoder ${id}, but the weights found are ${reader.id}: put the right ${description.file} in place.`,
        {
          details: { wanted: id, found: reader.id },
        },
      );
    }
    return reader;
  }

  private static frozen(encoder: OnnxPictureEncoder): PictureReader {
    const colours = encoder.description.colour ? colourChannels : 0;
    const config: PictureConfig = {
      kind: 'features',
      tokens: encoder.local.tokens,
      channels: encoder.local.channels - colours,
      globalChannels: encoder.global.channels - colours,
      colourChannels: colours,
    };
    return new PictureReader(config, encoder.id, encoder.description, encoder);
  }

  /** Reads (or takes from the cache) the features or pixels of a list of pictures. */
  async read(options: PictureCacheOptions): Promise<PictureSource> {
    if (this.encoder) return featureSource(await openFeatures({ ...options, encoder: this.encoder }), this.config);
    const { size } = this.config as Extract<PictureConfig, { kind: 'patch' }>;
    return pixelSource(await openPixels({ ...options, size, fit: 'contain' }), this.config);
  }

  async close(): Promise<void> {
    await this.encoder?.close();
  }
}

function featureSource(table: FeatureTable, config: PictureConfig): PictureSource {
  const { local, global } = table;
  const gather = (rows: ArrayLike<number>): [Uint16Array<ArrayBuffer>, Uint16Array<ArrayBuffer>] => {
    const [localOut, globalOut] = [
      new Uint16Array(rows.length * local.tokens * local.channels),
      new Uint16Array(rows.length * global.channels),
    ];
    table.gather(rows, localOut, globalOut);
    return [localOut, globalOut];
  };
  return {
    config,
    ids: table.ids,
    broken: table.broken,
    rowOf: (id) => table.rowOf(id),
    feeds: (rows, prefix = '') => {
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

function pixelSource(table: PixelTable, config: PictureConfig): PictureSource {
  const { size } = table;
  return {
    config,
    ids: table.ids,
    broken: table.broken,
    rowOf: (id) => table.rowOf(id),
    feeds: (rows, prefix = '') => {
      const bytes = new Uint8Array(rows.length * size * size * 3);
      table.gather(rows, bytes);
      const values = new Float32Array(bytes.length);
      for (let i = 0; i < bytes.length; i++) values[i] = (bytes[i] as number) / 255;
      return { [`${prefix}pixels`]: tensor('float32', [rows.length, size, size, 3], values) };
    },
    statistics: () => ({}),
    close: async () => {},
  };
}
