/** One side of indexing.mjs: a step does all pictures. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { answerSteps } from './answer-steps.mjs';

const { side, model: modelFolder, images, files, threads, store, folder } = JSON.parse(process.argv[2]);
const { RetrievalModel } = await import('../dist/models/retrieval/retrieval-model.js');
const model = await RetrievalModel.open(modelFolder);

/** `limn index` of a new gallery, without the start of the program and the opening of the model. */
async function indexing() {
  const { Gallery } = await import('../dist/search/gallery/gallery.js');
  const out = join(folder, 'gallery');
  return async () => {
    const gallery = await Gallery.create({ model, images, files, out: `${store}:${out}` });
    if (gallery.report.added !== files.length) throw new Error(`${gallery.report.added} pictures were indexed`);
    await gallery.close();
    await rm(out, { recursive: true });
  };
}

/** Both graphs on tensors of eight pictures, one after the other, with all threads. */
async function encoder() {
  const ort = await import('onnxruntime-node');
  const { findWeights } = await import('../dist/models/encoders/image/description.js');
  const { galleryModel } = await import('../dist/models/retrieval/retrieval-graphs.js');
  const { description } = model.parts.encoder;
  const batch = 8;
  const { size, input, outputs, layout } = description;
  const open = (graph) => ort.InferenceSession.create(graph, { intraOpNumThreads: threads, graphOptimizationLevel: 'all' });
  const first = await open(findWeights(description.file, modelFolder));
  const second = await open(galleryModel(model.config, model.parts.weights, batch));
  const { tokens, channels, globalChannels, colourChannels } = model.config.image;
  const tensor = (type, dims) => {
    const length = dims.reduce((product, extent) => product * extent, 1);
    // 0.5 in each form.
    return new ort.Tensor(
      type,
      type === 'float16' ? new Uint16Array(length).fill(0x3800) : new Float32Array(length).fill(0.5),
      dims,
    );
  };
  const pixels = { [input]: tensor('float32', layout === 'NCHW' ? [batch, 3, size, size] : [batch, size, size, 3]) };
  const features = {
    local: tensor('float16', [batch, tokens, channels + colourChannels]),
    global: tensor('float16', [batch, globalChannels + colourChannels]),
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
  const { decodeImage } = await import('../dist/models/encoders/image/image.js');
  const { size, resampling, fit, shorterSide } = model.parts.encoder.description;
  return async () => {
    let next = 0;
    const work = async () => {
      while (next < files.length) await decodeImage(join(images, files[next++]), { size, resampling, fit, shorterSide });
    };
    await Promise.all(Array.from({ length: 16 }, work));
  };
}

await answerSteps({}, await { indexing, encoder, decoder }[side]());
process.exit();
