/** One side of indexing.ts: a step does all images. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RetrievalModel } from '#limn/models/retrieval/retrieval-model.js';
import { answerSteps } from './answer-steps.js';
import { givenOptions } from './options.js';

export interface IndexingSideOptions {
  side: 'indexing' | 'encoder' | 'decoder';
  /** A model's folder, and one of images with the paths in it. */
  model: string;
  images: string;
  files: string[];
  threads: number;
  store: string;
  /** Where galleries may be made. */
  folder: string;
}

const { side, model: modelFolder, images, files, threads, store, folder } = givenOptions<IndexingSideOptions>();
// Peak memory is told, so that each side loads what it measures and no more.
const model = await RetrievalModel.open(modelFolder);

/** `limn index` of a new gallery, without the start of the program and the opening of the model. */
async function indexing() {
  const { Gallery } = await import('#limn/search/gallery/gallery.js');
  const out = join(folder, 'gallery');
  return async () => {
    const gallery = await Gallery.create({ model, images, files, out: `${store}:${out}` });
    if (gallery.report?.added !== files.length) throw new Error(`${gallery.report?.added} images were indexed`);
    await gallery.close();
    await rm(out, { recursive: true });
  };
}

/** Both graphs on tensors of eight images, one after the other, with all threads. */
async function encoder() {
  const ort = await import('onnxruntime-node');
  const { findWeights } = await import('#limn/models/encoders/image/description.js');
  const { galleryModel } = await import('#limn/models/retrieval/retrieval-graphs.js');
  const { description } = model.parts.encoder;
  const { image } = model.config;
  if (!description || image.kind !== 'features') throw new Error('the model has no frozen encoder');
  const batch = 8;
  const { size, input, outputs, layout } = description;
  const settings = { intraOpNumThreads: threads, graphOptimizationLevel: 'all' } as const;
  const first = await ort.InferenceSession.create(findWeights(description.file, modelFolder), settings);
  const second = await ort.InferenceSession.create(galleryModel(model.config, model.parts.weights, batch), settings);
  const { tokens, channels, globalChannels, colourChannels } = image;
  const lengthOf = (dims: readonly number[]) => dims.reduce((product, extent) => product * extent, 1);
  // 0.5 in each form.
  const floats = (dims: number[]) => new ort.Tensor('float32', new Float32Array(lengthOf(dims)).fill(0.5), dims);
  const halves = (dims: number[]) => new ort.Tensor('float16', new Uint16Array(lengthOf(dims)).fill(0x3800), dims);
  const pixels = { [input]: floats(layout === 'NCHW' ? [batch, 3, size, size] : [batch, size, size, 3]) };
  const features = {
    local: halves([batch, tokens, channels + colourChannels]),
    global: halves([batch, globalChannels + colourChannels]),
  };
  return async () => {
    for (let done = 0; done < files.length; done += batch) {
      await first.run(pixels, [outputs.local, outputs.global]);
      await second.run(features);
    }
  };
}

/** Files to pixels, so many at once as indexing reads ahead. */
async function decoder() {
  const { decodeImage } = await import('#limn/models/encoders/image/image.js');
  const { size, resampling, fit, shorterSide } = model.parts.encoder.description!;
  return async () => {
    let next = 0;
    const work = async () => {
      while (next < files.length) await decodeImage(join(images, files[next++]!), { size, resampling, fit, shorterSide });
    };
    await Promise.all(Array.from({ length: 16 }, work));
  };
}

await answerSteps({}, await { indexing, encoder, decoder }[side]());
process.exit();
