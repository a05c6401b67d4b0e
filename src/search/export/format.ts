/** The folder that `limn export` writes: what its files are called, and what its manifest says of them. */
import { LimnError } from '../../core/errors.js';
import type { ImageConfig, TextConfig } from '../../models/backbone/config.js';
import type { EncoderDescription } from '../../models/encoders/image/description.js';
import type { ImageSettings } from '../../models/encoders/image/image-settings.js';
import type { Field } from '../gallery/explain/fields.js';
import type { VectorSizes } from '../store/store.js';
import type { WeightsReport } from './model-weights.js';
import type { VectorType } from './vector-codes.js';

export const manifestName = 'manifest.json';
export const exportFormat = 'limn-export-1';
/** Images of a shard of vectors. */
export const shardItems = 4096;

/** A file of the export by its path inside the folder. */
export interface ExportedFile {
  path: string;
  bytes: number;
  /** SHA-256 of its content, in hexadecimal. */
  sha256: string;
}

/** Roles of the files that a browser needs besides vectors and images. */
export interface DataFiles {
  /** Ids, metadata and names of image files, in columns. */
  columns: ExportedFile;
  /** What {@link BrowserModel} says. */
  model: ExportedFile;
  query: ExportedFile;
  gallery: ExportedFile;
  /** Where the factors look, in references and in targets. */
  queryAttention?: ExportedFile | undefined;
  galleryAttention?: ExportedFile | undefined;
  encoder?: ExportedFile | undefined;
  /** ONNX Runtime Web for WebAssembly. */
  runtime: ExportedFile;
  /** ONNX Runtime Web for WebGPU, where the export has it. */
  webgpu?: ExportedFile | undefined;
}

export interface ExportManifest {
  format: typeof exportFormat;
  /** What the gallery is called. */
  name: string;
  count: number;
  model: { hash: string; encoder: string };
  /** Weight of the factors' mean cosine in the score. */
  gamma: number;
  sizes: VectorSizes;
  /** How vectors are kept, and which part of the ten nearest of exact vectors they find. */
  vectors: { type: VectorType; recall: number };
  /** How the model's weights are kept, and what searches with them find; absent from exports of before, which are float32. */
  weights?: WeightsReport | undefined;
  /** Longest side of the thumbnails in pixels. */
  thumbnail: number;
  /** How the references' images were decoded; an export of other settings decodes them again. */
  decoding: string;
  files: DataFiles;
  shards: (ExportedFile & { from: number; count: number })[];
  /** The page itself. */
  page: ExportedFile[];
  /** How many bytes the images' files take, of which a browser fetches those that it shows. */
  images: { files: number; bytes: number };
}

/** The model as a browser needs it, beside its graphs. */
export interface BrowserModel {
  format: 'limn-browser-model-1';
  /** SHA-256 of the weights, as the gallery knows it. */
  hash: string;
  sees: { image: boolean; text: boolean };
  /** Whether the graphs see local features. */
  local: boolean;
  attentionGrid?: number | undefined;
  image: ImageConfig;
  text: TextConfig;
  /** Words of a text that are read. */
  words: number;
  decoding: ImageSettings;
  encoder?: EncoderDescription | undefined;
  /** As {@link Vocabulary.toJSON} gives it. */
  vocabulary: unknown;
  /** The inputs of the average image, which texts alone are composed with: their numbers in base64. */
  average: { name: string; dtype: 'float16' | 'float32'; shape: number[]; data: string }[];
  /** Texts to suggest. */
  texts?: readonly string[] | undefined;
  factors: string[];
  fields: Field[];
}

/** @throws LimnError GALLERY for a manifest of something else, of another version, or damaged */
export function checkManifest(value: unknown, label: string): ExportManifest {
  const { format } = (value ?? {}) as { format?: unknown };
  if (format !== exportFormat) {
    const what =
      typeof format === 'string' && format.startsWith('limn-export-') ? `of the format ${format}` : 'no export of limn';
    throw new LimnError('GALLERY', `${label} is ${what}; this limn reads ${exportFormat}. Export the gallery again.`);
  }
  const missing = missingIn(value as Partial<ExportManifest>);
  if (missing === undefined) return value as ExportManifest;
  throw new LimnError('GALLERY', `${label} is damaged: it lacks ${missing}. Export the gallery again.`);
}

/** What a manifest lacks, without which nothing can be read. */
function missingIn({ count, model, sizes, vectors, files, shards }: Partial<ExportManifest>): string | undefined {
  if (!Number.isInteger(count)) return '"count"';
  if (typeof model?.hash !== 'string') return '"model"';
  if (typeof sizes !== 'object' || typeof vectors?.type !== 'string') return 'the sizes of vectors';
  const role = (['columns', 'model', 'query', 'gallery', 'runtime'] as const).find((name) => !isFile(files?.[name]));
  if (role) return `the file of "${role}"`;
  return Array.isArray(shards) && shards.every(isFile) ? undefined : 'the files of vectors';
}

const isFile = (file: Partial<ExportedFile> | undefined): boolean =>
  typeof file?.path === 'string' && Number.isInteger(file.bytes) && typeof file.sha256 === 'string';

/** Where an image's file lies: two letters make folders that no file system minds. */
export const imagePath = (kind: 'thumbnails' | 'references', name: string): string =>
  `${kind}/${name.slice(0, 2)}/${name.slice(2)}.webp`;
