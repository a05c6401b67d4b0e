/** Activations, written with functions that have gradients; ONNX Runtime's fused ones too. */
import { sizeOf } from '../../tensor/tensor.js';
import { Float, type Value } from '../graph.js';
import { axisOf, need } from '../ops/broadcast.js';
import { ShapeError } from '../registry.js';
import { type Calculator, calculator, float } from './calculator.js';
import { type Call, type ImportRule, int } from './call.js';

/** A rule for a function of the first input and float attributes. */
const pointwise =
  (make: (c: Calculator, x: Value, number: (name: string, otherwise: number) => number) => Value): ImportRule =>
  (call) => [make(calculator(call), need(call.inputs, 0), (name, otherwise) => float(call.attributes, name, otherwise))];

/** exp(x / width) - 1 below 0. With x the second of equal ones, its gradient at 0 is that from below. */
const below = (c: Calculator, x: Value, width = 1) => {
  const low = c.min(0, x);
  return c.sub(c.exp(width === 1 ? low : c.div(low, width)), 1);
};

const elu = pointwise((c, x, number) => c.where(c.greater(x, 0), x, c.mul(below(c, x), number('alpha', 1))));

/** 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
function tanhGelu(c: Calculator, x: Value): Value {
  const inner = c.mul(c.add(x, c.mul(c.mul(c.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return c.mul(c.mul(x, 0.5), c.add(c.tanh(inner), 1));
}

const swish: ImportRule = (call) =>
  call.emit('QuickGelu', [call.inputs[0]], { alpha: new Float(float(call.attributes, 'alpha', 1)) });

/** 1 at the greatest element. Before opset 13, all axes from `axis` on were one. */
const hardmax: ImportRule = (call) => {
  const c = calculator(call);
  const x = need(call.inputs, 0);
  const axis = axisOf(int(call.attributes, 'axis', call.opset < 13 ? 1 : -1), x.shape.length);
  const flat = call.opset < 13;
  const rows = flat ? c.reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]) : x;
  const along = flat ? 1 : axis;
  const at = call.emit1('ArgMax', [rows], { axis: along, keepdims: 1 });
  const shape = rows.shape.map((extent, i) => (i === along ? extent : 1));
  const places = c.reshape(call.ints(Array.from({ length: rows.shape[along] as number }, (_, i) => i)), shape);
  return [c.reshape(call.emit1('Cast', [call.emit1('Equal', [at, places])], { to: 1 }), x.shape)];
};

/** What ONNX Runtime fuses behind a product: the activation's name and its parameters are attributes. */
export function fusedActivation(call: Call, y: Value): Value {
  const { activation, activation_params: given = [] } = call.attributes;
  if (activation === undefined || activation === '') return y;
  const type = String(activation);
  const names: Readonly<Record<string, readonly string[]>> = {
    Relu: [],
    Tanh: [],
    Sigmoid: [],
    LeakyRelu: ['alpha'],
    HardSigmoid: ['alpha', 'beta'],
    Clip: ['min', 'max'],
  };
  const parameters = names[type];
  if (!parameters) throw new ShapeError(`limn does not support ${type} as a fused activation.`);
  const c = calculator(call);
  const values = (given as readonly Float[]).map(({ value }) => value);
  if (type === 'LeakyRelu') return c.where(c.less(y, 0), c.mul(y, values[0] ?? 0.01), y);
  if (type === 'Clip') return call.emit1('Clip', [y, c.number(values[0] as number), c.number(values[1] as number)]);
  const attributes = Object.fromEntries(parameters.map((name, i) => [name, new Float(values[i] ?? (i === 0 ? 0.2 : 0.5))]));
  return call.emit1(type, [y], attributes);
}

export const activationRules: Readonly<Record<string, ImportRule>> = {
  Celu: pointwise((c, x, number) => c.where(c.greater(x, 0), x, c.mul(below(c, x, number('alpha', 1)), number('alpha', 1)))),
  Elu: elu,
  Hardmax: hardmax,
  LeakyRelu: pointwise((c, x, number) => c.where(c.less(x, 0), c.mul(x, number('alpha', 0.01)), x)),
  Mish: (call) => {
    const x = need(call.inputs, 0);
    return [call.emit1('Mul', [x, call.emit1('Tanh', [call.emit1('Softplus', [x])])])];
  },
  PRelu: (call) => {
    const [x, slope] = [need(call.inputs, 0), need(call.inputs, 1)];
    const c = calculator(call);
    return [c.where(c.less(x, 0), c.mul(x, slope), x)];
  },
  Selu: pointwise((c, x, number) => {
    const alpha = number('alpha', 1.6732632423543772);
    return c.mul(c.where(c.greater(x, 0), x, c.mul(below(c, x), alpha)), number('gamma', 1.0507009873554805));
  }),
  Shrink: pointwise((c, x, number) => {
    const [edge, bias] = [number('lambd', 0.5), number('bias', 0)];
    return c.where(c.less(x, -edge), c.add(x, bias), c.where(c.greater(x, edge), c.sub(x, bias), 0));
  }),
  Softsign: pointwise((c, x) => c.div(x, c.add(c.abs(x), 1))),
  Swish: swish,
  ThresholdedRelu: pointwise((c, x, number) => c.where(c.greater(x, number('alpha', 1)), x, 0)),
  Gelu: (call) =>
    call.attributes.approximate === 'tanh'
      ? [tanhGelu(calculator(call), need(call.inputs, 0))]
      : call.emit('Gelu', [call.inputs[0]]),
  'com.microsoft.QuickGelu': (call) =>
    call.emit('QuickGelu', [call.inputs[0]], { alpha: new Float(float(call.attributes, 'alpha', 1.702)) }),
  'com.microsoft.BiasGelu': (call) => call.emit('Gelu', [calculator(call).add(need(call.inputs, 0), need(call.inputs, 1))]),
  'com.microsoft.FastGelu': (call) => {
    const c = calculator(call);
    const x = need(call.inputs, 0);
    return [tanhGelu(c, call.inputs[1] ? c.add(x, call.inputs[1]) : x)];
  },
};
