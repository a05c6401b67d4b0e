/** Import rules of operators that compute: one form for all operator sets. */
import { scalar, sizeOf } from '../../tensor/tensor.js';
import { elementTypes } from '../element-types.js';
import * as f from '../functions.js';
import { Float, type Value } from '../graph.js';
import { axisOf, need } from '../ops/broadcast.js';
import { ShapeMistake } from '../registry.js';
import { type Call, castTo, int, listed, pick, type Rule } from './call.js';

/** Several inputs, two by two. */
const chained =
  (type: string): Rule =>
  (call) => [call.inputs.slice(1).reduce<Value>((sum, x) => call.emit1(type, [sum, x]), need(call.inputs, 0))];

const same = (_: Call, x: Value) => x;
const squared = (call: Call, x: Value) => call.emit1('Mul', [x, x]);

const reduction =
  (type: string, before = same, after = same): Rule =>
  (call) => {
    const x = need(call.inputs, 0);
    const axes = listed(call, 'axes', 1) ?? [];
    if (axes.length === 0 && call.attributes.noop_with_empty_axes === 1) return [after(call, before(call, x))];
    const over = axes.length > 0 ? axes : x.shape.map((_, i) => i);
    const keepdims = int(call.attributes, 'keepdims', 1);
    return [after(call, call.emit1(type, [before(call, x), call.ints(over)], { keepdims }))];
  };

/** Before opset 13, all axes from `axis` on were one. */
const softmax: Rule = (call) => {
  const x = need(call.inputs, 0);
  const axis = axisOf(int(call.attributes, 'axis', call.opset < 13 ? 1 : -1), x.shape.length);
  if (call.opset >= 13 || sizeOf(x.shape.slice(axis + 1)) === 1) return call.emit(call.type, [x], { axis });
  const rows = f.reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
  return [f.reshape(call.emit1(call.type, [rows], { axis: 1 }), x.shape)];
};

/** `auto_pad` is written out: the sizes are known. */
const windowed: Rule = (call) => {
  const { auto_pad: mode = 'NOTSET', ...attributes } = call.attributes;
  const x = need(call.inputs, 0);
  const kept = Object.fromEntries(Object.entries(attributes).filter(([name]) => name !== 'storage_order'));
  if (mode === 'NOTSET') return call.emit(call.type, call.inputs, kept);
  const spatial = x.shape.slice(2);
  const kernel = (attributes.kernel_shape as number[] | undefined) ?? need(call.inputs, 1).shape.slice(2);
  const total = spatial.map((extent, i) => {
    const stride = (attributes.strides as number[] | undefined)?.[i] ?? 1;
    const reach = ((attributes.dilations as number[] | undefined)?.[i] ?? 1) * ((kernel[i] as number) - 1) + 1;
    return mode === 'VALID' ? 0 : Math.max((Math.ceil(extent / stride) - 1) * stride + reach - extent, 0);
  });
  const [less, more] = [total.map((pad) => Math.floor(pad / 2)), total.map((pad) => Math.ceil(pad / 2))];
  const pads = mode === 'SAME_LOWER' ? [...more, ...less] : [...less, ...more];
  return call.emit(call.type, call.inputs, { ...kept, pads });
};

/** 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
function tanhGelu(x: Value): Value {
  const inner = f.mul(f.add(x, f.mul(f.mul(f.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return f.mul(f.mul(x, 0.5), f.add(f.tanh(inner), 1));
}

const quickGelu: Rule = (call) =>
  call.emit('QuickGelu', [call.inputs[0]], { alpha: (call.attributes.alpha as Float | undefined) ?? new Float(1.702) });

export const arithmeticRules: Readonly<Record<string, Rule>> = {
  AveragePool: windowed,
  BatchNormalization: (call) => {
    if (call.attributes.training_mode === 1)
      throw new ShapeMistake('it is in training mode: export the model in evaluation mode.');
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
    return call.emit('Clip', [call.inputs[0], bound(1, 'min'), bound(2, 'max')]);
  },
  Conv: windowed,
  Dropout: ({ inputs }) => [inputs[0]],
  Gelu: (call) =>
    call.attributes.approximate === 'tanh' ? [tanhGelu(need(call.inputs, 0))] : call.emit('Gelu', [call.inputs[0]]),
  GlobalMaxPool: (call) => {
    const x = need(call.inputs, 0);
    return call.emit('ReduceMax', [x, call.ints(x.shape.map((_, i) => i).slice(2))], { keepdims: 1 });
  },
  Identity: ({ inputs }) => [inputs[0]],
  LogSoftmax: softmax,
  Max: chained('Max'),
  MaxPool: windowed,
  Min: chained('Min'),
  Pow: (call) => {
    const [x, exponent] = [need(call.inputs, 0), need(call.inputs, 1)];
    return call.emit('Pow', [x, castTo(call, exponent, elementTypes[x.dtype])]);
  },
  ReduceL1: reduction('ReduceL1'),
  ReduceL2: reduction('ReduceL2'),
  ReduceLogSum: reduction('ReduceSum', same, (call, x) => call.emit1('Log', [x])),
  ReduceMax: reduction('ReduceMax'),
  ReduceMean: reduction('ReduceMean'),
  ReduceMin: reduction('ReduceMin'),
  ReduceProd: reduction('ReduceProd'),
  ReduceSum: reduction('ReduceSum'),
  ReduceSumSquare: reduction('ReduceSum', squared),
  Softmax: softmax,
  Sum: chained('Add'),
  'com.microsoft.QuickGelu': quickGelu,
};
