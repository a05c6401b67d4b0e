/** A trained difference captioner: its folder on disk, and writing what changes from one picture to another. */
import { z } from 'zod';
import { throwIfAborted } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress.js';
import type { Device } from '../../engine/runtime/device.js';
import { Session } from '../../engine/runtime/session.js';
import { int64, type Tensor, tensor, zeros } from '../../engine/tensor/tensor.js';
import type { Vocabulary } from '../encoders/text/vocabulary.js';
import { ImageEncoderRuntime } from '../retrieval/image-encoder-runtime.js';
import type { ImageFeatures } from '../retrieval/image-features.js';
import { type EncoderIdentity, encoderSchema, readModelFolder, writeModelFolder } from '../retrieval/model-folder.js';
import { endId, idCount, startId } from './captioner.js';
import { type CaptionerConfig, captionerConfig } from './captioner-config.js';
import { pairModel, pastShapes, stepModel, textModel } from './captioner-graphs.js';
import { greedyModel, writtenTexts } from './captioner-greedy.js';
import {
  type DecodingOptions,
  type DecodingRules,
  decodeTexts,
  rowsPerItem,
  type Writer,
  type WrittenCaption,
} from './decoding.js';

const folderConfig = z.strictObject({
  format: z.literal('limn-captioner-1'),
  model: captionerConfig,
  encoder: encoderSchema,
});

export interface CaptionerParts {
  config: CaptionerConfig;
  vocabulary: Vocabulary;
  /** Parameters and buffers by name. */
  weights: Readonly<Record<string, Tensor>>;
  encoder: EncoderIdentity;
}

/** Rows of a picture source: from the first picture to the second. */
export type PairRows = readonly [reference: number, target: number];

/** A generated text. */
export interface Caption {
  /** The text. */
  text: string;
  /** Mean log-probability of its words, that of its end among them. */
  likelihood: number;
}

/** Options of {@link CaptionerModel.caption}. */
export interface CaptionOptions {
  /** How the text is chosen from the probabilities of its words. @default greedy */
  decoding?: DecodingOptions;
  /** Texts that are written side by side. @default 64, or as many as there are */
  batchSize?: number;
  /** Keep keys and values from word to word. Without, every word reads the whole text again, for the same result. @default true */
  cached?: boolean;
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress | undefined;
}

/** Words of a text at the positions of a batch: start, words, end, then 0. (count, words + 2) */
export function captionIds(vocabulary: Vocabulary, config: CaptionerConfig, texts: readonly string[]): BigInt64Array {
  const width = config.words + 2;
  const ids = new BigInt64Array(texts.length * width);
  const encoded = vocabulary.encodeBatch(texts, config.words).ids.data;
  texts.forEach((_, row) => {
    const words = Array.from(encoded.subarray(row * config.words, (row + 1) * config.words)).filter((id) => id > 0);
    [startId(config), ...words, endId(config)].forEach((id, i) => {
      ids[row * width + i] = BigInt(id);
    });
  });
  return ids;
}

/** A trained difference captioner: says what changes from one image to another. */
export class CaptionerModel {
  private readonly sessions = new Map<string, Promise<Session>>();

  constructor(
    /** Config, vocabulary and weights. */
    readonly parts: CaptionerParts,
    /** Where it was opened from; encoder weights may lie there too. */
    readonly folder = '.',
    /** SHA-256 of the weights, or "" for a model that was not saved yet. */
    readonly hash = '',
    /** What it is computed on. @default `LIMN_DEVICE` or "cpu" */
    private readonly device?: Device,
  ) {}

  /**
   * Opens a captioner's folder, or the `model` folder of a run.
   *
   * @throws LimnError CHECKPOINT when a file is missing, damaged or of another kind of model
   */
  static async open(
    path: string,
    options: {
      /** What it is computed on. @default `LIMN_DEVICE` or "cpu" */
      device?: Device | undefined;
    } = {},
  ): Promise<CaptionerModel> {
    const { folder, config, encoder, vocabulary, weights, hash } = await readModelFolder(path, folderConfig, {
      name: 'captioner',
      command: 'limn train --task caption',
    });
    return new CaptionerModel({ config: config.model, vocabulary, weights, encoder }, folder, hash, options.device);
  }

  /** Writes config.json, vocabulary.json and weights.safetensors. */
  async save(folder: string): Promise<void> {
    const { config, encoder } = this.parts;
    await writeModelFolder(folder, { format: 'limn-captioner-1', model: config, encoder }, this.parts);
  }

  /** The reader that turns pictures into this model's inputs. */
  openReader(): Promise<ImageEncoderRuntime> {
    const { config, encoder } = this.parts;
    return ImageEncoderRuntime.restore(config.image, encoder.id, encoder.description, this.folder, {
      device: this.device,
      definition: encoder.definition,
    });
  }

  /** Writes what changes from the first to the second picture of each pair. */
  async caption(images: ImageFeatures, pairs: readonly PairRows[], options: CaptionOptions = {}): Promise<Caption[]> {
    const { decoding = { strategy: 'greedy' }, cached = true, signal, onProgress } = options;
    const batch = Math.max(1, Math.min(options.batchSize ?? 64, pairs.length));
    const captions: Caption[] = [];
    for (let at = 0; at < pairs.length; at += batch) {
      throwIfAborted(signal, 'writing captions');
      const some = pairs.slice(at, at + batch);
      // Graphs have one size: the last batch is filled up with its last pair.
      const filled = Array.from({ length: batch }, (_, i) => some[Math.min(i, some.length - 1)] as PairRows);
      const written =
        cached && decoding.strategy === 'greedy'
          ? await this.greedy(images, filled)
          : await decodeTexts(await this.writer(images, filled, rowsPerItem(decoding), cached), this.rules, batch, decoding, at);
      for (const { ids, logProbability } of written.slice(0, some.length)) {
        captions.push({ text: this.textOf(ids), likelihood: logProbability / (ids.length + 1) });
      }
      onProgress?.({ stage: 'write captions', done: at + some.length, total: pairs.length });
    }
    return captions;
  }

  /** The mean log-probability of the words of given texts, their ends among them. */
  async likelihoods(
    images: ImageFeatures,
    pairs: readonly PairRows[],
    texts: readonly string[],
    batchSize = 64,
  ): Promise<number[]> {
    const { config, vocabulary } = this.parts;
    const batch = Math.max(1, Math.min(batchSize, pairs.length));
    const width = config.words + 2;
    const found: number[] = [];
    for (let at = 0; at < pairs.length; at += batch) {
      const count = Math.min(batch, pairs.length - at);
      const row = (i: number) => at + Math.min(i, count - 1);
      const rows = Array.from({ length: batch }, (_, i) => row(i));
      const memory = await this.memory(
        images,
        rows.map((i) => pairs[i] as PairRows),
      );
      const ids = captionIds(
        vocabulary,
        config,
        rows.map((i) => texts[i] as string),
      );
      // Every position but the last is read; what stands behind it is to be told.
      const read = ids.filter((_, i) => i % width < width - 1);
      const logP = await this.readText(memory, batch, read);
      for (let i = 0; i < count; i++) {
        let sum = 0;
        let length = 0;
        for (let position = 0; position + 1 < width && (ids[i * width + position + 1] as bigint) > 0n; position++) {
          sum += logP[(i * (width - 1) + position) * idCount(config) + Number(ids[i * width + position + 1])] as number;
          length++;
        }
        found.push(sum / length);
      }
    }
    return found;
  }

  /** Frees threads and memory; nothing may be called afterwards. */
  async close(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).close();
    this.sessions.clear();
  }

  private get rules(): DecodingRules {
    const { config, vocabulary } = this.parts;
    // Padding and the ids that unknown words share stand for no word.
    const forbidden = new Set([...Array.from({ length: 1 + vocabulary.buckets }, (_, id) => id), startId(config)]);
    return { start: startId(config), end: endId(config), words: idCount(config), length: config.words, forbidden };
  }

  private textOf(ids: readonly number[]): string {
    const { words, buckets } = this.parts.vocabulary;
    return ids.map((id) => words[id - 1 - buckets]).join(' ');
  }

  /** The inputs of both pictures of each pair, or of the second alone where the captioner sees no other. */
  private feeds(images: ImageFeatures, pairs: readonly PairRows[]): Record<string, Tensor> {
    const side = (which: 0 | 1, prefix: string) =>
      images.feeds(
        pairs.map((pair) => pair[which]),
        { prefix },
      );
    return { ...(this.parts.config.sees === 'both' ? side(0, 'reference.') : {}), ...side(1, 'target.') };
  }

  /** Whole texts in one run of one graph. */
  private async greedy(images: ImageFeatures, pairs: readonly PairRows[]): Promise<WrittenCaption[]> {
    const { config, weights } = this.parts;
    const session = await this.session(`greedy ${pairs.length}`, () => greedyModel(config, weights, this.rules, pairs.length));
    const { words, logProbabilities } = await session.run(this.feeds(images, pairs));
    return writtenTexts(words as Tensor, logProbabilities as Tensor, this.rules.end);
  }

  /** What of {@link pairModel} a decoding needs: the keys and values of the memory, or its tokens. */
  private async memory(images: ImageFeatures, pairs: readonly PairRows[], cached = false): Promise<Record<string, Tensor>> {
    const { config, weights } = this.parts;
    const session = await this.session(`pair ${pairs.length}`, () => pairModel(config, weights, pairs.length));
    const fetch = session.outputs.filter((name) => name === 'memory.bias' || (name === 'memory') !== cached);
    return session.run(this.feeds(images, pairs), { fetch });
  }

  private async writer(images: ImageFeatures, pairs: readonly PairRows[], each: number, cached: boolean): Promise<Writer> {
    const memory = await this.memory(images, pairs, cached);
    if (cached) return this.cachedWriter(memory, pairs.length, each);
    const wide = Object.fromEntries(Object.entries(memory).map(([name, value]) => [name, repeated(value, each)]));
    return this.plainWriter(wide, pairs.length * each);
  }

  /** Keys and values stay in the runtime from word to word. @param memory is given away */
  private async cachedWriter(memory: Record<string, Tensor>, batch: number, each: number): Promise<Writer> {
    const { config, weights } = this.parts;
    const rows = batch * each;
    const length = memory['memory.0.values']?.shape[2] as number;
    const shapes = Object.entries(pastShapes(config, rows));
    const past = Object.fromEntries(shapes.map(([name, shape]) => [name, zeros('float32', shape)]));
    const carry = Object.fromEntries(shapes.map(([name]) => [`next.${name}`, name]));
    const build = () => stepModel(config, weights, batch, each, length);
    const session = await this.session(`step ${batch} x ${each} ${length}`, build, carry);
    await session.setResident({ ...memory, ...past }, { transfer: true });
    return {
      next: async (words, position, parents) => {
        const from = each > 1 ? { parents: int64([rows], parents) } : {};
        const feeds = { words: int64([rows], words), position: int64([1], [position]), ...from };
        const { logProbabilities } = await session.run(feeds, { fetch: ['logProbabilities'] });
        return logProbabilities?.data as Float32Array;
      },
    };
  }

  /** Every word reads the whole text again: slower, and the reference for the other one. */
  private plainWriter(memory: Record<string, Tensor>, rows: number): Writer {
    const { config } = this.parts;
    const positions = config.words + 1;
    let texts = new BigInt64Array(rows * positions);
    return {
      next: async (words, position, parents) => {
        const before = texts;
        texts = new BigInt64Array(rows * positions);
        parents.forEach((parent, row) => {
          texts.set(before.subarray(parent * positions, parent * positions + position), row * positions);
          texts[row * positions + position] = BigInt(words[row] as number);
        });
        const all = await this.readText(memory, rows, texts);
        const count = idCount(config);
        const out = new Float32Array(rows * count);
        for (let row = 0; row < rows; row++) {
          const at = (row * positions + position) * count;
          out.set(all.subarray(at, at + count), row * count);
        }
        return out;
      },
    };
  }

  /** (rows, words + 1, V) log-probabilities of the word behind each position. */
  private async readText(memory: Record<string, Tensor>, rows: number, words: BigInt64Array): Promise<Float32Array> {
    const { config, weights } = this.parts;
    const length = memory.memory?.shape[1] as number;
    const session = await this.session(`text ${rows} ${length}`, () => textModel(config, weights, rows, length));
    const bias = memory['memory.bias'] ? { 'memory.bias': memory['memory.bias'] } : {};
    const feeds = { memory: memory.memory as Tensor, ...bias, words: tensor('int64', [rows, config.words + 1], words) };
    return (await session.run(feeds)).logProbabilities?.data as Float32Array;
  }

  private session(key: string, build: () => Uint8Array, carry: Record<string, string> = {}): Promise<Session> {
    const options = { label: `captioner, ${key}`, device: this.device, carry };
    const opened = this.sessions.get(key) ?? Session.open(build(), options);
    this.sessions.set(key, opened);
    return opened;
  }
}

/** Every row of a tensor `times` times, one after another. */
function repeated({ dtype, shape, data }: Tensor, times: number): Tensor {
  const [rows, ...rest] = shape as [number, ...number[]];
  const size = data.length / rows;
  const out = new Float32Array(rows * times * size);
  for (let row = 0; row < rows * times; row++) {
    const from = Math.floor(row / times) * size;
    out.set((data as Float32Array).subarray(from, from + size), row * size);
  }
  return { dtype, shape: [rows * times, ...rest], data: out } as Tensor;
}
