/** The limn side of fine-tune.mjs. */
import { Random } from '../dist/core/random.js';
import * as f from '../dist/engine/graph/index.js';
import { crossEntropy } from '../dist/engine/nn/losses.js';
import { trainingModel } from '../dist/engine/nn/training.js';
import { splice } from '../dist/models/backbone/trainable.js';
import { openTrainable } from '../dist/models/retrieval/trainable-files.js';
import { drawFloats, rowsOf } from './drawn-features.mjs';
import { optimizerFor, trainWhenAsked } from './limn-training.mjs';

const options = JSON.parse(process.argv[2]);
const { batch, image, projection, images, optimizer } = options;
const { description, weights } = options.tower;
const { input, outputs } = description;
const random = new Random(1);
const encoder = await openTrainable(description, weights, 0);
const oneHot = drawFloats([batch, batch], (_, i) => (i % (batch + 1) === 0 ? 1 : 0));
const graph = trainingModel({
  inputs: {
    pixels: { dtype: 'float32', shape: [batch, 3, image, image] },
    texts: { dtype: 'float32', shape: [batch, projection] },
  },
  trace: (context, { pixels, texts }) => {
    const { [outputs.global]: embedded } = splice(context, {}, encoder, { [input]: pixels }, [outputs.global]);
    const logits = f.matmul(f.l2Normalize(embedded), f.l2Normalize(texts), { transB: true, alpha: 20 });
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

/** Pictures and the texts that go with them. */
function feeds() {
  const rows = Array.from({ length: batch }, () => random.below(images));
  return Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, rowsOf(table, rows)]));
}

await trainWhenAsked(graph, feeds, { random, options });
