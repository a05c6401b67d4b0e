/** The graphs of an export's model, with weights that take less room, and what that costs: measured on searches of the gallery itself. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packWeights, type WeightType, weightTypes } from '../../engine/graph/index.js';
import { Session } from '../../engine/runtime/session.js';
import { encodeInMemory } from '../../models/encoders/cache/feature-memory.js';
import { findWeights } from '../../models/encoders/image/description.js';
import { OnnxImageEncoder } from '../../models/encoders/image/image-encoder.js';
import { packModelFile } from '../../models/encoders/image/model-file.js';
import { methodOf } from '../../models/methods/methods.js';
import { featureSource } from '../../models/retrieval/image-features.js';
import { galleryModel, queryModel } from '../../models/retrieval/retrieval-graphs.js';
import type { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { wordSource } from '../../models/retrieval/text-source.js';
import type { DecodedImage, Embedder } from '../gallery/embedder.js';
import { type Kept, keptOfTen } from './recall.js';

/** ONNX files by the roles that the manifest gives them. */
export interface ModelGraphs {
  query: Uint8Array;
  gallery: Uint8Array;
  queryAttention?: Uint8Array | undefined;
  galleryAttention?: Uint8Array | undefined;
  encoder?: Uint8Array | undefined;
}

/** How the weights of an export's model are kept, and what searches with them find of what the model itself finds. */
export interface WeightsReport extends Kept {
  type: WeightType;
}

/** Searches that are tried with packed weights. */
export interface WeightsSample {
  references: readonly DecodedImage[];
  /** One is said with each reference, in turn. */
  texts: readonly string[];
  /** Matching vectors of images, which are searched. */
  targets: readonly Float32Array[];
}

/** How many of a thousand searches may lose the image that the model itself puts first. */
const mostLost = 5 / 1000;
/**
 * How much float16 may change a similarity of matching vectors. A score has the factors' part besides, which moves more: by this no score
 * moves by more than 0.001. To be more exact costs no room.
 */
const mostChanged = 3 / 10_000;

/** The graphs with weights of a type, or of a more exact one where searches lose more than half a point, or scores move by more than 0.001. */
export async function fittingGraphs(
  embedder: Embedder,
  wanted: WeightType,
  sample: WeightsSample,
): Promise<{ graphs: ModelGraphs; weights: WeightsReport }> {
  for (const type of weightTypes.slice(0, weightTypes.indexOf(wanted) + 1).reverse()) {
    const graphs = await modelGraphs(embedder.model, type);
    const kept = type === 'float32' ? { first: 1, ten: 1, change: 0 } : await keptBy(graphs, embedder, sample);
    if (kept.first >= 1 - mostLost && (type !== 'float16' || kept.change <= mostChanged))
      return { graphs, weights: { type, ...kept } };
  }
  throw new Error('float32 loses nothing');
}

async function modelGraphs(model: RetrievalModel, type: WeightType): Promise<ModelGraphs> {
  const { config, parts, sees, attentionGrid } = model;
  const { weights, encoder } = parts;
  const tuned = config.image.kind === 'tuned';
  const graph = async (side: 'query' | 'gallery') => {
    // With an encoder inside it, the graph is taken as it was saved.
    if (tuned) return packModelFile(join(model.folder, `${side}.onnx`), type);
    return packWeights((side === 'query' ? queryModel : galleryModel)(config, weights, 1), type);
  };
  const attention = async (side: 'query' | 'gallery') =>
    attentionGrid === undefined || (side === 'query' && !sees.image)
      ? undefined
      : packWeights(await model.attentionGraph(side), type);
  const description = config.image.kind === 'features' ? encoder.description : undefined;
  return {
    query: await graph('query'),
    gallery: await graph('gallery'),
    queryAttention: await attention('query'),
    galleryAttention: await attention('gallery'),
    encoder: description && (await packModelFile(findWeights(description.file, model.folder), type)),
  };
}

async function keptBy(graphs: ModelGraphs, embedder: Embedder, { references, texts, targets }: WeightsSample): Promise<Kept> {
  const { model } = embedder;
  const { config, sees, parts } = model;
  if (references.length === 0) return { first: 1, ten: 1, change: 0 };
  const textOf = (row: number) => texts[row % texts.length] ?? '';
  const source = await embedder.encode(references);
  const queries = references.map((_, row) => ({ image: row, text: textOf(row) }));
  const exact = await embedder.embed(source, { targets: [], queries });
  const seen = graphs.encoder ? await encodedBy(graphs.encoder, model, references) : source;
  const words = wordSource(parts.vocabulary, config.words);
  const local = methodOf(config).local(config);
  const session = await Session.open(graphs.query, { device: 'cpu', label: 'query encoder of the export' });
  try {
    const packed: Float32Array[] = [];
    for (const row of references.keys()) {
      const feeds = { ...(sees.image ? seen.feeds([row], { local }) : {}), ...(sees.text ? words.feeds([textOf(row)]) : {}) };
      packed.push((await session.run(feeds)).matching?.data as Float32Array);
    }
    return keptOfTen(
      exact.queries.map(({ matching }) => matching),
      packed,
      targets,
    );
  } finally {
    await session.close();
  }
}

/** What a packed encoder makes of images. */
async function encodedBy(bytes: Uint8Array, model: RetrievalModel, images: readonly DecodedImage[]) {
  const description = model.parts.encoder.description;
  if (!description) throw new Error('only described encoders have files');
  const folder = await mkdtemp(join(tmpdir(), 'limn-export-'));
  try {
    const file = join(folder, 'encoder.onnx');
    await writeFile(file, bytes);
    const encoder = await OnnxImageEncoder.fromWeights({ ...description, externalData: undefined }, file, { device: 'cpu' });
    try {
      const pixels = images.map(({ image }) => image);
      const names = images.map(({ name }) => name);
      return featureSource(await encodeInMemory(encoder, pixels, names), model.config.image);
    } finally {
      await encoder.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
