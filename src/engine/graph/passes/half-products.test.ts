/** Products in float16 against sums of numbers that were rounded one by one. */
import { describe, expect, it, test } from 'vitest';
import { relativeError } from '../../../../test/fixtures/fixture.js';
import { Random } from '../../../core/random.js';
import { trainingModel } from '../../nn/training.js';
import { Session } from '../../runtime/session.js';
import { fromFloat16, toFloat16 } from '../../tensor/float16.js';
import { float32, type Tensor } from '../../tensor/tensor.js';
import * as f from '../functions.js';
import { Float, Graph, optimized, type Value } from '../index.js';
import { openGraph, randomTensor } from '../testing/evaluate.js';
import type { Products } from './half-products.js';

const half = (values: ArrayLike<number>) => fromFloat16(toFloat16(values));
const random = new Random(5);
const feeds = { a: randomTensor(random, [3, 4]), b: randomTensor(random, [2, 4]), c: randomTensor(random, [2]) };

/** round(round(a) round(b)^T), (3, 2). */
function plain(): Float32Array {
  const [a, b] = [half(feeds.a.data), half(feeds.b.data)];
  const sums = Array.from({ length: 6 }, (_, at) => {
    const [row, column] = [Math.floor(at / 2), at % 2];
    return [0, 1, 2, 3].reduce((sum, i) => sum + (a[row * 4 + i] as number) * (b[column * 4 + i] as number), 0);
  });
  return half(sums);
}

function graphOf(build: (a: Value, b: Value, c: Value) => Value): Graph {
  const graph = new Graph();
  graph.output(
    'y',
    build(graph.input('a', 'float32', [3, 4]), graph.input('b', 'float32', [2, 4]), graph.input('c', 'float32', [2])),
  );
  return graph;
}

const cases: Record<
  string,
  [build: (a: Value, b: Value, c: Value) => Value, expected: (product: number, column: number) => number]
> = {
  'a product': [(a, b) => f.matmul(a, f.transpose(b, [1, 0])), (product) => product],
  'a product with a factor that float16 has no room for': [
    (a, b) => f.matmul(a, b, { transB: true, alpha: 1e6 }),
    (product) => product * 1e6,
  ],
  'a sum with a row': [
    (a, b, c) => f.add(f.matmul(a, b, { transB: true }), c),
    (product, column) => product + (feeds.c.data[column] as number),
  ],
  'Gemm with factors': [
    (a, b, c) => a.graph.add1('Gemm', [a, b, c], { transB: 1, alpha: new Float(3), beta: new Float(0.5) }),
    (product, column) => 3 * product + 0.5 * (feeds.c.data[column] as number),
  ],
};

describe('matrix products in float16', () => {
  it.each(Object.entries(cases))('%s', async (_, [build, expected]) => {
    const wanted = float32(
      [3, 2],
      Float32Array.from(plain(), (product, at) => expected(product, at % 2)),
    );
    const emulated = optimized(graphOf(build), undefined, 'emulated float16').graph;
    const { y } = await (await openGraph(emulated))(feeds);
    // But for the last bit of a product that is nearly halfway between two numbers of float16.
    expect(relativeError(y, wanted)).toBeLessThan(2 ** -11);
    const { y: inFull } = await (await openGraph(graphOf(build)))(feeds);
    expect(relativeError(y, inFull as Tensor)).toBeGreaterThan(2 ** -16);

    const { graph } = optimized(graphOf(build), undefined, 'float16');
    const products = graph.nodes.filter(({ type }) => ['MatMul', 'FusedMatMul', 'Gemm'].includes(type));
    expect(products.map(({ inputs, outputs }) => [...inputs, ...outputs].map((value) => value?.dtype))).toEqual([
      ['float16', 'float16', 'float16'],
    ]);
    // ONNX Runtime has no such product on the CPU, and takes one in float32.
    expect(relativeError((await (await openGraph(graph))(feeds)).y, wanted)).toBeLessThan(2 ** -9);
  });
});

test('a training keeps gradients that float16 could not hold', async () => {
  const small = 1e-4;
  const gradients = async (products: Products) => {
    const { model, update, initialState } = trainingModel({
      inputs: { x: { dtype: 'float32', shape: [4, 3] } },
      trace: (context, { x }) => {
        const y = f.matmul(
          x!,
          context.parameter('w', [3, 2], () => new Float32Array(6).fill(0.5)),
        );
        // The gradient of y is 1e-8, less than the smallest number of float16, 6e-8.
        return { loss: f.mul(f.reduceSum(y, [0, 1]), small * small) };
      },
      optimizer: { learningRate: 0, totalSteps: 1, clipNorm: 0, weightDecay: 0 },
      random: new Random(1),
      optimizerIn: 'runtime',
      products,
    });
    const session = await Session.open(model, { device: 'cpu', threads: 1, update });
    await session.setResident(initialState);
    const { gradientNorm } = await session.run({ x: float32([4, 3], new Float32Array(12).fill(1)) });
    await session.close();
    return gradientNorm?.data[0] as number;
  };
  const exact = await gradients('float32');
  expect(exact).toBeGreaterThan(0);
  expect(Math.abs((await gradients('emulated float16')) / exact - 1)).toBeLessThan(1e-2);
});
