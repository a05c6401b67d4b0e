/** From a gallery to a folder that any host of files serves, and that a browser searches by itself. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LimnError, throwIfAborted } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress.js';
import type { WeightType } from '../../engine/graph/index.js';
import { imageSettingsId } from '../../models/encoders/image/image.js';
import type { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { type DecodedImage, Embedder } from '../gallery/embedder.js';
import { learnFacts, readFacts } from '../gallery/explain/facts.js';
import { openRememberedModel, requireSameModel } from '../gallery/find-model.js';
import { ImageFiles } from '../gallery/image-files.js';
import { findFolder, localFolder } from '../gallery/locations.js';
import { itemPages } from '../store/item-pages.js';
import { openStore } from '../store/open-store.js';
import type { GalleryStore, ItemVectors, StoredItem } from '../store/store.js';
import { Columns, type ExportedItem, encodeColumns } from './columns.js';
import { ExportFolder, type FolderReport } from './export-folder.js';
import { exportImage } from './export-images.js';
import { exportModel, requireExportable } from './export-model.js';
import { type ExportedFile, type ExportManifest, exportFormat, shardItems } from './format.js';
import { fittingGraphs, type WeightsSample } from './model-weights.js';
import { recallAt10 } from './recall.js';
import { encodeShard, openShard, type VectorType } from './vector-codes.js';

export interface ExportOptions {
  /** A folder or another location of a gallery. */
  gallery: string;
  /** The folder to write, new or of an earlier export. */
  out: string;
  /** What the gallery is called on the page. @default the name of its folder */
  name: string;
  /** @default the one that the gallery remembers; it stays the caller's */
  model?: RetrievalModel | undefined;
  /** The folder of the images. @default found from where it was */
  images?: string | undefined;
  /** Longest side of a thumbnail in pixels. @default 320 */
  thumbnail?: number | undefined;
  /** @default 'float16' */
  vectors?: VectorType | undefined;
  /** How the model's weights are kept; in a more exact type where searches lose more than half a point. @default 'float16' */
  weights?: WeightType | undefined;
  /** Files of the page by their paths in the export. */
  page: ReadonlyMap<string, Uint8Array>;
  /** ONNX Runtime Web's WebAssembly. */
  runtime: Uint8Array;
  /** What WebGPU needs besides: its runtime, and files of the page. */
  webgpuFiles?: { runtime: Uint8Array; page: ReadonlyMap<string, Uint8Array> } | undefined;
  /** Whether browsers may use WebGPU. @default where the model has an image encoder of its own, whose work is worth it */
  webgpu?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

export interface ExportReport extends FolderReport {
  manifest: ExportManifest;
  /** Why images could not be read; such images are found, but not shown, and no search begins with them. */
  faults: string[];
}

/** Searches that show what packed weights lose. */
const sampled = 200;
/** Images that are decoded at once. */
const atOnce = 4;
const listedAtOnce = 10_000;

/** @throws LimnError USAGE, GALLERY, STORE, IO, INTERRUPTED; what an earlier export wrote still works then */
export async function exportGallery(options: ExportOptions): Promise<ExportReport> {
  const { gallery: location, out, thumbnail = 320, vectors: type = 'float16', weights: wantedWeights = 'float16' } = options;
  const store = await openStore(location);
  const model = options.model ?? (await openRememberedModel(store.info, location).catch(closing(store)));
  const embedder = new Embedder(model);
  try {
    requireSameModel(model, store.info, location);
    requireExportable(model);
    const stored: StoredItem[] = [];
    for await (const items of itemPages(store, listedAtOnce)) stored.push(...items);
    if (stored.length === 0) throw new LimnError('GALLERY', `The gallery ${location} is empty: there is nothing to export.`);
    const folder = await ExportFolder.open(out);
    const decoding = await embedder.imageSettings();
    const found = store.info.images && findFolder(store.info.images, localFolder(location));
    const files = new ImageFiles(options.images ?? found, undefined);
    const before = await itemsBefore(folder, imageSettingsId(decoding), thumbnail);
    const images = { folder, decoding, thumbnail, before, read: (place: string) => files.read(place) };
    const { items, faults } = await exportImages(stored, images, options);
    const { shards, recall, exact } = await exportVectors(store, folder, stored, type, options.signal);
    const facts = (await readFacts(store, location)) ?? (await learnFacts(store));
    const sample = await weightsSample(stored, embedder, exact, (place) => files.read(place));
    throwIfAborted(options.signal, 'exporting');
    const { graphs, weights } = await fittingGraphs(embedder, wantedWeights, sample);
    const modelFiles = await exportModel(folder, model, graphs, decoding, facts);
    const hasEncoder = model.config.image.kind !== 'patch';
    const forGpu = (options.webgpu ?? hasEncoder) ? options.webgpuFiles : undefined;
    const page: ExportedFile[] = [];
    for (const [path, bytes] of [...options.page, ...(forGpu?.page ?? [])]) page.push(await folder.putNamed(path, bytes));
    const { hash, encoder } = store.info.model;
    const manifest: ExportManifest = {
      format: exportFormat,
      name: options.name,
      count: items.length,
      model: { hash, encoder },
      gamma: store.info.gamma,
      sizes: store.info.sizes,
      vectors: { type, recall },
      weights,
      thumbnail,
      decoding: imageSettingsId(decoding),
      files: {
        columns: await folder.put('columns', 'json', Buffer.from(encodeColumns(items, hash))),
        ...modelFiles,
        runtime: await folder.put('runtime', 'wasm', options.runtime),
        ...(forGpu ? { webgpu: await folder.put('runtime-webgpu', 'wasm', forGpu.runtime) } : {}),
      },
      shards,
      page,
      images: await folder.images(),
    };
    throwIfAborted(options.signal, 'exporting');
    await folder.finish(manifest);
    return { ...folder.report, manifest, faults };
  } finally {
    await embedder.close();
    if (!options.model) await model.close();
    await store.close();
  }
}

const closing =
  (store: GalleryStore) =>
  async (error: unknown): Promise<never> => {
    await store.close();
    throw error;
  };

/** What an earlier export of the same settings wrote of images of the same content. */
async function itemsBefore(
  { path, before }: ExportFolder,
  decoding: string,
  thumbnail: number,
): Promise<(item: StoredItem) => ExportedItem | undefined> {
  if (!before || before.decoding !== decoding || before.thumbnail !== thumbnail) return () => undefined;
  const text = await readFile(join(path, before.files.columns.path), 'utf8').catch(() => undefined);
  if (text === undefined) return () => undefined;
  try {
    const columns = Columns.read(text);
    const rows = new Map(columns.ids.map((id, row) => [id, row]));
    return ({ id, content }) => {
      const row = rows.get(id);
      const known = row === undefined ? undefined : columns.item(row);
      return known?.content === content ? known : undefined;
    };
  } catch {
    // A damaged list saves no work, and the new one replaces it.
    return () => undefined;
  }
}

async function exportImages(
  stored: readonly StoredItem[],
  images: Parameters<typeof exportImage>[1],
  { signal, onProgress }: ExportOptions,
): Promise<{ items: ExportedItem[]; faults: string[] }> {
  const items: ExportedItem[] = [];
  const faults: string[] = [];
  for (let at = 0; at < stored.length; at += atOnce) {
    throwIfAborted(signal, 'exporting');
    for (const { item, fault } of await Promise.all(stored.slice(at, at + atOnce).map((one) => exportImage(one, images)))) {
      items.push(item);
      if (fault !== undefined) faults.push(fault);
    }
    onProgress?.({ stage: 'export images', done: items.length, total: stored.length });
  }
  return { items, faults };
}

/** Searches of the gallery's own images with texts that its model was trained on, or with its words. */
async function weightsSample(
  stored: readonly StoredItem[],
  embedder: Embedder,
  targets: readonly Float32Array[],
  read: (location: string) => Promise<Uint8Array>,
): Promise<WeightsSample> {
  const step = Math.max(1, Math.floor(stored.length / sampled));
  const references: DecodedImage[] = [];
  for (let at = 0; at < stored.length && references.length < sampled; at += step) {
    const { id, location } = stored[at] as StoredItem;
    const decoded = read(location).then((bytes) => embedder.decode(bytes, id));
    // Images that cannot be read were counted as such already.
    const image = await decoded.catch(() => undefined);
    if (image) references.push(image);
  }
  const { texts, vocabulary } = embedder.model.parts;
  return { references, texts: texts && texts.length > 0 ? texts : vocabulary.words, targets };
}

async function exportVectors(
  store: GalleryStore,
  folder: ExportFolder,
  stored: readonly StoredItem[],
  type: VectorType,
  signal: AbortSignal | undefined,
): Promise<Pick<ExportManifest, 'shards'> & { recall: number; exact: Float32Array[] }> {
  const { sizes } = store.info;
  const shards: ExportManifest['shards'] = [];
  const sample: { exact: Float32Array; coded: Float32Array }[] = [];
  for (let from = 0; from < stored.length; from += shardItems) {
    throwIfAborted(signal, 'exporting');
    const part = stored.slice(from, from + shardItems);
    const vectors = await store.vectors(part.map(({ id }) => id));
    const gone = part.find((_, i) => vectors[i] === undefined);
    if (gone) {
      throw new LimnError(
        'GALLERY',
        `The image ${JSON.stringify(gone.id)} was deleted while the gallery was exported. Export it again.`,
      );
    }
    const bytes = encodeShard(vectors as ItemVectors[], sizes, type);
    shards.push({ ...(await folder.put(`vectors-${shards.length}`, 'bin', bytes)), from, count: part.length });
    // The first shard is sample enough of what codes lose.
    if (from > 0) continue;
    const coded = openShard(bytes, part.length, sizes, type);
    vectors.forEach((exact, row) => {
      sample.push({ exact: (exact as ItemVectors).matching, coded: coded.vectors(row).matching });
    });
  }
  const exact = sample.map((one) => one.exact);
  const recall = recallAt10(
    exact,
    sample.map(({ coded }) => coded),
  );
  return { shards, recall, exact };
}
