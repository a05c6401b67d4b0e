/** A model as files that a browser runs: its graphs, its encoder of images, its vocabulary. */
import { LimnError } from '../../core/errors.js';
import { bytesOf } from '../../engine/tensor/tensor.js';
import type { ImageSettings } from '../../models/encoders/image/image.js';
import { methodOf } from '../../models/methods/methods.js';
import { averageImage } from '../../models/retrieval/average-image.js';
import type { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import type { GalleryFacts } from '../gallery/explain/facts.js';
import type { ExportFolder } from './export-folder.js';
import type { BrowserModel, DataFiles, ExportedFile } from './format.js';
import type { ModelGraphs } from './model-weights.js';

/** @throws LimnError USAGE for a model that browsers cannot run */
export function requireExportable({ config, parts }: RetrievalModel): void {
  const refuse = (what: string) =>
    new LimnError('USAGE', `The model ${what}, which a browser cannot run: serve the gallery with "limn serve".`);
  if (config.image.kind === 'captions') throw refuse('reads captions in place of images');
  if (parts.encoder.definition !== undefined) throw refuse('has an image encoder of a plug-in');
  if (config.text.kind !== 'words') throw refuse('reads texts with an encoder from the Hub');
}

/** Writes the files of a model. @param decoding how its images are decoded */
export async function exportModel(
  folder: ExportFolder,
  model: RetrievalModel,
  graphs: ModelGraphs,
  decoding: ImageSettings,
  facts: GalleryFacts,
): Promise<Omit<DataFiles, 'columns' | 'runtime' | 'webgpu'>> {
  const { config, parts, sees, attentionGrid } = model;
  const { weights, encoder, vocabulary, texts } = parts;
  const local = methodOf(config).local(config);
  const described: BrowserModel = {
    format: 'limn-browser-model-1',
    hash: model.hash,
    sees,
    local,
    attentionGrid,
    image: config.image,
    text: config.text,
    words: config.words,
    decoding,
    encoder: encoder.description,
    vocabulary: vocabulary.toJSON(),
    average: Object.entries(averageImage(config, weights).feeds([0], { local })).map(([name, input]) => ({
      name,
      dtype: input.dtype as 'float16' | 'float32',
      shape: [...input.shape],
      data: Buffer.from(bytesOf(input)).toString('base64'),
    })),
    texts,
    ...facts,
  };
  const put = (role: string, bytes: Uint8Array | undefined): Promise<ExportedFile | undefined> =>
    bytes ? folder.put(role, 'onnx', bytes) : Promise.resolve(undefined);
  const { query, gallery, queryAttention, galleryAttention } = graphs;
  const encoderFile = await put('encoder', graphs.encoder);
  return {
    model: await folder.put('model', 'json', Buffer.from(JSON.stringify(described))),
    query: await folder.put('query', 'onnx', query),
    gallery: await folder.put('gallery', 'onnx', gallery),
    queryAttention: await put('query-attention', queryAttention),
    galleryAttention: await put('gallery-attention', galleryAttention),
    ...(encoderFile ? { encoder: encoderFile } : {}),
  };
}
