/** A trained LIMN: its folder on disk, and embedding pictures and queries with it. */
import { z } from 'zod';
import { LimnError, throwIfAborted } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress.js';
import type { Device } from '../../engine/runtime/device.js';
import { Session, type SessionOptions } from '../../engine/runtime/session.js';
import type { Tensor } from '../../engine/tensor/tensor.js';
import type { TrainableEncoders } from '../backbone/trainable.js';
import type { Vocabulary } from '../encoders/text/vocabulary.js';
import type { ModelConfig } from '../methods/define-method.js';
import { methodOf, methods } from '../methods/methods.js';
import { modelConfig } from '../methods/model-config.js';
import { type Embeddings, joinEmbeddings } from './embeddings.js';
import { ImageEncoderRuntime } from './image-encoder-runtime.js';
import type { ImageFeatures } from './image-features.js';
import { type EncoderIdentity, encoderSchema, readModelFolder, writeModelFolder } from './model-folder.js';
import { attentionModel, galleryModel, queryModel } from './retrieval-graphs.js';
import { type TextEncoderChoice, TextReader } from './text-reader.js';
import type { TextSource } from './text-source.js';
import { readTexts as readKeptTexts, textsFile, writtenTexts } from './training-texts.js';

const folderConfig = z.strictObject({
  format: z.literal('limn-model-1'),
  model: modelConfig,
  encoder: encoderSchema,
  textEncoder: z
    .strictObject({
      id: z.string(),
      choice: z.strictObject({
        encoder: z.string(),
        tokens: z.number().optional(),
        trainFrom: z.number().optional(),
      }),
    })
    .optional(),
});

export interface RetrievalModelParts {
  config: ModelConfig;
  vocabulary: Vocabulary;
  /** Parameters and buffers by name. */
  weights: Readonly<Record<string, Tensor>>;
  encoder: EncoderIdentity;
  /** The text encoder; left out for the vocabulary's words. */
  textEncoder?: { id: string; choice: TextEncoderChoice } | undefined;
  /** Some of the texts that it was trained on, to suggest; none of models that were saved before such were kept. */
  texts?: readonly string[] | undefined;
}

/** What reads for a model, as far as the model itself needs it. */
export interface ModelReaders {
  text: TextReader;
  /** Needed only where the picture encoder is trained with the rest. */
  image: ImageEncoderRuntime | undefined;
}

/** Options of embedding images or queries. */
export interface EmbedOptions {
  /** Threads that compute. @default those of {@link SessionOptions} */
  threads?: number | undefined;
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress | undefined;
}

/** What to say of the config of a method that nobody has defined here. */
function missingMethod(config: unknown): string | undefined {
  const method = (config as { model?: { method?: unknown } } | null)?.model?.method;
  if (typeof method !== 'string' || methods.get(method)) return undefined;
  return `the model was trained with the method "${method}", which a plug-in defines: give that plug-in's file with --plugin, or call usePlugin.`;
}

/**
 * Pictures or queries of one run of an encoder graph, largest first. More than 8 are slower, as what lies between the layers no longer fits
 * into a processor's cache. Each size is a graph with weights of its own, so encoders that are inside it have fewer.
 */
const batchSizes = { frozen: [8, 4, 1], tuned: [8, 1] };

/** A trained method that embeds images and queries. Its ONNX sessions are opened on first use. */
export class RetrievalModel {
  private readonly sessions = new Map<string, Promise<Session>>();
  private opened: Promise<ModelReaders> | undefined;

  constructor(
    /** Config, vocabulary and weights. */
    readonly parts: RetrievalModelParts,
    /** Where it was opened from; encoder weights may lie there too. */
    readonly folder = '.',
    /** SHA-256 of the weights, or "" for a model that was not saved yet. */
    readonly hash = '',
    /** Readers that the caller has opened and closes; the model opens its own where it has none. */
    private readonly given?: ModelReaders,
    /** What it is computed on. @default `LIMN_DEVICE` or "cpu" */
    private readonly device?: Device,
  ) {}

  /** The model's config. */
  get config(): ModelConfig {
    return this.parts.config;
  }

  /** Which sides of a query the model reads. */
  get sees(): { image: boolean; text: boolean } {
    return methodOf(this.config).sees(this.config);
  }

  /** How much the factors' mean cosine counts in the score, beside the matching vectors' cosine. */
  get gamma(): number {
    return methodOf(this.config).score(this.config).factors;
  }

  /**
   * Opens a model folder, or the `model` folder of a run.
   *
   * @throws LimnError CHECKPOINT when a file is missing, cut short or of another model
   */
  static async open(
    path: string,
    options: {
      /** What it is computed on. @default `LIMN_DEVICE` or "cpu" */
      device?: Device | undefined;
    } = {},
  ): Promise<RetrievalModel> {
    const { folder, config, encoder, vocabulary, weights, hash } = await readModelFolder(path, folderConfig, {
      name: 'limn model',
      command: 'limn train',
      missing: missingMethod,
    });
    const { model, textEncoder } = config;
    const parts = { config: model, vocabulary, weights, encoder, textEncoder, texts: await readKeptTexts(folder) };
    return new RetrievalModel(parts, folder, hash, undefined, options.device);
  }

  /** Writes the model folder: config.json, vocabulary.json, weights.safetensors, texts.json, query.onnx and gallery.onnx (batch 1). */
  async save(folder: string): Promise<void> {
    const { config, weights, encoder, textEncoder, texts } = this.parts;
    const encoders = await this.encoders();
    await writeModelFolder(folder, { format: 'limn-model-1', model: config, encoder, textEncoder }, this.parts, {
      'query.onnx': queryModel(config, weights, 1, encoders),
      'gallery.onnx': galleryModel(config, weights, 1, encoders),
      ...(texts ? { [textsFile]: writtenTexts(texts) } : {}),
    });
  }

  /** The reader that turns pictures into this model's inputs. */
  openReader(options: Pick<SessionOptions, 'threads'> = {}): Promise<ImageEncoderRuntime> {
    const { config, encoder } = this.parts;
    const given = { device: this.device, definition: encoder.definition, ...options };
    return ImageEncoderRuntime.restore(config.image, encoder.id, encoder.description, this.folder, given);
  }

  /** Embeds gallery pictures. @param rows rows of `pictures` */
  embedTargets(images: Pick<ImageFeatures, 'feeds'>, rows: readonly number[], options: EmbedOptions = {}): Promise<Embeddings> {
    const local = methodOf(this.config).local(this.config);
    return this.embed('gallery', rows.length, (from, to) => images.feeds(rows.slice(from, to), { local }), options);
  }

  /** Embeds queries: reference pictures (rows of `pictures`) with their modification texts. */
  async embedQueries(
    images: Pick<ImageFeatures, 'feeds'>,
    rows: readonly number[],
    texts: readonly string[],
    options: EmbedOptions = {},
  ): Promise<Embeddings> {
    const { config } = this;
    const method = methodOf(config);
    const local = method.local(config);
    const source = this.sees.text ? await this.readTexts(texts, options) : undefined;
    const feeds = (from: number, to: number) => ({
      ...(this.sees.image ? images.feeds(rows.slice(from, to), { local }) : {}),
      ...source?.feeds(texts.slice(from, to)),
    });
    return this.embed('query', rows.length, feeds, options).finally(() => source?.close());
  }

  /** Side of the square grid that the local tokens of a picture make; undefined where they make none, or no factor looks at them. */
  get attentionGrid(): number | undefined {
    const { config } = this;
    const { image } = config;
    const method = methodOf(config);
    if (!method.attention || !method.local(config) || image.kind === 'captions') return undefined;
    const side = image.kind === 'patch' ? image.size / image.patch : Math.sqrt(image.tokens);
    return Number.isInteger(side) ? side : undefined;
  }

  /**
   * Where each factor looks in a picture: weights (K, N) over its local tokens, row by row, that sum to 1 for each factor.
   *
   * @param text the modification text of the query that the picture is the reference of. @default none: it is seen as a target
   * @throws LimnError USAGE for a model without {@link attentionGrid}, or whose queries see no picture
   */
  async attention(
    images: Pick<ImageFeatures, 'feeds'>,
    row: number,
    text?: string,
    options: EmbedOptions = {},
  ): Promise<Float32Array> {
    const side = text === undefined ? 'gallery' : 'query';
    if (this.attentionGrid === undefined || (side === 'query' && !this.sees.image))
      throw new LimnError('USAGE', 'This model has no heat maps for this image: its factors do not attend to local features.');
    const source = side === 'query' && this.sees.text ? await this.readTexts([text as string], options) : undefined;
    try {
      const session = await this.cachedSession(`${side} attention`, (encoders) =>
        attentionModel(side, this.config, this.parts.weights, 1, encoders),
      );
      const feeds = { ...images.feeds([row]), ...source?.feeds([text as string]) };
      return (await session.run(feeds)).attention?.data as Float32Array;
    } finally {
      await source?.close();
    }
  }

  /** The graph of {@link attention} for one image, as the bytes of an ONNX file. */
  async attentionGraph(side: 'query' | 'gallery'): Promise<Uint8Array> {
    return attentionModel(side, this.config, this.parts.weights, 1, await this.encoders());
  }

  /** @throws LimnError USAGE for a text without words */
  checkText(text: string): void {
    this.parts.vocabulary.encode(text, 1);
  }

  /** Frees threads and memory; nothing may be called afterwards. */
  async close(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).close();
    this.sessions.clear();
    const own = await this.opened;
    this.opened = undefined;
    await own?.text.close();
    await own?.image?.close();
  }

  private async readTexts(texts: readonly string[], { signal, onProgress }: EmbedOptions): Promise<TextSource> {
    for (const text of texts) this.checkText(text);
    const { text } = await this.readers();
    return text.read({ texts, vocabulary: this.parts.vocabulary, words: this.config.words, signal, onProgress });
  }

  /** The files of encoders that were trained with the model. */
  private async encoders(): Promise<TrainableEncoders> {
    const { image, text } = await this.readers();
    return { ...(image?.trainable ? { image: image.trainable } : {}), ...(text.trainable ? { text: text.trainable } : {}) };
  }

  private readers(): Promise<ModelReaders> {
    if (this.given) return Promise.resolve(this.given);
    const open = async (): Promise<ModelReaders> => {
      const { config, textEncoder } = this.parts;
      const text = await TextReader.restore(textEncoder?.id ?? '', textEncoder?.choice, { device: this.device });
      return { text, image: config.image.kind === 'tuned' ? await this.openReader() : undefined };
    };
    this.opened ??= open().catch((error) => {
      this.opened = undefined;
      throw error;
    });
    return this.opened;
  }

  private async embed(
    side: 'query' | 'gallery',
    count: number,
    feeds: (from: number, to: number) => Record<string, Tensor>,
    options: EmbedOptions,
  ): Promise<Embeddings> {
    const factors = methodOf(this.config).factors(this.config);
    const { image, text } = this.config;
    const sizes = batchSizes[image.kind === 'tuned' || text.kind === 'tuned' ? 'tuned' : 'frozen'];
    const parts: Embeddings[] = [];
    for (let at = 0; at < count; ) {
      throwIfAborted(options.signal, `embedding ${side === 'query' ? 'queries' : 'pictures'}`);
      const size = sizes.find((one) => one <= count - at) as number;
      const session = await this.session(side, size, options.threads);
      const result = await session.run(feeds(at, at + size));
      const matching = result.matching as Tensor<'float32'>;
      const factorVectors = (result.factors?.data ?? new Float32Array(0)) as Float32Array;
      const projection = result.factors?.shape[2] ?? 0;
      parts.push({ count: size, width: matching.shape[1]!, factors, projection, matching: matching.data, factorVectors });
      at += size;
      options.onProgress?.({ stage: `embed ${side === 'query' ? 'queries' : 'pictures'}`, done: at, total: count });
    }
    return joinEmbeddings(parts);
  }

  private session(side: 'query' | 'gallery', batch: number, threads?: number): Promise<Session> {
    const build = side === 'query' ? queryModel : galleryModel;
    const key = `${side} ${batch}${threads === undefined ? '' : ` on ${threads}`}`;
    return this.cachedSession(key, (encoders) => build(this.config, this.parts.weights, batch, encoders), threads);
  }

  private cachedSession(key: string, build: (encoders: TrainableEncoders) => Uint8Array, threads?: number): Promise<Session> {
    const known = this.sessions.get(key);
    if (known) return known;
    const label = `${key.split(' ')[0]} encoder`;
    const options = { label, device: this.device, ...(threads === undefined ? {} : { threads }) };
    const opened = this.encoders().then((encoders) => Session.open(build(encoders), options));
    this.sessions.set(key, opened);
    return opened;
  }
}
