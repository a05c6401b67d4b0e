import { fromBinary } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { Session } from '../../runtime/session.js';
import { float32 } from '../../tensor/tensor.js';
import * as f from '../functions.js';
import { encodeModel, Graph } from '../index.js';
import { ModelProtoSchema } from '../proto/onnx_pb.js';

it('writes nodes that no other reads behind the others, the last first, and changes no value', async () => {
  const graph = new Graph();
  const x = graph.input('x', 'float32', [3]);
  const condition = graph.input('condition', 'bool', []);
  const [early, inside] = [f.tanh(x), f.exp(x)];
  graph.output('first', f.neg(early));
  // What only a body reads is read.
  const [chosen] = f.ifElse(
    condition,
    [inside],
    ([value]) => [f.mul(value!, 2)],
    ([value]) => [f.mul(value!, 3)],
  );
  graph.output('second', chosen!);
  graph.output('third', f.sigmoid(early));
  const outputsOf = (bytes: Uint8Array) => fromBinary(ModelProtoSchema, bytes).graph?.node.map(({ output }) => output[0]);
  const [plain, ordered] = [encodeModel(graph), encodeModel(graph, { leavesFromLast: true })];
  const names = [early.name, inside.name];
  expect(outputsOf(plain)).toEqual([...names, 'first', 'second', 'third']);
  expect(outputsOf(ordered)).toEqual([...names, 'third', 'second', 'first']);
  const feeds = { x: float32([3], [0.5, -1, 2]), condition: { dtype: 'bool', shape: [], data: Uint8Array.of(1) } as const };
  const results = [];
  for (const bytes of [plain, ordered]) {
    const session = await Session.open(bytes, { threads: 1 });
    results.push(await session.run(feeds));
    await session.close();
  }
  expect(results[1]).toEqual(results[0]);
});
