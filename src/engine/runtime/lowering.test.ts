/** Lowered models against themselves, on the CPU. */
import { fromBinary } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { Random } from '../../core/random.js';
import * as f from '../graph/functions.js';
import { encodeModel, Graph } from '../graph/index.js';
import { type GraphProto, ModelProtoSchema } from '../graph/proto/onnx_pb.js';
import { openGraphFile, randomTensor } from '../graph/testing/evaluate.js';
import type { Tensor } from '../tensor/tensor.js';
import { lowered } from './lowering.js';

/** Operators of a graph and of the bodies in it. */
function operators(graph: GraphProto | undefined): string[] {
  return (graph?.node ?? []).flatMap(({ opType, attribute }) => [
    opType,
    ...attribute.flatMap(({ g }) => (g ? operators(g) : [])),
  ]);
}

async function expectSame(graph: Graph, feeds: Record<string, Tensor>): Promise<string[]> {
  const bytes = encodeModel(graph);
  const { bytes: other } = lowered(bytes);
  const [before, after] = [await openGraphFile(bytes), await openGraphFile(other)];
  const [expected, actual] = [await before(feeds), await after(feeds)];
  for (const [name, { shape, data }] of Object.entries(expected)) {
    expect(actual[name]?.shape).toEqual(shape);
    Array.from(data as Float32Array).forEach((value, i) => {
      expect(Math.abs((actual[name]?.data[i] as number) - value), name).toBeLessThan(1e-5);
    });
  }
  return operators(fromBinary(ModelProtoSchema, other).graph);
}

const random = new Random(1);

it('writes transposed products of any rank, and log-softmax, in other operators', async () => {
  const graph = new Graph();
  const a = graph.input('a', 'float32', [2, 3, 4]);
  const b = graph.input('b', 'float32', [2, 3, 5]);
  const weight = graph.input('weight', 'float32', [6, 5]);
  const product = f.matmul(a, b, { transA: true, alpha: 0.25 });
  graph.output('twice', f.matmul(product, weight, { transB: true }));
  const table = f.reshape(product, [8, 5]);
  graph.output('flat', f.matmul(table, weight, { transB: true, alpha: 2 }));
  const turned = f.reshape(product, [5, 8]);
  graph.output('both', f.logSoftmax(f.matmul(table, turned, { transA: false, transB: false, alpha: 3 })));
  graph.output('middle', f.logSoftmax(f.mul(product, 100), 1));
  const feeds = {
    a: randomTensor(random, [2, 3, 4]),
    b: randomTensor(random, [2, 3, 5]),
    weight: randomTensor(random, [6, 5]),
  };
  const types = await expectSame(graph, feeds);
  expect(types).not.toContain('FusedMatMul');
  expect(types).not.toContain('LogSoftmax');
  expect(types).toContain('Gemm');
});

it('reaches into the branches of an If, which read values from outside', async () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [2, 3, 4]);
  const outside = f.exp(x);
  const condition = f.greater(f.reduceSum(x), 0);
  const gram = (sign: number) => () => [f.matmul(f.identity(outside), outside, { transB: true, alpha: sign })];
  graph.output('y', f.ifElse(condition, [x], gram(1), gram(-1))[0] as never);
  for (const sign of [1, -1]) {
    const types = await expectSame(graph, { x: randomTensor(random, [2, 3, 4], Math.min(0, sign), Math.max(0, sign)) });
    expect(types).toContain('If');
    expect(types).not.toContain('FusedMatMul');
  }
});

it('leaves alone what it cannot know, and models without such operators', () => {
  const graph = new Graph();
  graph.output('y', f.neg(graph.input('x', 'float32', [2])));
  const { bytes, float16Nodes } = lowered(encodeModel(graph));
  expect(bytes).toEqual(encodeModel(graph));
  expect(float16Nodes).toEqual([]);
});

it('names the nodes that read float16, up to where it is widened', () => {
  const graph = new Graph();
  const table = graph.input('table', 'float16', [4, 2]);
  const rows = f.gather(table, graph.input('rows', 'int64', [3]));
  graph.output('y', f.neg(f.cast(rows, 'float32')));
  const { bytes, float16Nodes } = lowered(encodeModel(graph));
  const nodes = fromBinary(ModelProtoSchema, bytes).graph?.node ?? [];
  expect(float16Nodes).toHaveLength(2);
  expect(nodes.filter(({ name }) => float16Nodes.includes(name)).map(({ opType }) => opType)).toEqual(['Gather', 'Cast']);
});
