/** The limn side of fine-tune.ts. */

import type { EncoderDescription } from 'limn';
import { crossEntropy, f, type OptimizerOptions, Random, trainingModel } from 'limn/engine';
import { splice } from '#limn/models/backbone/trainable.js';
import { openTrainable } from '#limn/models/retrieval/trainable-files.js';
import { drawFloats, rowsOf } from '../lib/drawn-features.js';
import { givenOptions } from './options.js';
import { optimizerFor, type TrainOptions, trainWhenAsked } from './train-when-asked.js';

export interface FineTuneOptions extends TrainOptions {
  batch: number;
  /** Side of an image in pixels. */
  image: number;
  projection: number;
  /** Images that batches are drawn from. */
  images: number;
  optimizer: OptimizerOptions;
  tower: { description: EncoderDescription; weights: string };
}

const options = givenOptions<FineTuneOptions>();
const { batch, image, projection, images, optimizer } = options;
const { description, weights } = options.tower;
const { input, outputs } = description;
const random = new Random(1);
const encoder = await openTrainable(description, weights, 0);
const oneHot = drawFloats([batch, batch], (i) => (i % (batch + 1) === 0 ? 1 : 0));
const graph = trainingModel({
  inputs: {
    pixels: { dtype: 'float32', shape: [batch, 3, image, image] },
    texts: { dtype: 'float32', shape: [batch, projection] },
  },
  trace: (context, { pixels, texts }) => {
    const { [outputs.global]: embedded } = splice(context, {}, encoder, { [input]: pixels! }, [outputs.global]);
    const logits = f.matmul(f.l2Normalize(embedded!), f.l2Normalize(texts!), { transB: true, alpha: 20 });
    return { loss: crossEntropy(logits, context.graph.constant(oneHot)) };
  },
  optimizer,
  random,
  optimizerIn: optimizerFor(options),
});
const tables = {
  pixels: drawFloats([images, 3, image, image], () => random.normal()),
  texts: drawFloats([images, projection], () => random.normal()),
};

/** Images and the texts that go with them. */
function feeds() {
  const rows = Array.from({ length: batch }, () => random.below(images));
  return Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, rowsOf(table, rows)]));
}

await trainWhenAsked(graph, feeds, { random, options });
