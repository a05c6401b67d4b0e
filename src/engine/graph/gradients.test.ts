/** Every gradient rule against central finite differences, on random shapes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../core/random.js';
import { float32, int64, type Shape, sizeOf } from '../tensor/tensor.js';
import * as f from './index.js';
import { Float, Graph, gradients, knownOperators, type Value } from './index.js';
import { gradientError, openGraph, randomTensor } from './testing/evaluate.js';

const extent = fc.integer({ min: 1, max: 4 });
const shape = fc.array(extent, { minLength: 1, maxLength: 4 });
/** Two shapes that broadcast: the second loses leading axes and has some extents set to 1. */
const broadcastable = shape.chain((full) =>
  fc
    .tuple(
      fc.constant(full),
      fc.integer({ min: 0, max: full.length - 1 }),
      fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    )
    .map(([a, cut, ones]) => ({
      a,
      b: a.slice(cut).map((x, i) => (ones[i] ? 1 : x)),
    })),
);

interface Case {
  shapes: Shape[];
  low?: number;
  high?: number;
  step?: number;
  build: (...values: Value[]) => Value;
}

const one = (build: (x: Value) => Value, low = -1.5, high = 1.5) => shape.map((s): Case => ({ shapes: [s], low, high, build }));
const two = (build: (a: Value, b: Value) => Value, low = -1.5, high = 1.5) =>
  fc
    .tuple(broadcastable, fc.boolean())
    .map(([{ a, b }, swap]): Case => ({ shapes: swap ? [b, a] : [a, b], low, high, build: build as Case['build'] }));
const add1 = (type: string, inputs: (Value | undefined)[], attributes = {}) =>
  (inputs[0] as Value).graph.add1(type, inputs, attributes);

/** 0, 1, 2, ... along the last axis, so that no row is constant and no two neighbours are equal. */
const ramp = (x: Value, length: number) =>
  f.cast(
    f.indices(
      x,
      [length],
      Array.from({ length }, (_, i) => i),
    ),
    'float32',
  );

const matrices = fc.tuple(extent, extent, extent, extent, fc.boolean(), fc.boolean(), fc.integer({ min: 0, max: 2 }));
const images = fc.record({
  n: fc.integer({ min: 1, max: 2 }),
  c: fc.integer({ min: 1, max: 2 }),
  o: fc.integer({ min: 1, max: 2 }),
  groups: fc.integer({ min: 1, max: 2 }),
  size: fc.integer({ min: 5, max: 6 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 2 }),
  pad: fc.integer({ min: 0, max: 1 }),
  dilation: fc.integer({ min: 1, max: 2 }),
});

const cases: Record<string, fc.Arbitrary<Case>> = {
  Identity: one(f.identity),
  Neg: one(f.neg),
  Exp: one(f.exp),
  Log: one(f.log, 0.5, 2),
  Sqrt: one(f.sqrt, 0.5, 2),
  Reciprocal: one(f.reciprocal, 0.5, 2),
  Tanh: one(f.tanh),
  Sigmoid: one(f.sigmoid),
  Relu: one((x) => f.relu(f.mul(x, x)), 0.2, 1),
  Abs: one(f.abs, -2, -0.1),
  Sin: one(f.sin),
  Cos: one(f.cos),
  Erf: one(f.erf),
  Gelu: one(f.gelu),
  QuickGelu: one(f.quickGelu),
  Dropout: one((x) => add1('Dropout', [x])),
  // On both sides of the bends, and far enough from them.
  HardSwish: fc
    .constantFrom([-5, -3.2], [-2.8, 2.8], [3.2, 5])
    .chain(([low, high]) => one((x) => add1('HardSwish', [x]), low, high)),
  HardSigmoid: fc
    .constantFrom([-9, -3], [-1.5, 1.2], [2, 9])
    .chain(([low, high]) => one((x) => add1('HardSigmoid', [x], { alpha: new Float(0.3), beta: new Float(0.5) }), low, high)),
  Clip: fc
    .tuple(fc.constantFrom([-9, -1.2], [-0.8, 1.8], [2.2, 9]), fc.boolean(), fc.boolean())
    .chain(([[low, high], above, below]) =>
      one(
        (x) => {
          const bound = (value: number) => x.graph.constant(float32([], [value]));
          return f.add(add1('Clip', [x, above ? bound(-1) : undefined, below ? bound(2) : undefined]), f.mul(x, 0.1));
        },
        low,
        high,
      ),
    ),
  Add: two(f.add),
  Sub: two(f.sub),
  Mul: two(f.mul),
  Div: two(f.div, 0.5, 2),
  Pow: two((a, b) => f.pow(f.mul(a, 0.5), f.mul(b, 0.5)), 1.2, 3),
  Min: two((a, b) => f.minimum(f.mul(a, 3), f.add(b, 5)), 0.5, 1.5),
  Max: two((a, b) => f.maximum(f.mul(a, 3), f.add(b, 5)), 0.5, 1.5),
  Where: two((a, b) =>
    f.where(
      f.less(f.indices(a, [1], [1]), f.indices(a, [2], [0, 5])),
      f.unsqueeze(a, [a.shape.length]),
      f.unsqueeze(b, [b.shape.length]),
    ),
  ),
  Cast: one((x) => f.cast(f.mul(x, x), 'float32')),
  MatMul: matrices.map(
    ([n, k, m, b]): Case => ({
      shapes: [
        [b, n, k],
        [k, m],
      ],
      build: (x, y) => f.matmul(x as Value, y as Value),
    }),
  ),
  FusedMatMul: matrices.map(([n, k, m, b, transA, transB, ranks]): Case => {
    const left = transA ? [k, n] : [n, k];
    const right = transB ? [m, k] : [k, m];
    return {
      shapes: [ranks === 2 ? [2, b, ...left] : ranks === 1 ? [b, ...left] : left, ranks === 0 ? right : [b, ...right]],
      build: (x, y) => f.matmul(x as Value, y as Value, { transA, transB, alpha: 0.5 }),
    };
  }),
  Gemm: matrices.map(
    ([n, k, m, , transA, transB]): Case => ({
      shapes: [transA ? [k, n] : [n, k], transB ? [m, k] : [k, m], [m]],
      build: (x, y, z) =>
        add1('Gemm', [x, y, z], { transA: Number(transA), transB: Number(transB), alpha: new Float(0.7), beta: new Float(1.3) }),
    }),
  ),
  Softmax: fc
    .tuple(shape, fc.nat(3))
    .map(([s, axis]): Case => ({ shapes: [s], build: (x) => f.softmax(x as Value, axis % s.length) })),
  LogSoftmax: fc
    .tuple(shape, fc.nat(3))
    .map(([s, axis]): Case => ({ shapes: [s], build: (x) => f.logSoftmax(x as Value, axis % s.length) })),
  LayerNormalization: fc.tuple(extent, extent, fc.integer({ min: 3, max: 6 })).map(
    ([a, b, d]): Case => ({
      shapes: [[a, b, d], [d], [d]],
      low: -2,
      high: 2,
      step: 2e-3,
      build: (x, s, z) => f.layerNormalization(f.add(x as Value, ramp(x as Value, d)), s as Value, z),
    }),
  ),
  BatchNormalization: fc.tuple(extent, extent, extent).map(
    ([n, c, h]): Case => ({
      shapes: [[n, c, h, h], [c], [c]],
      build: (x, s, b) =>
        add1('BatchNormalization', [x, s, b, f.filled(x as Value, [c], 0.2), f.filled(x as Value, [c], 0.8)], {
          epsilon: new Float(1e-5),
        }),
    }),
  ),
  ReduceSum: fc.tuple(shape, fc.nat(3), fc.boolean()).map(
    ([s, axis, keepDims]): Case => ({
      shapes: [s],
      build: (x) => f.reduceSum(x as Value, [axis % s.length], { keepDims }),
    }),
  ),
  ReduceMean: fc.tuple(shape, fc.nat(3), fc.boolean()).map(
    ([s, axis, keepDims]): Case => ({
      shapes: [s],
      build: (x) => f.reduceMean(f.mul(x as Value, x as Value), [axis % s.length], { keepDims }),
    }),
  ),
  ReduceMax: fc.tuple(extent, extent).map(
    ([a, b]): Case => ({
      shapes: [[a, b]],
      low: 0,
      high: 0.1,
      step: 1e-3,
      build: (x) => f.reduceMax(f.add(x as Value, ramp(x as Value, b)), [1]),
    }),
  ),
  ReduceMin: fc.tuple(extent, extent).map(
    ([a, b]): Case => ({
      shapes: [[a, b]],
      low: 0,
      high: 0.1,
      step: 1e-3,
      build: (x) => add1('ReduceMin', [f.add(x as Value, ramp(x as Value, b)), f.indices(x as Value, [1], [1])]),
    }),
  ),
  Pad: fc.tuple(shape, fc.nat(2), fc.nat(2)).map(
    ([s, before, after]): Case => ({
      shapes: [s],
      build: (x) => {
        const pads = [...s.map(() => before), ...s.map((_, i) => (i === 0 ? after : 0))];
        const padded = add1('Pad', [x, f.indices(x as Value, [pads.length], pads)]);
        return f.mul(padded, padded);
      },
    }),
  ),
  Trilu: fc.tuple(extent, extent, extent, fc.integer({ min: -1, max: 1 }), fc.boolean()).map(
    ([a, b, c, k, upper]): Case => ({
      shapes: [[a, b, c]],
      build: (x) => add1('Trilu', [x, f.indices(x as Value, [], [k])], { upper: Number(upper) }),
    }),
  ),
  Reshape: shape.map((s): Case => ({ shapes: [s], build: (x) => f.reshape(f.mul(x as Value, x as Value), [1, -1]) })),
  Unsqueeze: one((x) => f.unsqueeze(x, [0, -1])),
  Squeeze: shape.map((s): Case => ({ shapes: [[1, ...s]], build: (x) => f.squeeze(x as Value, [0]) })),
  Flatten: fc
    .tuple(shape, fc.nat(4))
    .map(([s, axis]): Case => ({ shapes: [s], build: (x) => add1('Flatten', [x], { axis: axis % (s.length + 1) }) })),
  Transpose: shape.map(
    (s): Case => ({
      shapes: [s],
      build: (x) =>
        f.transpose(
          x as Value,
          s.map((_, i) => (i + 1) % s.length),
        ),
    }),
  ),
  Expand: shape.map((s): Case => ({ shapes: [[...s.slice(0, -1), 1]], build: (x) => f.expand(x as Value, [2, ...s]) })),
  Concat: fc.tuple(shape, fc.nat(3)).map(([s, at]): Case => {
    const axis = at % s.length;
    return {
      shapes: [s, s.map((x, i) => (i === axis ? x + 1 : x))],
      build: (a, b) => f.concat([a as Value, b as Value, a as Value], axis),
    };
  }),
  Split: fc.tuple(shape, fc.nat(3)).map(([s, at]): Case => {
    const axis = at % s.length;
    const sizes = [1, s[axis] as number];
    return {
      shapes: [s.map((x, i) => (i === axis ? x + 1 : x))],
      build: (x) => {
        const [first, second] = f.split(x as Value, sizes, axis);
        return f.mul(first as Value, f.reduceSum(second as Value));
      },
    };
  }),
  Slice: fc.tuple(shape, fc.nat(3)).map(([s, at]): Case => {
    const axis = at % s.length;
    return { shapes: [s.map((x, i) => (i === axis ? x + 2 : x))], build: (x) => f.slice(x as Value, axis, 1, -1) };
  }),
  // Negative indices count from the end.
  Gather: fc
    .tuple(shape, fc.nat(3), fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 5 }))
    .map(([s, at, rows]): Case => {
      const axis = at % s.length;
      return {
        shapes: [s],
        build: (x) =>
          f.gather(
            x as Value,
            f.indices(
              x as Value,
              [1, rows.length],
              rows.map((row) => row % (s[axis] as number)),
            ),
            axis,
          ),
      };
    }),
  ScatterElements: fc.tuple(extent, extent, fc.array(fc.nat(3), { minLength: 1, maxLength: 5 })).map(
    ([n, d, rows]): Case => ({
      shapes: [
        [n, d],
        [rows.length, d],
      ],
      build: (x, u) =>
        f.scatterAdd(
          x as Value,
          f.indices(
            x as Value,
            [rows.length],
            rows.map((row) => row % n),
          ),
          u as Value,
        ),
    }),
  ),
  Conv: images.map(
    ({ n, c, o, groups, size, kernel, stride, pad, dilation }): Case => ({
      shapes: [[n, c * groups, size, size + 1], [o * groups, c, kernel, Math.min(kernel, 2)], [o * groups]],
      build: (x, w, b) =>
        f.conv(x as Value, w as Value, b, { strides: [stride, 1], pads: [pad, 0, pad, 1], dilations: [dilation, 1], groups }),
    }),
  ),
  MaxPool: images.map(
    ({ n, c, size, stride }): Case => ({
      shapes: [[n, c, size, size]],
      low: 0,
      high: 0.4,
      step: 1e-3,
      build: (x) => {
        // Steps between neighbours keep the maxima where they are while x is moved.
        const steps = f.add(ramp(x as Value, size), f.mul(f.reshape(ramp(x as Value, size), [size, 1]), 0.37));
        return add1('MaxPool', [f.add(f.mul(x as Value, 0.2), f.mul(steps, 1.5))], {
          kernel_shape: [2, 2],
          strides: [stride, stride],
        });
      },
    }),
  ),
  AveragePool: images.map(
    ({ n, c, size, stride, pad, kernel }): Case => ({
      shapes: [[n, c, size, size]],
      build: (x) =>
        add1('AveragePool', [x], {
          kernel_shape: [kernel, 2],
          strides: [stride, 1],
          pads: [Math.min(pad, kernel - 1), 0, 0, Math.min(pad, 1)],
          count_include_pad: pad,
        }),
    }),
  ),
  GlobalAveragePool: images.map(
    ({ n, c, size }): Case => ({ shapes: [[n, c, size, size]], build: (x) => f.globalAveragePool(x as Value) }),
  ),
};

describe('gradients against central differences', () => {
  for (const [name, arbitrary] of Object.entries(cases)) {
    test(name, async () => {
      await fc.assert(
        fc.asyncProperty(
          arbitrary,
          fc.integer({ min: 1, max: 1_000_000 }),
          async ({ shapes, low = -1, high = 1, step, build }, seed) => {
            const random = new Random(seed);
            const inputs = shapes.map((s) => randomTensor(random, s, low, high));
            const error = await gradientError(inputs, build, { seed, ...(step === undefined ? {} : { step }) });
            expect(error).toBeLessThan(5e-3);
          },
        ),
        { numRuns: 12 },
      );
    });
  }

  test('every operator with a gradient rule is checked here', () => {
    const differentiable = knownOperators().filter((operator) => operator.differentiable);
    // Steps have none; the others are compared with differences as operators of files, in import/rules.test.ts.
    const elsewhere =
      'Acos Acosh Asin Asinh Atan Atanh Ceil ConvTranspose Cosh CumSum Floor GatherElements Mod ReduceL1 ReduceL2 ReduceProd Round ' +
      'ScatterND Sign Sinh Softplus Tan';
    const missing = differentiable.map(({ name }) => name).filter((name) => !(name in cases));
    expect(missing).toEqual(elsewhere.split(' '));
  });
});

describe('gradients', () => {
  test.each([
    [10, 'a one-hot product'],
    [4000, 'a scatter'],
  ])('by a table of %i rows add up exactly on several threads (%s)', async (size) => {
    const count = 4000;
    const graph = new Graph();
    const table = graph.input('table', 'float32', [size, 64]);
    const at = graph.input('at', 'int64', [count]);
    const [byTable] = gradients(f.reduceSum(f.gather(table, at)), [table]) as [Value];
    graph.output('byTable', byTable);
    const run = await openGraph(graph, 2);
    const places = Array.from({ length: count }, (_, i) => i % 10);
    for (let repeat = 0; repeat < 10; repeat++) {
      const result = await run({ table: float32([size, 64], new Float32Array(size * 64)), at: int64([count], places) });
      const sums = result.byTable?.data as Float32Array;
      expect(sums.every((sum, i) => sum === (i < 10 * 64 ? count / 10 : 0))).toBe(true);
    }
  });

  test.each([
    [[5, 20, 3], [3]],
    [
      [64, 4],
      [1, 4],
    ],
    [
      [2, 100, 3, 2],
      [1, 3, 2],
    ],
    [[63, 4], [4]],
    [[100, 1], [1]],
  ])('of a value repeated from %j to %j are sums over all rows', async (full, repeated) => {
    const graph = new Graph();
    const factor = graph.input('factor', 'float32', full);
    const bias = graph.input('bias', 'float32', repeated);
    const [byBias] = gradients(f.reduceSum(f.mul(f.add(factor, bias), factor)), [bias]) as [Value];
    graph.output('byBias', byBias);
    const run = await openGraph(graph);
    const random = new Random(1);
    const columns = sizeOf(repeated);
    const numbers = Float32Array.from({ length: sizeOf(full) }, () => random.normal());
    const result = await run({ factor: float32(full, numbers), bias: float32(repeated, new Float32Array(columns)) });
    const sums = new Float64Array(columns);
    for (const [i, value] of numbers.entries()) sums[i % columns] = (sums[i % columns] as number) + value;
    const found = result.byBias?.data as Float32Array;
    for (const [i, sum] of sums.entries()) expect(found[i]).toBeCloseTo(sum, 4);
  });

  test('of a value used twice add up, and of an unused one are zero', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2]);
    const unused = graph.input('unused', 'float32', [3]);
    const [byX, byUnused] = gradients(f.reduceSum(f.add(f.mul(x, x), x)), [x, unused]) as [Value, Value];
    graph.output('byX', byX);
    graph.output('byUnused', byUnused);
    const run = await openGraph(graph);
    const result = await run({ x: float32([2], [3, -1]), unused: float32([3], [1, 1, 1]) });
    expect(Array.from(result.byX?.data as Float32Array)).toEqual([7, -1]);
    expect(Array.from(result.byUnused?.data as Float32Array)).toEqual([0, 0, 0]);
  });

  test('through an operator without a rule are an error that names it', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2]);
    const y = f.cast(f.argMax(x), 'float32');
    expect(() => gradients(f.reduceSum(y), [x])).not.toThrow();
    const rounded = graph.addTyped('Unheard', [x], {}, [{ dtype: 'float32', shape: [2] }])[0] as Value;
    expect(() => gradients(f.reduceSum(rounded), [x])).toThrow('limn does not support the ONNX operator Unheard');
    const bits = graph.addTyped('BitwiseNot', [x], {}, [{ dtype: 'float32', shape: [2] }])[0] as Value;
    expect(() => gradients(f.reduceSum(bits), [x])).toThrow('The ONNX operator BitwiseNot has no gradient rule');
  });

  test('need a scalar loss', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2]);
    expect(() => gradients(x, [x])).toThrow('The loss must be one float32 number, but x is float32[2].');
  });
});

describe('with activations computed again', () => {
  /** Three layers with a mask that all of them share, a branch that skips one, and a head after the last cut. */
  function build(cutAt: number[]) {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [5, 6]);
    const mask = f.exp(graph.input('mask', 'float32', [6]));
    const weights = [0, 1, 2].map((i) => graph.input(`w${i}`, 'float32', [6, 6]));
    const layers = [x];
    for (const weight of weights) {
      const below = layers.at(-1) as Value;
      layers.push(f.add(f.mul(f.tanh(f.matmul(below, weight)), mask), below));
    }
    const head = f.layerNormalization(layers[3] as Value, graph.input('scale', 'float32', [6]));
    const loss = f.reduceMean(f.mul(head, f.sigmoid(f.add(head, layers[1] as Value))));
    const by = [x, ...weights];
    const cuts = cutAt.map((i) => layers[i] as Value);
    const before = graph.nodes.length;
    const found = gradients(loss, by, { gradientCheckpointing: cuts });
    const tanhs = graph.nodes.slice(before).filter(({ type }) => type === 'Tanh').length;
    found.forEach((gradient, i) => {
      graph.output(`g${i}`, gradient);
    });
    return { graph, tanhs };
  }

  test.each([
    [[1, 2, 3], 3],
    [[2], 2],
    [[3], 3],
  ])('between the cuts %j, gradients are the same to the bit', async (cuts, computedAgain) => {
    const random = new Random(9);
    const feeds = {
      x: randomTensor(random, [5, 6]),
      mask: randomTensor(random, [6]),
      scale: randomTensor(random, [6], 0.5, 1.5),
    };
    const weights = Object.fromEntries([0, 1, 2].map((i) => [`w${i}`, randomTensor(random, [6, 6])]));
    const [kept, again] = [build([]), build(cuts)];
    expect([kept.tanhs, again.tanhs]).toEqual([0, computedAgain]);
    const expected = await (await openGraph(kept.graph))({ ...feeds, ...weights });
    const actual = await (await openGraph(again.graph))({ ...feeds, ...weights });
    for (const name of ['g0', 'g1', 'g2', 'g3']) expect(actual[name]?.data, name).toEqual(expected[name]?.data);
  });

  test('a cut that the loss does not depend on changes nothing', () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2]);
    const aside = f.exp(x);
    const loss = f.reduceSum(f.tanh(x));
    const before = graph.nodes.length;
    gradients(loss, [x], { gradientCheckpointing: [aside] });
    expect(graph.nodes.slice(before).some(({ type }) => type === 'Exp' || type === 'Tanh')).toBe(false);
  });
});

describe('a shape mistake names the operator and both shapes', () => {
  const graph = new Graph();
  const a = graph.input('a', 'float32', [2, 3]);
  const b = graph.input('b', 'float32', [4, 5]);
  test.each<[string, () => unknown, string]>([
    [
      'Add',
      () => f.add(a, b),
      'Add(a: float32[2,3], b: float32[4,5]): shapes [2,3] and [4,5] do not broadcast: 2 against 4 at axis 0.',
    ],
    ['MatMul', () => f.matmul(a, b), 'MatMul(a: float32[2,3], b: float32[4,5]): the inner extents differ: 3 against 4.'],
    [
      'Concat',
      () => f.concat([a, b], 0),
      'Concat(a: float32[2,3], b: float32[4,5]): input 1 differs from the first outside axis 0.',
    ],
    ['Reshape', () => f.reshape(a, [4]), '6 elements cannot take the shape [4].'],
    ['Softmax', () => f.softmax(a, 2), 'axis 2 does not exist in a tensor of rank 2.'],
    ['Nope', () => graph.add('Nope', [a]), 'limn does not support the ONNX operator Nope'],
  ])('%s', (_name, mistake, message) => {
    expect(mistake).toThrow(message);
  });
});
