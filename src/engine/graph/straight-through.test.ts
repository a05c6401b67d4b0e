/** A choice that is trained through the numbers that it was made by. */
import { expect, test } from 'vitest';
import { float32, type Tensor } from '../tensor/tensor.js';
import * as f from './index.js';
import { Graph, gradients, type Value } from './index.js';
import { openGraph } from './testing/evaluate.js';

/** The gradient of sum(factor * made(hard, soft)) by soft, where hard is 1 for the soft numbers over a half. */
async function gradientOf(made: (hard: Value, soft: Value) => Value): Promise<number[]> {
  const graph = new Graph();
  const soft = graph.input('soft', 'float32', [3]);
  const hard = f.cast(f.greater(soft, 0.5), 'float32');
  const [gradient] = gradients(f.reduceSum(f.mul(made(hard, soft), graph.constant(float32([3], [2, 3, 5])))), [soft]);
  graph.output('gradient', gradient as Value);
  const run = await openGraph(graph);
  const { gradient: found } = await run({ soft: float32([3], [0.2, 0.7, 0.9]) });
  return [...((found as Tensor).data as Float32Array)];
}

test.each<[string, (hard: Value, soft: Value) => Value]>([
  ['hard - soft + soft', (hard, soft) => f.add(f.sub(hard, soft), soft)],
  ['soft + (hard - soft)', (hard, soft) => f.add(soft, f.sub(hard, soft))],
])('%s has the gradient of soft', async (_, made) => {
  expect(await gradientOf(made)).toEqual([2, 3, 5]);
});

test.each<[string, (hard: Value, soft: Value) => Value, number[]]>([
  ['a difference that is read elsewhere too', (hard, soft) => both(f.sub(hard, soft), soft), [-2, -3, -5]],
  ['a sum of other values', (hard, soft) => f.add(f.sub(hard, soft), f.mul(soft, 2)), [2, 3, 5]],
  ['a difference the other way round', (hard, soft) => f.add(f.sub(soft, hard), soft), [4, 6, 10]],
])('%s is differentiated as it stands', async (_, made, expected) => {
  expect(await gradientOf(made)).toEqual(expected);
});

function both(difference: Value, soft: Value): Value {
  return f.add(f.add(difference, soft), difference);
}
