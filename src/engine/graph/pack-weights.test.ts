/** Packed files against the same files as they were, both run by ONNX Runtime. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { Random } from '../../core/random.js';
import { Session } from '../runtime/session.js';
import { fromFloat16, toFloat16 } from '../tensor/float16.js';
import { float32 } from '../tensor/tensor.js';
import * as f from './functions.js';
import { encodeModel, Graph, packWeights, type WeightType } from './index.js';
import { ModelProtoSchema, StringStringEntryProtoSchema } from './proto/onnx_pb.js';

const random = new Random(5);
const drawn = (length: number, scale = 1) => Float32Array.from({ length }, () => scale * random.normal());
const weights = float32([40, 60], drawn(2400));
const [small, wide] = [float32([60], drawn(60)), float32([60, 30], drawn(1800))];
wide.data[7] = 1e6;
const input = float32([1, 40], drawn(40));

/** (input * weights + small) * wide, where `wide` has a number that binary16 lacks. */
function file(): Uint8Array {
  const graph = new Graph('test');
  const hidden = f.add(f.matmul(graph.input('x', 'float32', [1, 40]), graph.constant(weights)), graph.constant(small));
  graph.output('hidden', hidden);
  graph.output('y', f.matmul(hidden, graph.constant(wide)));
  return encodeModel(graph);
}

async function outputs(bytes: Uint8Array) {
  const session = await Session.open(bytes, { threads: 1 });
  const { hidden, y } = await session.run({ x: input });
  await session.close();
  return { hidden: hidden?.data as Float32Array, y: y?.data as Float32Array };
}

/** The product that rounded weights give. */
function plain(rounded: Float32Array): Float32Array {
  return Float32Array.from({ length: 60 }, (_, column) => {
    let sum = small.data[column] as number;
    for (let row = 0; row < 40; row++) sum += (input.data[row] as number) * (rounded[row * 60 + column] as number);
    return sum;
  });
}

it('computes with the rounded weights, and leaves out of it what is small or has no binary16', async () => {
  const packed = packWeights(file(), 'float16');
  expect(packed.length).toBeLessThan(file().length - 2 * 2400 + 500);
  const { hidden } = await outputs(packed);
  const right = plain(fromFloat16(toFloat16(weights.data)));
  for (const [i, value] of right.entries()) expect(hidden[i]).toBeCloseTo(value, 4);
  const names = fromBinary(ModelProtoSchema, packed).graph?.initializer.map(({ dataType, dims }) => `${dataType} ${dims}`);
  expect(names?.sort()).toEqual(['1 60', '1 60,30', '10 40,60']);
});

it.each([
  ['int8', 127],
  ['int16', 32767],
] as const)('keeps %s within half a step of each row or column', async (type, steps) => {
  const { hidden } = await outputs(packWeights(file(), type));
  const right = plain(weights.data);
  const most = Math.max(...weights.data.map(Math.abs));
  const bound = (input.data.reduce((sum, value) => sum + Math.abs(value), 0) * most) / (2 * steps);
  for (const [i, value] of right.entries()) expect(Math.abs((hidden[i] as number) - value)).toBeLessThan(bound);
  expect([...hidden]).not.toEqual([...right]);
});

it.each(['float32', 'float16', 'int8'] satisfies WeightType[])('takes weights from beside the file into %s', async (type) => {
  const model = fromBinary(ModelProtoSchema, file());
  const beside = new Map<string, Uint8Array>();
  for (const tensor of model.graph?.initializer ?? []) {
    beside.set(tensor.name, tensor.rawData);
    tensor.rawData = new Uint8Array(0);
    tensor.dataLocation = 1;
    tensor.externalData = [create(StringStringEntryProtoSchema, { key: 'location', value: tensor.name })];
  }
  const whole = packWeights(toBinary(ModelProtoSchema, model), type, (name) => beside.get(name) as Uint8Array);
  const [found, right] = [await outputs(whole), await outputs(packWeights(file(), type))];
  expect([...found.hidden]).toEqual([...right.hidden]);
  expect(() => packWeights(toBinary(ModelProtoSchema, model), type)).toThrow(/only the model was given/);
});
