/** Test helpers: run a graph in this process, and compare gradients with central differences. */

import { Random } from '../../../core/random.js';
import * as ort from '../../runtime/onnxruntime.js';
import { float32, type Shape, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { encodeModel, Graph, type GraphBuilder, gradients, mul, reduceSum, type Value } from '../index.js';

export type Feeds = Record<string, Tensor>;

type Run = (feeds: Feeds) => Promise<Record<string, Tensor>>;

export function openGraph(graph: GraphBuilder, threads = 1): Promise<Run> {
  return openGraphFile(encodeModel(graph), threads);
}

export async function openGraphFile(bytes: Uint8Array, threads = 1): Promise<Run> {
  const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: threads, logSeverityLevel: 3 });
  return async (feeds) => {
    const given: Record<string, ort.Tensor> = {};
    for (const name of session.inputNames) {
      const value = feeds[name];
      if (!value) throw new Error(`no feed for ${name}`);
      given[name] = new ort.Tensor(value.dtype, value.data as never, [...value.shape]);
    }
    const results = await session.run(given);
    return Object.fromEntries(
      Object.entries(results).map(([name, value]) => [
        name,
        { dtype: value.type as never, shape: value.dims, data: value.data as never },
      ]),
    );
  };
}

export function randomTensor(random: Random, shape: Shape, low = -1, high = 1): Tensor<'float32'> {
  return float32(
    shape,
    Array.from({ length: sizeOf(shape) }, () => low + (high - low) * random.uniform()),
  );
}

/**
 * Checks the gradients of `build` (a function from values to one value of any shape) along random directions against
 * (L(x + h u) - L(x - h u)) / 2h, where L is the output's product with random weights, summed. Returns the largest error
 * relative to the size of the terms that make up each directional derivative.
 */
export async function gradientError(
  inputs: readonly Tensor<'float32'>[],
  build: (...values: Value[]) => Value,
  options: { seed?: number; step?: number } = {},
): Promise<number> {
  const random = new Random(options.seed ?? 1);
  const graph = new Graph();
  const values = inputs.map((input, i) => graph.input(`x${i}`, 'float32', input.shape));
  const y = build(...values);
  const weights = graph.input('weights', 'float32', y.shape);
  const loss = reduceSum(mul(y, weights));
  graph.output('loss', loss);
  gradients(loss, values).forEach((gradient, i) => {
    graph.output(`g${i}`, gradient);
  });
  const run = await openGraph(graph);
  const feeds: Feeds = { weights: randomTensor(random, y.shape, 0.5, 1.5) };
  inputs.forEach((input, i) => {
    feeds[`x${i}`] = input;
  });
  const analytic = await run(feeds);
  const h = options.step ?? 1e-2;
  let worst = 0;
  for (const [i, input] of inputs.entries()) {
    const direction = Float32Array.from(input.data, () => (random.uniform() < 0.5 ? -1 : 1));
    const moved = async (sign: number) => {
      const data = input.data.map((x, j) => x + sign * h * (direction[j] as number));
      const result = await run({ ...feeds, [`x${i}`]: float32(input.shape, data) });
      return result.loss?.data[0] as number;
    };
    const numeric = ((await moved(1)) - (await moved(-1))) / (2 * h);
    const gradient = analytic[`g${i}`]?.data as Float32Array;
    if (gradient.length !== input.data.length)
      throw new Error(`gradient ${i} has ${gradient.length} elements, not ${input.data.length}`);
    let dot = 0;
    let size = 0;
    gradient.forEach((g, j) => {
      dot += g * (direction[j] as number);
      size += Math.abs(g);
    });
    worst = Math.max(worst, Math.abs(dot - numeric) / Math.max(size, 1e-3));
  }
  return worst;
}
