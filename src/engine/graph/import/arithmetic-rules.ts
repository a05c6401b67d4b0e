/** Import rules of operators that compute: one form for all operator sets. */
import { scalar, sizeOf, tensor } from '../../tensor/tensor.js';
import { elementTypes } from '../element-types.js';
import * as f from '../functions.js';
import { Float, type Value } from '../graph.js';
import { axisOf, need } from '../ops/broadcast.js';
import { ShapeError } from '../registry.js';
import { fusedActivation } from './activation-rules.js';
import { calculator, float } from './calculator.js';
import { type Call, castTo, type ImportRule, int, listed, pick } from './call.js';

/** Several inputs, two by two. */
const chained =
  (type: string): ImportRule =>
  (call) => [call.inputs.slice(1).reduce<Value>((sum, x) => call.emit1(type, [sum, x]), need(call.inputs, 0))];

const same = (_: Call, x: Value) => x;
const squared = (call: Call, x: Value) => call.emit1('Mul', [x, x]);

const reduction =
  (type: string, before = same, after = same): ImportRule =>
  (call) => {
    const x = need(call.inputs, 0);
    const axes = listed(call, 'axes', 1) ?? [];
    if (axes.length === 0 && call.attributes.noop_with_empty_axes === 1) return [after(call, before(call, x))];
    const over = axes.length > 0 ? axes : x.shape.map((_, i) => i);
    const keepdims = int(call.attributes, 'keepdims', 1);
    return [after(call, call.emit1(type, [before(call, x), call.ints(over)], { keepdims }))];
  };

/** The norm of a single number, where nothing is reduced, is its size. */
const norm =
  (type: string): ImportRule =>
  (call) => {
    const isIdle = (listed(call, 'axes', 1) ?? []).length === 0 && call.attributes.noop_with_empty_axes === 1;
    return isIdle ? call.emit('Abs', [call.inputs[0]]) : reduction(type)(call);
  };

/** Before opset 13, all axes from `axis` on were one. */
const softmax: ImportRule = (call) => {
  const x = need(call.inputs, 0);
  const axis = axisOf(int(call.attributes, 'axis', call.opset < 13 ? 1 : -1), x.shape.length);
  if (call.opset >= 13 || sizeOf(x.shape.slice(axis + 1)) === 1) return call.emit(call.type, [x], { axis });
  const rows = f.reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
  return [f.reshape(call.emit1(call.type, [rows], { axis: 1 }), x.shape)];
};

/** A vector is a row on the left and a column on the right; its axis of 1 is taken away again. */
const matmul: ImportRule = (call) => {
  const c = calculator(call);
  const [a, b] = [need(call.inputs, 0), need(call.inputs, 1)];
  if (a.shape.length > 1 && b.shape.length > 1) return call.emit('MatMul', [a, b]);
  if (a.shape.length === 0 || b.shape.length === 0) throw new ShapeError('a factor is a scalar.');
  const left = a.shape.length === 1 ? c.reshape(a, [1, ...a.shape]) : a;
  const right = b.shape.length === 1 ? c.reshape(b, [...b.shape, 1]) : b;
  const product = c.matmul(left, right);
  const batch = product.shape.slice(0, -2);
  const [rows, columns] = product.shape.slice(-2) as [number, number];
  return [c.reshape(product, [...batch, ...(left === a ? [rows] : []), ...(right === b ? [columns] : [])])];
};

const gemm: ImportRule = (call) => call.emit('Gemm', call.inputs, pick(call.attributes, ['alpha', 'beta', 'transA', 'transB']));

/** log(sum(exp(x))), the greatest of x taken out: no gradient is lost, for it would be 0 in sum. */
const logSumExp: ImportRule = (call) => {
  const c = calculator(call);
  const x = need(call.inputs, 0);
  const listedAxes = listed(call, 'axes', 1) ?? [];
  if (listedAxes.length === 0 && call.attributes.noop_with_empty_axes === 1) return [x];
  const axes = (listedAxes.length > 0 ? listedAxes : x.shape.map((_, i) => i)).map((axis) => axisOf(axis, x.shape.length));
  const largest = 3.4e38;
  const top = c.max(c.min(c.greatest(x, axes), largest), -largest);
  const y = c.add(c.log(c.sum(c.exp(c.sub(x, top)), axes)), top);
  if (int(call.attributes, 'keepdims', 1) === 1) return [y];
  return [
    c.reshape(
      y,
      x.shape.filter((_, i) => !axes.includes(i)),
    ),
  ];
};

const dropout: ImportRule = ({ inputs, graph, outputs }) => {
  const training = inputs[2];
  if (training && !training.constant) throw new ShapeError('whether it is in training mode must be a constant.');
  if (training?.constant?.data[0])
    throw new ShapeError('it is in training mode: export the model in evaluation mode (model.eval()).');
  const x = need(inputs, 0);
  if (outputs < 2) return [x];
  const mask = tensor('bool', [], Uint8Array.of(1));
  return [x, f.expand(graph.constant(mask), x.shape)];
};

/** With its own statistics, as BiT and NFNet standardise their weights; those of images would depend on the batch. */
function standardized(call: Call): Value {
  if (call.varies(0)) throw new ShapeError('it is in training mode: export the model in evaluation mode.');
  const c = calculator(call);
  const [x, scale, bias] = [0, 1, 2].map((i) => need(call.inputs, i)) as [Value, Value, Value];
  const axes = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
  const around = c.sub(x, c.mean(x, axes));
  const std = c.sqrt(c.add(c.mean(c.mul(around, around), axes), float(call.attributes, 'epsilon', 1e-5)));
  const perChannel = (value: Value) => c.reshape(value, [1, x.shape[1] as number, ...axes.slice(1).map(() => 1)]);
  return c.add(c.mul(c.div(around, std), perChannel(scale)), perChannel(bias));
}

export const arithmeticRules: Readonly<Record<string, ImportRule>> = {
  BatchNormalization: (call) => {
    if (call.attributes.training_mode === 1) return [standardized(call)];
    return call.emit('BatchNormalization', call.inputs, pick(call.attributes, ['epsilon']));
  },
  Cast: (call) => [castTo(call, need(call.inputs, 0), int(call.attributes, 'to', 0))],
  CastLike: (call) => [castTo(call, need(call.inputs, 0), elementTypes[need(call.inputs, 1).dtype])],
  Clip: (call) => {
    const bound = (i: number, name: string) => {
      const given = call.inputs[i];
      if (given) return given.shape.length === 0 ? given : call.emit1('Reshape', [given, call.ints([])]);
      const value = call.attributes[name];
      return value instanceof Float ? call.graph.constant(scalar(value.value)) : undefined;
    };
    const [x, low, high] = [need(call.inputs, 0), bound(1, 'min'), bound(2, 'max')];
    if (!x.constant || [low, high].some((limit) => limit && !limit.constant)) return call.emit('Clip', [x, low, high]);
    // Exporters work out the padding of TensorFlow's convolutions so; it must be known here.
    const raised = low ? call.emit1('Max', [x, low]) : x;
    return [high ? call.emit1('Min', [raised, high]) : raised];
  },
  Dropout: dropout,
  Gemm: gemm,
  GlobalMaxPool: (call) => {
    const x = need(call.inputs, 0);
    return call.emit('ReduceMax', [x, call.ints(x.shape.map((_, i) => i).slice(2))], { keepdims: 1 });
  },
  Identity: ({ inputs }) => [inputs[0]],
  LogSoftmax: softmax,
  MatMul: matmul,
  Max: chained('Max'),
  Mean: (call) => {
    const c = calculator(call);
    const sum = call.inputs.slice(1).reduce<Value>((a, b) => c.add(a, b as Value), need(call.inputs, 0));
    return [c.mul(sum, 1 / call.inputs.length)];
  },
  Min: chained('Min'),
  Pow: (call) => {
    const [x, exponent] = [need(call.inputs, 0), need(call.inputs, 1)];
    return call.emit('Pow', [x, castTo(call, exponent, elementTypes[x.dtype])]);
  },
  ReduceL1: norm('ReduceL1'),
  ReduceL2: norm('ReduceL2'),
  ReduceLogSumExp: logSumExp,
  ReduceLogSum: reduction('ReduceSum', same, (call, x) => call.emit1('Log', [x])),
  ReduceMax: reduction('ReduceMax'),
  ReduceMean: reduction('ReduceMean'),
  ReduceMin: reduction('ReduceMin'),
  ReduceProd: reduction('ReduceProd'),
  ReduceSum: reduction('ReduceSum'),
  ReduceSumSquare: reduction('ReduceSum', squared),
  Softmax: softmax,
  Sum: chained('Add'),
  'com.microsoft.FusedGemm': (call) => {
    const y = gemm(call)[0] as Value;
    const parameters = ['activation_alpha', 'activation_beta'].flatMap((name) => call.attributes[name] ?? []);
    return [fusedActivation({ ...call, attributes: { ...call.attributes, activation_params: parameters as Float[] } }, y)];
  },
  'com.microsoft.FusedMatMul': (call) => {
    if (call.attributes.transBatchA === 1 || call.attributes.transBatchB === 1)
      throw new ShapeError('limn does not exchange batch axes (transBatchA, transBatchB).');
    return call.emit('FusedMatMul', call.inputs, pick(call.attributes, ['alpha', 'transA', 'transB']));
  },
};
