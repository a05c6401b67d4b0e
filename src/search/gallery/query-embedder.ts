/** What a search needs of a model and of whatever reads images for it: an Embedder here, ONNX Runtime Web in a browser. */
import type { Box } from '../../models/encoders/image/box.js';
import type { ImageSettings } from '../../models/encoders/image/image-settings.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import type { Composition, DecodedImage, EmbeddingVectors } from './embedder.js';

/** Images as a model's inputs. */
export type EncodedImages = Pick<ImageFeatures, 'feeds'>;

/** Images of the gallery as a model's inputs, by the content of their files. */
export interface KeptImages {
  has(content: string): Promise<boolean>;
  /** An image in row 0; undefined where it is not there after all. */
  read(content: string): Promise<EncodedImages | undefined>;
}

export interface QueryEmbedder {
  /** Which sides of a query the model reads. */
  readonly sees: { image: boolean; text: boolean };
  /** Side of the square grid that a model's factors look at; undefined where they look at none. */
  readonly attentionGrid: number | undefined;
  /** @param box only this part of it. @throws LimnError IMAGE for bytes that are no image */
  decode(bytes: Uint8Array, name: string, box?: Box): Promise<DecodedImage>;
  encode(decoded: readonly DecodedImage[]): Promise<EncodedImages>;
  embed(
    source: EncodedImages,
    wanted: { targets: readonly number[]; queries: readonly Composition[] },
    options?: { signal?: AbortSignal | undefined },
  ): Promise<{ targets: EmbeddingVectors[]; queries: EmbeddingVectors[] }>;
  /** Where each factor looks in an image: (K, N). @param text of the query that it is the reference of. @default none: it is a target */
  attention(image: DecodedImage, text?: string): Promise<Float32Array>;
  /** Features of the gallery's images that were kept when they were indexed. @default none */
  readonly kept?: KeptImages | undefined;
  /** How images become what the model sees. */
  imageSettings(): Promise<ImageSettings>;
}

/** Where images come from. */
export interface QueryFiles {
  /** What to call an item's image in messages. */
  nameOf(location: string): string;
  /** The bytes of an item's image. @param part whether only a part of it is wanted */
  read(location: string, options?: { part?: boolean; signal?: AbortSignal | undefined }): Promise<Uint8Array>;
  /** The bytes of an image that is no item. */
  readPath(path: string): Promise<Uint8Array>;
  /** SHA-256 in hexadecimal. */
  hash(data: string | Uint8Array): Promise<string>;
  /** Width and height of an image when it is upright. */
  sizeOf(bytes: Uint8Array, name: string, location: string | undefined): Promise<{ width: number; height: number }>;
}
