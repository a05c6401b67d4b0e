/** Graphs written anew against themselves as they were: fewer nodes, the same numbers. */
import { describe, expect, it, test } from 'vitest';
import { relativeError } from '../../../../test/fixtures/fixture.js';
import { Random } from '../../../core/random.js';
import { float32, int64, type Shape, type Tensor, tensor } from '../../tensor/tensor.js';
import * as f from '../functions.js';
import { Graph, gradients, optimized, type Value } from '../index.js';
import { type Feeds, openGraph, randomTensor } from '../testing/evaluate.js';

/** Operators of a graph, in order. */
const types = (graph: { nodes: readonly { type: string }[] }) => graph.nodes.map(({ type }) => type);

type Build = (...values: Value[]) => readonly Value[];

/** Runs a graph as it was and as it is written anew; returns the operators of the latter. */
async function compare(shapes: readonly Shape[], build: Build, tolerance = 1e-6): Promise<string[]> {
  const graph = new Graph();
  const inputs = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape));
  build(...inputs).forEach((value, i) => {
    graph.output(`y${i}`, value);
  });
  const random = new Random(2);
  const feeds = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, randomTensor(random, shape)]));
  const { graph: simpler } = optimized(graph);
  await expectSame(graph, simpler, feeds, tolerance);
  return types(simpler);
}

async function expectSame(before: Graph, after: Graph, feeds: Feeds, tolerance = 1e-6): Promise<void> {
  const [expected, actual] = [await (await openGraph(before))(feeds), await (await openGraph(after))(feeds)];
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) {
    expect(actual[name]?.shape, name).toEqual(value.shape);
    expect(relativeError(actual[name], value), name).toBeLessThan(tolerance);
  }
}

type Case = readonly [shapes: readonly Shape[], build: Build, expected: readonly string[]];

const sequence: Shape = [2, 3, 4];
const cases: Record<string, Case> = {
  'leaves out what no output needs': [[[4]], (x) => [f.exp(x!), f.log(x!)].slice(0, 1), ['Exp']],
  'joins equal nodes, also where their inputs become equal': [
    [[4]],
    (x) => [f.mul(f.exp(f.neg(x!)), f.exp(f.neg(x!)))],
    ['Neg', 'Exp', 'Mul'],
  ],
  'does not join nodes that differ in an attribute or their order': [
    [
      [4, 4],
      [4, 4],
    ],
    (a, b) => [f.matmul(a!, b!), f.matmul(a!, b!, { transB: true }), f.matmul(b!, a!)],
    ['MatMul', 'FusedMatMul', 'MatMul'],
  ],
  'makes one Reshape of a chain': [[[2, 6]], (x) => [f.unsqueeze(f.reshape(f.reshape(x!, [3, 4]), [12]), [0])], ['Reshape']],
  'makes none of one that ends where it began': [[[2, 6]], (x) => [f.neg(f.reshape(f.reshape(x!, [3, 4]), [2, 6]))], ['Neg']],
  'multiplies numbers beforehand': [[[4]], (x) => [f.mul(f.neg(f.mul(f.mul(x!, 3), 0.5)), 4)], ['Mul']],
  'leaves numbers apart whose product is next to nothing': [[[4]], (x) => [f.mul(f.mul(x!, 1e-20), 1e-15)], ['Mul', 'Mul']],
  'keeps what is read a second time': [
    [[4]],
    (x) => {
      const twice = f.mul(x!, 2);
      return [f.mul(twice, 3), f.exp(twice)];
    },
    ['Mul', 'Mul', 'Exp'],
  ],
  'puts a number into a product': [
    [
      [3, 4],
      [4, 3],
    ],
    (a, b) => [f.mul(f.matmul(a!, b!), 0.25)],
    ['FusedMatMul'],
  ],
  'puts a number into a product behind a mask': [
    [
      [3, 4],
      [4, 3],
      [3, 3],
    ],
    (a, b, mask) => [f.mul(f.mul(f.matmul(a!, b!), mask!), 0.25)],
    ['FusedMatMul', 'Mul'],
  ],
  'adds numbers of one sign beforehand': [[[4]], (x) => [f.add(f.add(x!, 1), 2)], ['Add']],
  'leaves numbers of two signs apart': [[[4]], (x) => [f.add(f.add(x!, 1e9), -1e9)], ['Add', 'Add']],
  'subtracts what is negated': [[[4], [4]], (a, b) => [f.add(a!, f.neg(b!)), f.sub(a!, f.neg(f.exp(b!)))], ['Sub', 'Exp', 'Add']],
  'repeats nothing that an operator repeats': [
    [
      [1, 4],
      [3, 4],
    ],
    (a, b) => [f.mul(f.expand(a!, [3, 4]), b!)],
    ['Mul'],
  ],
  'repeats what nothing else gives its shape': [
    [[1, 4]],
    (a) => [f.mul(f.expand(a!, [3, 4]), f.expand(f.exp(a!), [3, 4]))],
    ['Expand', 'Exp', 'Expand', 'Mul'],
  ],
  'takes a linear layer and what follows it by rows': [
    [sequence, [4, 5], [5], [5, 2]],
    (x, w, b, v) => [f.matmul(f.gelu(f.add(f.matmul(x!, w!), b!)), v!)],
    ['Reshape', 'Gemm', 'Gelu', 'MatMul', 'Reshape'],
  ],
  'takes norms by rows': [
    [sequence, [4], [4], [4, 2]],
    (x, scale, bias, w) => [f.matmul(f.layerNormalization(x!, scale!, bias!), w!)],
    ['Reshape', 'LayerNormalization', 'MatMul', 'Reshape'],
  ],
  'takes reductions and softmax of rows by rows': [
    [sequence, [4, 4]],
    (x, w) => {
      const y = f.matmul(x!, w!);
      return [f.softmax(f.sub(y, f.reduceMean(y, [2], { keepDims: true })))];
    },
    ['Reshape', 'MatMul', 'ReduceMean', 'Sub', 'Softmax', 'Reshape'],
  ],
  'leaves a factor for each item where it is': [
    [sequence, [4, 4], [2, 1, 4]],
    (x, w, mask) => [f.mul(f.matmul(x!, w!), mask!)],
    ['Reshape', 'MatMul', 'Reshape', 'Mul'],
  ],
  'does not take for rows what changes the last axis': [
    [sequence, [4, 4]],
    (x, w) => [f.exp(f.reshape(f.matmul(x!, w!), [2, 6, 2]))],
    ['Reshape', 'MatMul', 'Reshape', 'Exp'],
  ],
  'adds up products in Gemm': [
    [
      [3, 4],
      [4, 5],
      [3, 2],
      [5, 2],
    ],
    (a, b, c, d) => [f.add(f.matmul(a!, b!, { alpha: 0.5 }), f.matmul(c!, d!, { transB: true }))],
    ['FusedMatMul', 'Gemm'],
  ],
  'adds a row in Gemm, and a column as it was': [
    [[3, 4], [4, 5], [5], [3, 1]],
    (a, b, row, column) => [f.add(row!, f.matmul(a!, b!)), f.add(f.matmul(f.exp(a!), b!), column!)],
    ['Exp', 'MatMul', 'Gemm', 'Add'],
  ],
  'joins what was cut without a node, and cuts what was joined': [
    [
      [2, 3],
      [4, 3],
    ],
    (a, b) => {
      const [one, two] = f.split(f.exp(b!), [1, 3], 0);
      const [three, four] = f.split(f.concat([a!, one!], 0), [2, 1], 0);
      return [f.neg(f.concat([one!, two!], 0)), f.mul(three!, 2), f.log(four!)];
    },
    ['Exp', 'Split', 'Neg', 'Mul', 'Log'],
  ],
  'joins and cuts in another order, or along another axis': [
    [[4, 4]],
    (a) => {
      const parts = f.split(f.exp(a!), [2, 2], 0);
      const [left, right] = f.split(f.concat(parts, 1), [2, 6], 1);
      return [f.concat([...parts].reverse(), 0), left!, right!];
    },
    ['Exp', 'Split', 'Concat', 'Concat', 'Split'],
  ],
  'gathers at once what is joined': [
    [[5, 2]],
    (table) => {
      const at = (...rows: number[]) => f.identity(f.indices(table!, [rows.length], rows));
      return [f.exp(f.concat([f.gather(table!, at(4, 0)), f.gather(table!, at(1))], 0))];
    },
    ['Identity', 'Identity', 'Concat', 'Gather', 'Exp'],
  ],
  'adds before it gives a shape': [
    [
      [1, 4],
      [1, 4],
    ],
    (a, b) => [f.add(f.reshape(f.exp(a!), [4]), f.reshape(f.neg(b!), [4]))],
    ['Exp', 'Sub', 'Reshape'],
  ],
};

describe('writing a graph anew', () => {
  test.each(Object.entries(cases))('%s', async (_, [shapes, build, expected]) => {
    expect((await compare(shapes, build)).sort()).toEqual([...expected].sort());
  });

  it('keeps the gradients of layers, with fewer nodes', async () => {
    const graph = new Graph();
    const shapes: Shape[] = [sequence, [4, 6], [6], [6, 4], [4], [4]];
    const [x, w, b, v, scale, bias] = shapes.map((shape, i) => graph.input(`x${i}`, 'float32', shape)) as Value[];
    const layer = (value: Value) => {
      const normal = f.layerNormalization(value, scale!, bias!);
      return f.add(value, f.matmul(f.gelu(f.add(f.matmul(normal, w!), b!)), v!));
    };
    const y = f.l2Normalize(layer(layer(x!)));
    const loss = f.reduceSum(f.mul(y, f.filled(y, [4], 0.5)));
    for (const [i, gradient] of gradients(loss, [x!, w!, b!, v!, scale!, bias!]).entries()) graph.output(`g${i}`, gradient);
    const { graph: simpler } = optimized(graph);
    const random = new Random(7);
    await expectSame(graph, simpler, Object.fromEntries(shapes.map((shape, i) => [`x${i}`, randomTensor(random, shape)])), 1e-5);
    expect(simpler.nodes.length).toBeLessThan(0.85 * graph.nodes.length);
  });

  it('keeps the names of inputs and outputs, and says where values have gone', async () => {
    const graph = new Graph('named');
    const [x, unread] = [graph.input('given', 'float32', [2]), graph.input('unread', 'float32', [2])];
    const y = f.mul(f.mul(x, 2), 3);
    graph.output('taken', y);
    graph.output('again', x);
    const { graph: simpler, of } = optimized(graph);
    expect(simpler.inputs.map(({ name }) => name)).toEqual(['given', 'unread']);
    expect(simpler.outputs.map(({ name }) => name)).toEqual(['taken', 'again']);
    expect([of(x), of(unread), of(y)]).toEqual([simpler.inputs[0], simpler.inputs[1], simpler.outputs[0]?.value]);
    await expectSame(graph, simpler, { given: float32([2], [1, 2]), unread: float32([2], [0, 0]) });
  });

  it.each([true, false])('goes into bodies, which read what is outside (%s)', async (yes) => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2, 3, 4]);
    const w = graph.input('w', 'float32', [4, 4]);
    const outside = f.reshape(f.matmul(x, w), [6, 4]);
    const branch = (factor: number) => (values: Value[]) => [
      f.mul(f.mul(f.add(values[0] as Value, outside), factor), 2),
      outside,
    ];
    const condition = graph.input('condition', 'bool', []);
    f.ifElse(condition, [outside], branch(3), branch(4)).forEach((value, i) => {
      graph.output(`y${i}`, f.exp(f.mul(value, 0.1)));
    });
    const { graph: simpler } = optimized(graph);
    const bodies = simpler.nodes.flatMap(({ attributes }) => Object.values(attributes).filter((each) => each instanceof Graph));
    expect(bodies.map((body) => types(body).filter((type) => type === 'Mul').length)).toEqual([1, 1]);
    const random = new Random(3);
    const feeds: Record<string, Tensor> = { x: randomTensor(random, [2, 3, 4]), w: randomTensor(random, [4, 4]) };
    await expectSame(graph, simpler, { ...feeds, condition: tensor('bool', [], Uint8Array.of(Number(yes))) });
  });

  it('leaves words alone', async () => {
    const graph = new Graph();
    const ids = graph.input('ids', 'int64', [2, 3]);
    graph.output('y', f.reshape(f.reshape(f.mul(f.neg(ids), f.neg(ids)), [3, 2]), [6]));
    const { graph: simpler } = optimized(graph);
    await expect((await openGraph(simpler))({ ids: int64([2, 3], [1, 2, 3, 4, 5, 6]) })).resolves.toMatchObject({
      y: { data: BigInt64Array.from([1, 4, 9, 16, 25, 36], BigInt) },
    });
  });

  it('does not compute with numbers what may be missing', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [3]);
    graph.output('y', f.mul(f.mul(f.log(x), 0), 2));
    const { y } = await (await openGraph(optimized(graph).graph))({ x: float32([3], [1, -1, 0]) });
    expect(Array.from(y?.data as Float32Array).map((value) => Number.isNaN(value))).toEqual([false, true, true]);
  });
});

test('inputs can be computed from others', async () => {
  const graph = new Graph();
  const [a, b, both] = (['a', 'b', 'both'] as const).map((name) => graph.input(name, 'float32', name === 'both' ? [4] : [2])) as [
    Value,
    Value,
    Value,
  ];
  graph.output('y', f.sub(a, f.mul(b, 2)));
  graph.output('next', f.add(both, 1));
  const { graph: simpler, of } = optimized(graph, {
    inputs: new Set([a, b]),
    compute: (named) => new Map([a, b].map((value, i) => [value, f.split(named('both'), [2, 2], 0)[i] as Value])),
  });
  expect(simpler.inputs.map(({ name }) => name)).toEqual(['both']);
  expect(types(simpler).filter((type) => type === 'Split')).toHaveLength(1);
  expect(of(both).name).toBe('both');
  const { y } = await (await openGraph(simpler))({ both: float32([4], [1, 2, 3, 4]) });
  expect(Array.from(y?.data as Float32Array)).toEqual([-5, -6]);
});
