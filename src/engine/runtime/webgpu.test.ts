/** WebGPU against the CPU: every operator that limn knows, tensors that stay on the device, and how a process with a GPU ends. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { Random } from '../../core/random.js';
import * as f from '../graph/functions.js';
import { type Attributes, encodeModel, Graph, knownOperators, type Value } from '../graph/index.js';
import { randomTensor } from '../graph/testing/evaluate.js';
import { float32, int64, type Shape, scalar, sizeOf, type Tensor, tensor } from '../tensor/tensor.js';
import { vulkanName } from './adapter.js';
import { Session } from './session.js';
import { missingGpu } from './testing/gpu.js';

const missing = await missingGpu();
const random = new Random(1);
const numbers = (shape: Shape, low = -1, high = 1) => randomTensor(random, shape, low, high);
const integers = (shape: Shape, below: number) =>
  int64(
    shape,
    Array.from({ length: sizeOf(shape) }, () => random.below(below)),
  );
const bools = (shape: Shape) =>
  tensor(
    'bool',
    shape,
    Uint8Array.from({ length: sizeOf(shape) }, () => random.below(2)),
  );
/** 1, 2, -1 and 0. */
const halves = (shape: Shape) => tensor('float16', shape, Uint16Array.of(0x3c00, 0x4000, 0xbc00, 0));

type Build = (...values: Value[]) => Value;
type Case = readonly [inputs: readonly Tensor[], build: Build, tolerance?: number];

/** An operator without a function of its own, which only imported models use. */
const op =
  (type: string, attributes: Attributes = {}): Build =>
  (...values) =>
    (values[0] as Value).graph.add1(type, values, attributes);
const int = (like: Value, ...values: number[]) => like.graph.constant(int64([values.length], values));

const x = numbers([2, 3, 4]);
const y = numbers([2, 3, 4]);
const positive = numbers([2, 3, 4], 0.2, 2);
const image = numbers([1, 4, 6, 6]);
const window = { kernel_shape: [2, 2], strides: [2, 2] };

const unary = { abs: f.abs, cos: f.cos, erf: f.erf, exp: f.exp, gelu: f.gelu, identity: f.identity, neg: f.neg } as const;
const moreUnary = { quickGelu: f.quickGelu, relu: f.relu, sigmoid: f.sigmoid, sin: f.sin, tanh: f.tanh } as const;
const binary = { add: f.add, div: f.div, maximum: f.maximum, minimum: f.minimum, mul: f.mul, sub: f.sub } as const;
/** WGSL lets sine and cosine be off by 2^-11, and SwiftShader's are off by 2e-4. */
const loose = 2 ** -11;

const cases: Record<string, Case> = {
  ...Object.fromEntries(
    Object.entries({ ...unary, ...moreUnary }).map(([name, build]) => [
      name,
      [[x], build, name === 'sin' || name === 'cos' ? loose : undefined],
    ]),
  ),
  ...Object.fromEntries(Object.entries(binary).map(([name, build]) => [name, [[x, positive], build]])),
  log: [[positive], f.log],
  sqrt: [[positive], f.sqrt],
  reciprocal: [[positive], f.reciprocal],
  pow: [[positive, numbers([4])], f.pow],
  'comparisons of numbers': [
    [x, y],
    (a, b) => f.where(f.less(a, b), f.cast(f.greater(a, 0), 'float32'), f.cast(f.equal(a, b), 'float32')),
  ],
  'comparisons of words': [
    [integers([3, 4], 3), integers([3, 4], 3)],
    (a, b) => f.cast(f.and(f.not(f.less(a, b)), f.equal(a, b)), 'float32'),
  ],
  'sums of words': [[integers([3], 5), integers([3], 5)], f.add],
  where: [[bools([3, 4]), numbers([3, 4])], (condition, a) => f.where(condition, a, 0)],
  'words as numbers': [[integers([4], 9)], (a) => f.cast(a, 'float32')],
  'numbers as words': [[numbers([4], 0, 9)], (a) => f.cast(a, 'int64')],
  'float16 as float32': [[halves([4])], (a) => f.cast(a, 'float32')],
  'rows of float16': [[halves([4, 1]), integers([3], 4)], (a, rows) => f.cast(f.gather(a, rows), 'float32')],
  matmul: [[numbers([2, 3, 4]), numbers([4, 5])], (a, b) => f.matmul(a, b)],
  'matmul, transposed and scaled': [[numbers([4, 3]), numbers([4, 5])], (a, b) => f.matmul(a, b, { transA: true, alpha: 0.5 })],
  'matmul of computed stacks': [
    [numbers([2, 2, 3, 4]), numbers([2, 2, 5, 4])],
    (a, b) => f.matmul(f.neg(a), b, { transB: true, alpha: 0.5 }),
  ],
  softmax: [[x], (a) => f.softmax(a, 1)],
  'softmax of the last axis': [[x], (a) => f.softmax(a)],
  logSoftmax: [[numbers([2, 3, 4], -30, 30)], (a) => f.logSoftmax(a, 1)],
  layerNormalization: [[x, numbers([4]), numbers([4])], (a, scale, bias) => f.layerNormalization(a, scale, bias)],
  'layerNormalization without bias': [[x, numbers([4])], (a, scale) => f.layerNormalization(a, scale)],
  'reduceSum of all': [[x], (a) => f.reduceSum(a)],
  'reduceSum, axis kept': [[x], (a) => f.reduceSum(a, [1], { keepDims: true })],
  reduceMean: [[x], (a) => f.reduceMean(a, [0, 2])],
  reduceMax: [[x], (a) => f.reduceMax(a, [2])],
  reshape: [[x], (a) => f.reshape(f.neg(a), [6, 4])],
  transpose: [[x], (a) => f.transpose(a, [2, 0, 1])],
  concat: [[x, y], (a, b) => f.concat([a, b], 1)],
  slice: [[x], (a) => f.slice(a, 1, 1, 3)],
  split: [[x], (a) => f.split(a, [1, 2], 1)[1] as Value],
  gather: [[numbers([7, 4]), integers([2, 3], 7)], (table, rows) => f.gather(table, rows)],
  'gather of columns': [[numbers([2, 7]), integers([3], 7)], (table, rows) => f.gather(table, rows, 1)],
  scatterAdd: [[numbers([5, 3]), int64([4], [1, 0, 1, 1]), numbers([4, 3])], f.scatterAdd],
  scatterND: [[numbers([5, 3]), int64([2, 1], [3, 0]), numbers([2, 3])], f.scatterND],
  argMax: [[x], f.argMax],
  expand: [[numbers([2, 1, 4])], (a) => f.expand(a, [2, 3, 4])],
  'unsqueeze and squeeze': [[x], (a) => f.squeeze(f.neg(f.unsqueeze(a, [1])), [1])],
  conv: [[image, numbers([3, 4, 3, 3]), numbers([3])], (a, w, b) => f.conv(a, w, b, { strides: [2, 2], pads: [1, 1, 1, 1] })],
  'conv of single channels': [[image, numbers([4, 1, 3, 3])], (a, w) => f.conv(a, w, undefined, { groups: 4 })],
  globalAveragePool: [[image], f.globalAveragePool],
  ifElse: [
    [bools([]), x],
    (condition, a) =>
      f.ifElse(
        condition,
        [a],
        ([v]) => [f.mul(v as Value, 2)],
        ([v]) => [f.neg(v as Value)],
      )[0] as Value,
  ],
  AveragePool: [[image], op('AveragePool', window)],
  BatchNormalization: [
    [image, numbers([4]), numbers([4]), numbers([4]), numbers([4], 0.5, 2)],
    (...values) => (values[0] as Value).graph.add('BatchNormalization', values)[0] as Value,
  ],
  'Ceil and Floor': [[x], (a) => f.sub(op('Ceil')(f.mul(a, 5)), op('Floor')(a))],
  Clip: [[x, scalar(-0.5), scalar(0.5)], op('Clip')],
  ConvTranspose: [[image, numbers([4, 2, 2, 2])], op('ConvTranspose', window)],
  Dropout: [[x], op('Dropout')],
  Flatten: [[x], op('Flatten', { axis: 1 })],
  GatherElements: [[numbers([4, 3]), integers([2, 3], 4)], op('GatherElements', { axis: 0 })],
  Gemm: [[numbers([4, 3]), numbers([4, 5]), numbers([5])], op('Gemm', { transA: 1 })],
  'GreaterOrEqual, LessOrEqual and Or': [
    [x, y],
    (a, b) => f.cast(op('Or')(op('GreaterOrEqual')(a, b), op('LessOrEqual')(a, b)), 'float32'),
  ],
  HardSigmoid: [[x], op('HardSigmoid')],
  HardSwish: [[x], op('HardSwish')],
  IsNaN: [[float32([3], [1, Number.NaN, -1])], (a) => f.cast(op('IsNaN')(a), 'float32')],
  MaxPool: [[image], (a) => a.graph.add('MaxPool', [a], window)[0] as Value],
  Mod: [[integers([4], 9), int64([4], [2, 3, 4, 5])], op('Mod')],
  Pad: [[x], (a) => op('Pad')(a, int(a, 0, 1, 0, 0, 0, 2))],
  ReduceMin: [[x], (a) => op('ReduceMin')(a, int(a, 1))],
  ReduceProd: [[x], (a) => op('ReduceProd')(a, int(a, 1))],
  Trilu: [[numbers([4, 4])], op('Trilu')],
  // Operators that WGSL computes itself, with the freedom that it has there.
  ...Object.fromEntries(
    ['Asin', 'Acos', 'Atan', 'Asinh', 'Atanh', 'Cosh', 'Sinh', 'Tan', 'Softplus'].map((type): [string, Case] => [
      type,
      [[numbers([2, 3, 4], -0.9, 0.9)], op(type), loose],
    ]),
  ),
  Acosh: [[numbers([2, 3, 4], 1.2, 3)], op('Acosh'), loose],
  'Round and Sign': [[numbers([2, 3, 4], -3, 3)], (a) => f.add(op('Round')(a), op('Sign')(a))],
  ArgMin: [[x], op('ArgMin', { axis: 1 })],
  CumSum: [[x], (a) => op('CumSum')(a, a.graph.constant(int64([], [1])))],
  IsInf: [[float32([3], [1, Number.POSITIVE_INFINITY, -1])], (a) => f.cast(op('IsInf')(a), 'float32')],
  'ReduceL1 and ReduceL2': [[x], (a) => f.add(op('ReduceL1')(a, int(a, 1)), op('ReduceL2')(a, int(a, 1)))],
  Xor: [[bools([3, 4]), bools([3, 4])], (a, b) => f.cast(op('Xor')(a, b), 'float32')],
  'operators of bits': [
    [integers([4], 9), integers([4], 9)],
    (a, b) => op('BitwiseOr')(op('BitwiseAnd')(a, b), op('BitwiseXor')(a, op('BitwiseNot')(b))),
  ],
};

function graphOf([inputs, build]: Case): Graph {
  const graph = new Graph();
  graph.output('y', build(...inputs.map(({ dtype, shape }, i) => graph.input(`x${i}`, dtype, shape))));
  return graph;
}

async function computed(device: 'cpu' | 'webgpu', one: Case): Promise<Tensor> {
  const session = await Session.open(encodeModel(graphOf(one)), { device, threads: 1 });
  try {
    return (await session.run(Object.fromEntries(one[0].map((input, i) => [`x${i}`, input])))).y as Tensor;
  } finally {
    await session.close();
  }
}

/** The greatest difference of two tensors of numbers, words or bools. */
function difference(a: Tensor, b: Tensor): number {
  expect(b.shape).toEqual(a.shape);
  const [left, right] = [Array.from<number | bigint>(a.data), Array.from<number | bigint>(b.data)];
  return Math.max(...left.map((value, i) => Math.abs(Number(value) - Number(right[i]))));
}

describe('the table of operators', () => {
  it('has all that limn knows', () => {
    const nodes = Object.values(cases).flatMap((one) => graphOf(one).nodes);
    const types = new Set(nodes.map(({ type }) => type));
    expect(knownOperators().filter(({ name }) => !types.has(name))).toEqual([]);
  });
});

describe.skipIf(missing)('on WebGPU as on the CPU', () => {
  test.each(Object.entries(cases))('%s', async (_, one) => {
    const expected = await computed('cpu', one);
    expect(difference(expected, await computed('webgpu', one))).toBeLessThan(one[2] ?? 1e-5);
  });
});

/** total' = total + x, and what is left of a limit. */
function counter(): Uint8Array {
  const graph = new Graph();
  const total = f.add(graph.input('total', 'float32', [2]), graph.input('x', 'float32', [2]));
  graph.output('next', total);
  graph.output('left', f.sub(graph.input('limit', 'float32', [2]), total));
  return encodeModel(graph);
}

const openCounter = () => Session.open(counter(), { device: 'webgpu', carry: { next: 'total' }, label: 'counter' });

describe.skipIf(missing)('a session on the GPU', () => {
  it('keeps what is carried from run to run, beside other sessions that run at the same time', async () => {
    const counters = await Promise.all([openCounter(), openCounter(), openCounter()]);
    await Promise.all(
      counters.map(async (session, i) => {
        await session.setResident({ total: float32([2], [0, 100]), limit: float32([2], [10, 10]) });
        for (let run = 1; run <= 20; run++) {
          const { left, ...others } = await session.run({ x: float32([2], [1, i]) });
          expect(others).toEqual({});
          expect([...(left?.data ?? [])]).toEqual([10 - run, -90 - i * run]);
        }
        const { total } = await session.getResident(['total']);
        expect([...(total?.data ?? [])]).toEqual([20, 100 + 20 * i]);
      }),
    );
    for (const session of counters) await session.close();
  });

  it('can be given other residents, and be read twice', async () => {
    const session = await openCounter();
    for (const start of [5, 7]) {
      await session.setResident({ total: float32([2], [start, 0]), limit: float32([2], [0, 0]) });
      await session.run({ x: float32([2], [1, 1]) });
      for (let i = 0; i < 2; i++) expect([...((await session.getResident(['total'])).total?.data ?? [])]).toEqual([start + 1, 1]);
    }
    await session.close();
  });

  it('wraps what the provider says, and goes on', async () => {
    const asWords = { device: 'webgpu', label: 'broken model' } as const;
    await expect(Session.open(Uint8Array.of(1, 2, 3), asWords)).rejects.toMatchObject({
      code: 'RUNTIME',
      message: /broken model/,
    });
    const session = await openCounter();
    await session.setResident({ total: float32([2], [0, 0]), limit: float32([2], [0, 0]) });
    const wrong = session.run({ x: float32([3], [1, 2, 3]) });
    await expect(wrong).rejects.toMatchObject({
      code: 'RUNTIME',
      message: expect.stringMatching(/^The counter could not run: /),
    });
    expect([...((await session.run({ x: float32([2], [1, 2]) })).left?.data ?? [])]).toEqual([-1, -2]);
    await session.close();
  });
});

describe.skipIf(missing)('a process with a GPU', () => {
  const session = resolve(import.meta.dirname, '../../../dist/engine/runtime/session.js');
  const graphs = resolve(import.meta.dirname, '../../../dist/engine/graph/index.js');
  const open = `
    const { Session } = await import(${JSON.stringify(session)});
    const { encodeModel, Graph, matmul } = await import(${JSON.stringify(graphs)});
    const graph = new Graph();
    const x = graph.input('x', 'float32', [64, 64]);
    graph.output('y', Array.from({ length: 30 }).reduce((sum) => matmul(sum, x), x));
    const session = await Session.open(encodeModel(graph), { device: 'webgpu' });
    const run = () => session.run({ x: { dtype: 'float32', shape: [64, 64], data: new Float32Array(4096) } });
    await run();`;

  const ended = (code: string, env: Record<string, string> = {}) =>
    new Promise<{ code: unknown; error: string }>((done) => {
      const words = ['--input-type=module', '-e', code];
      execFile(process.execPath, words, { env: { ...process.env, ...env } }, (failure, _, error) => {
        done({ code: failure ? (failure.code ?? failure.signal) : 0, error });
      });
    });

  test.each([
    ['that closes its sessions', 'await session.close();', 0],
    ['that leaves them open', '', 0],
    ['that exits between two runs', 'process.exit(3);', 3],
  ])('%s ends as it wants to', async (_, code, expected) => {
    const end = await ended(`${open}\n${code}`);
    expect(end.code, end.error).toBe(expected);
  });

  it('says that there is none, and what to do, where no driver is found', async () => {
    const end = await ended(open, { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' });
    expect(end.code).toBe(1);
    expect(end.error).toMatch(/LimnError: No GPU can be used \(.+\)\. Install .+ or compute on the CPU, without --device webgpu/);
  });
});

test('the name of the device that was made is read from the log of the Vulkan loader', () => {
  const list = 'INFO | DRIVER:   [0] Fast Card (X)  \nINFO | DRIVER:   [1] Slow Card\n';
  expect(vulkanName(`${list}DRIVER | LAYER:  Using "Slow Card" with driver: "/lib/slow.so"\n`)).toBe('Slow Card');
  expect(vulkanName(list)).toBe('Fast Card (X)');
  expect(vulkanName('')).toBeUndefined();
});
