/**
 * Convolutions and pools: paddings that are named are written out, one spatial axis becomes two, and a ceiling becomes padding
 * at the end.
 */
import type { Attributes, Value } from '../graph.js';
import { need } from '../ops/broadcast.js';
import { ShapeError } from '../registry.js';
import { fusedActivation } from './activation-rules.js';
import { calculator } from './calculator.js';
import { type Call, type ImportRule, int } from './call.js';

/** Spatial axes (always two) with everything written out. */
interface Windows {
  x: Value;
  kernel: number[];
  strides: number[];
  dilations: number[];
  pads: number[];
  /** Brings a result back to the rank of the file. */
  restore(y: Value): Value;
}

/** Both spatial axes of an attribute that has one or two. */
const both = (values: readonly number[], otherwise: number) =>
  values.length === 1 ? [otherwise, values[0] as number] : [...values];

function windows(call: Call, kernelGiven: readonly number[]): Windows {
  const c = calculator(call);
  const given = need(call.inputs, 0);
  const rank = given.shape.length - 2;
  if (rank !== 1 && rank !== 2)
    throw new ShapeError(`limn convolves and pools over (N, C, H, W) or (N, C, W) only, and its input is [${given.shape}].`);
  const [n, channels] = given.shape as [number, number];
  const x = rank === 1 ? c.reshape(given, [n, channels, 1, given.shape[2] as number]) : given;
  const list = (name: string) => (call.attributes[name] as number[] | undefined) ?? Array<number>(rank).fill(1);
  const kernel = both(kernelGiven, 1);
  const [strides, dilations] = [both(list('strides'), 1), both(list('dilations'), 1)];
  const restore = (y: Value) =>
    rank === 1 ? c.reshape(y, [y.shape[0] as number, y.shape[1] as number, y.shape[3] as number]) : y;
  const own = (call.attributes.pads as number[] | undefined) ?? Array<number>(2 * rank).fill(0);
  const pads = rank === 1 ? [0, own[0] as number, 0, own[1] as number] : [...own];
  return { x, kernel, strides, dilations, pads, restore };
}

/** `auto_pad` is written out: the sizes are known. */
function padded(call: Call, w: Windows): number[] {
  const mode = call.attributes.auto_pad ?? 'NOTSET';
  if (mode === 'NOTSET') return w.pads;
  const total = w.x.shape.slice(2).map((extent, i) => {
    const stride = w.strides[i] as number;
    const reach = (w.dilations[i] as number) * ((w.kernel[i] as number) - 1) + 1;
    return mode === 'VALID' ? 0 : Math.max((Math.ceil(extent / stride) - 1) * stride + reach - extent, 0);
  });
  const [less, more] = [total.map((pad) => Math.floor(pad / 2)), total.map((pad) => Math.ceil(pad / 2))];
  return mode === 'SAME_LOWER' ? [...more, ...less] : [...less, ...more];
}

/** How far the last window of `ceil_mode` reaches beyond the padding: it must begin inside the input or the padding before it. */
function ceiling(call: Call, w: Windows, pads: readonly number[]): [number, number] {
  if (int(call.attributes, 'ceil_mode', 0) !== 1) return [0, 0];
  const beyond = (i: 0 | 1) => {
    const [extent, stride, before] = [w.x.shape[2 + i] as number, w.strides[i] as number, pads[i] as number];
    const reach = (w.dilations[i] as number) * ((w.kernel[i] as number) - 1) + 1;
    const whole = extent + before + (pads[i + 2] as number);
    let count = Math.ceil((whole - reach) / stride) + 1;
    if ((count - 1) * stride >= extent + before) count--;
    return Math.max(0, (count - 1) * stride + reach - whole);
  };
  return [beyond(0), beyond(1)];
}

const attributesOf = ({ kernel, strides, dilations }: Windows, pads: readonly number[]): Attributes => ({
  kernel_shape: kernel,
  strides,
  dilations,
  pads,
});

const kernelOf = (call: Call): number[] => {
  const kernel = call.attributes.kernel_shape as number[] | undefined;
  if (!kernel) throw new ShapeError('it has no kernel_shape.');
  return kernel;
};

const maxPool: ImportRule = (call) => {
  const w = windows(call, kernelOf(call));
  if (call.outputs > 1 && int(call.attributes, 'storage_order', 0) === 1)
    throw new ShapeError('limn numbers the places of maxima row by row, not column by column (storage_order 1).');
  const pads = padded(call, w);
  const [bottom, right] = ceiling(call, w, pads);
  const ends = [pads[0], pads[1], (pads[2] as number) + bottom, (pads[3] as number) + right] as number[];
  return call.emit('MaxPool', [w.x], attributesOf(w, ends)).map(w.restore);
};

/** Padding counts where the file says so, but never what only the ceiling adds: then the padding becomes a part of the input. */
function averages(call: Call, w: Windows, countsPadding: boolean): Value {
  const pads = padded(call, w);
  const [bottom, right] = ceiling(call, w, pads);
  if (bottom + right === 0)
    return call.emit1('AveragePool', [w.x], { ...attributesOf(w, pads), count_include_pad: Number(countsPadding) });
  if (!countsPadding) {
    const ends = [pads[0], pads[1], (pads[2] as number) + bottom, (pads[3] as number) + right] as number[];
    return call.emit1('AveragePool', [w.x], attributesOf(w, ends));
  }
  const around = call.ints([0, 0, pads[0] as number, pads[1] as number, 0, 0, pads[2] as number, pads[3] as number]);
  const wide = call.emit1('Pad', [w.x, around]);
  return call.emit1('AveragePool', [wide], attributesOf(w, [0, 0, bottom, right]));
}

const averagePool: ImportRule = (call) => {
  const w = windows(call, kernelOf(call));
  return [w.restore(averages(call, w, int(call.attributes, 'count_include_pad', 0) === 1))];
};

/** (sum |x|^p)^(1/p), the sum being an average with zeros around times the size of the window. */
const lpPool: ImportRule = (call) => {
  if (int(call.attributes, 'ceil_mode', 0) === 1) throw new ShapeError('limn does not support its ceil_mode.');
  const c = calculator(call);
  const w = windows(call, kernelOf(call));
  const p = int(call.attributes, 'p', 2);
  const powers = p === 2 ? c.mul(w.x, w.x) : p === 1 ? c.abs(w.x) : c.pow(c.abs(w.x), p);
  const sums = c.mul(
    averages(call, { ...w, x: powers }, true),
    w.kernel.reduce((a, b) => a * b, 1),
  );
  return [w.restore(p === 1 ? sums : p === 2 ? c.sqrt(sums) : c.pow(sums, 1 / p))];
};

const globalLpPool: ImportRule = (call) => {
  const c = calculator(call);
  const x = need(call.inputs, 0);
  const axes = x.shape.map((_, i) => i).slice(2);
  const p = int(call.attributes, 'p', 2);
  if (p === 1 || p === 2) return [call.emit1(`ReduceL${p}`, [x, call.ints(axes)], { keepdims: 1 })];
  return [c.pow(c.sum(c.pow(c.abs(x), p), axes), 1 / p)];
};

/** A weight (O, C, k) becomes (O, C, 1, k). */
function weightOf(call: Call): Value {
  const weight = need(call.inputs, 1);
  if (weight.shape.length !== 3) return weight;
  const [o, channels, k] = weight.shape as [number, number, number];
  return calculator(call).reshape(weight, [o, channels, 1, k]);
}

function convolved(call: Call): Value {
  const weight = weightOf(call);
  const w = windows(call, need(call.inputs, 1).shape.slice(2));
  const attributes = { ...attributesOf(w, padded(call, w)), group: int(call.attributes, 'group', 1) };
  return w.restore(call.emit1('Conv', [w.x, weight, call.inputs[2]], attributes));
}

const convTranspose: ImportRule = (call) => {
  const weight = weightOf(call);
  const w = windows(call, need(call.inputs, 1).shape.slice(2));
  const listed = (name: string) => call.attributes[name] as number[] | undefined;
  const extra = both(listed('output_padding') ?? [0, 0].slice(0, need(call.inputs, 0).shape.length - 2), 0);
  const mode = call.attributes.auto_pad ?? 'NOTSET';
  const wanted = listed('output_shape');
  let pads = w.pads;
  if (wanted || (mode !== 'NOTSET' && mode !== 'VALID')) {
    const total = ([0, 1] as const).map((i) => {
      const [extent, stride] = [w.x.shape[2 + i] as number, w.strides[i] as number];
      const reach = (w.dilations[i] as number) * ((w.kernel[i] as number) - 1) + 1;
      const full = stride * (extent - 1) + (extra[i] as number) + reach;
      return full - (wanted ? (both(wanted, 1)[i] as number) : extent * stride);
    });
    if (total.some((pad) => pad < 0)) throw new ShapeError('its output is larger than what it computes.');
    const [less, more] = [total.map((pad) => Math.floor(pad / 2)), total.map((pad) => Math.ceil(pad / 2))];
    pads = mode === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less];
  } else if (mode === 'VALID') pads = [0, 0, 0, 0];
  const attributes = { ...attributesOf(w, pads), output_padding: extra, group: int(call.attributes, 'group', 1) };
  return [w.restore(call.emit1('ConvTranspose', [w.x, weight, call.inputs[2]], attributes))];
};

export const windowRules: Readonly<Record<string, ImportRule>> = {
  AveragePool: averagePool,
  Conv: (call) => [convolved(call)],
  ConvTranspose: convTranspose,
  GlobalLpPool: globalLpPool,
  LpPool: lpPool,
  MaxPool: maxPool,
  // The sum with what skips a layer comes before the activation.
  'com.microsoft.FusedConv': (call) => {
    const y = convolved(call);
    return [fusedActivation(call, call.inputs[3] ? calculator(call).add(y, call.inputs[3]) : y)];
  },
};
