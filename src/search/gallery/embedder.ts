/** A model with what reads pictures for it: from the bytes of files to embeddings. */
import { type Box, type DecodeOptions, decodeImage, type ImageSettings } from '../../models/encoders/image/image.js';
import { averageImage } from '../../models/retrieval/average-image.js';
import type { Embeddings } from '../../models/retrieval/embeddings.js';
import type { ImageEncoderRuntime } from '../../models/retrieval/image-encoder-runtime.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import type { EmbedOptions, RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import type { KeptFeatures } from './kept-features.js';

/** What an {@link Embedder} is opened with. */
export interface EmbedderOptions {
  /** Limits of images that are decoded. @default those of {@link decodeImage} */
  limits?: Pick<DecodeOptions, 'pixelLimit' | 'sideLimit'> | undefined;
  /** Threads that the encoder of images and the model's own graph each compute with. @default all */
  threads?: number | undefined;
  /** Where features of indexed images are kept; it stays the caller's. @default nowhere */
  kept?: KeptFeatures | undefined;
}

/** What a model made of a picture or a query. */
export interface EmbeddingVectors {
  /** (width), of length 1. */
  matching: Float32Array;
  /** (factors * projection), each factor's of length 1, or of the length of its weight in a query with learned weights. */
  factors: Float32Array;
}

/** A decoded picture, as the model wants it. */
export interface DecodedImage {
  /** What to call it in messages. */
  name: string;
  /** (size, size, 3) RGB. */
  image: Uint8Array;
}

/** A query: a picture of the list beside it, or the average picture, changed as a text says. */
export interface Composition {
  image: number | 'average';
  /** Ignored by models that read no text. */
  text: string;
}

export class Embedder {
  readonly kept: KeptFeatures | undefined;
  private readonly limits: Pick<DecodeOptions, 'pixelLimit' | 'sideLimit'>;
  private readonly threads: number | undefined;
  private reader: Promise<ImageEncoderRuntime> | undefined;

  constructor(
    readonly model: RetrievalModel,
    { limits = {}, threads, kept }: EmbedderOptions = {},
  ) {
    this.limits = limits;
    this.threads = threads;
    this.kept = kept;
  }

  get sees(): { image: boolean; text: boolean } {
    return this.model.sees;
  }

  get attentionGrid(): number | undefined {
    return this.model.attentionGrid;
  }

  async imageSettings(): Promise<ImageSettings> {
    return (await this.openReader()).image;
  }

  /** @param box only this part of it. @throws LimnError IMAGE for bytes that are no picture, a damaged one, or one over a limit */
  async decode(bytes: Uint8Array, name: string, box?: Box): Promise<DecodedImage> {
    const { image } = await this.openReader();
    return { name, image: await decodeImage(bytes, { ...image, ...this.limits, label: name, box }) };
  }

  /** Images as what a gallery stores. @param options.contents SHA-256 of their files, by which features are kept. @default none are */
  async targets(
    decoded: readonly DecodedImage[],
    { contents, ...options }: EmbedOptions & { contents?: readonly string[] | undefined } = {},
  ): Promise<EmbeddingVectors[]> {
    if (decoded.length === 0) return [];
    const source = await this.encode(decoded);
    const [embedded] = await Promise.all([
      this.model.embedTargets(source, [...decoded.keys()], { ...options, threads: this.threads }),
      contents && source.table && this.kept?.add(contents, source.table),
    ]);
    return rowsOf(embedded);
  }

  /** Both kinds of embedding of encoded pictures, by their rows. */
  async embed(
    source: Pick<ImageFeatures, 'feeds'>,
    wanted: { targets: readonly number[]; queries: readonly Composition[] },
    options: EmbedOptions = {},
  ): Promise<{ targets: EmbeddingVectors[]; queries: EmbeddingVectors[] }> {
    const { model } = this;
    const targets = rowsOf(await model.embedTargets(source, wanted.targets, options));
    const queries: EmbeddingVectors[] = [];
    const average = averageImage(model.config, model.parts.weights);
    const isAverage = ({ image }: Composition) => image === 'average';
    for (const [from, part] of [
      [source, wanted.queries.filter((query) => !isAverage(query))],
      [average, wanted.queries.filter(isAverage)],
    ] as const) {
      if (part.length === 0) continue;
      const rows = part.map(({ image }) => (image === 'average' ? 0 : image));
      const texts = part.map(({ text }) => text);
      queries.push(...rowsOf(await model.embedQueries(from, rows, texts, options)));
    }
    // In the order that was asked for.
    const order = [...wanted.queries.filter((query) => !isAverage(query)), ...wanted.queries.filter(isAverage)];
    const places = new Map(order.map((query, i) => [query, i]));
    return { targets, queries: wanted.queries.map((query) => queries[places.get(query) as number] as EmbeddingVectors) };
  }

  /**
   * Where each factor looks in a picture: (K, N), see RetrievalModel.attention.
   *
   * @param text of the query that the picture is the reference of. @default none: it is seen as a target
   */
  async attention(image: DecodedImage, text?: string): Promise<Float32Array> {
    return this.model.attention(await this.encode([image]), 0, text);
  }

  async close(): Promise<void> {
    const reader = await this.reader?.catch(() => undefined);
    this.reader = undefined;
    await reader?.close();
  }

  /** What reads the pictures; it is opened when it is first needed. */
  openReader(): Promise<ImageEncoderRuntime> {
    const options = this.threads === undefined ? {} : { threads: this.threads };
    this.reader ??= this.model.openReader(options).catch((error) => {
      this.reader = undefined;
      throw error;
    });
    return this.reader;
  }

  /** What the encoder of pictures makes of them. @throws LimnError NOT_FINITE when it gives no usable numbers */
  async encode(decoded: readonly DecodedImage[]): Promise<ImageFeatures> {
    const images = decoded.map(({ image }) => image);
    const names = decoded.map(({ name }) => name);
    return (await this.openReader()).encode(images, names);
  }
}

function rowsOf({ count, width, factors, projection, matching, factorVectors }: Embeddings): EmbeddingVectors[] {
  const flat = factors * projection;
  return Array.from({ length: count }, (_, row) => ({
    matching: matching.slice(row * width, (row + 1) * width),
    factors: factorVectors.slice(row * flat, (row + 1) * flat),
  }));
}
