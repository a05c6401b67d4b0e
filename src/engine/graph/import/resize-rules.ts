/**
 * Resize and Upsample. Each axis is resized for itself: an output is a weighted sum of inputs, so that an axis is a product with a
 * constant matrix, or for nearest neighbours a selection of rows. An axis that stays as it is costs nothing.
 */
import { float32 } from '../../tensor/tensor.js';
import type { Value } from '../graph.js';
import { axisOf, constantInts, need } from '../ops/broadcast.js';
import { ShapeError } from '../registry.js';
import { calculator, float } from './calculator.js';
import { type Call, type ImportRule, int } from './call.js';

interface Axis {
  axis: number;
  before: number;
  after: number;
  scale: number;
  /** Start and end of the crop, for tf_crop_and_resize. */
  crop: readonly [number, number];
}

interface Options {
  mode: string;
  coordinates: string;
  nearest: string;
  cubic: number;
  antialias: boolean;
  excludeOutside: boolean;
}

const round = Math.fround;

/**
 * Where output `i` lies among the inputs, as runtimes have it in float32: a scale such as 1/3 is a little less in a file, and only what is
 * rounded as well gives the whole numbers that choose a neighbour.
 */
function coordinate(i: number, { before, after, scale, crop }: Axis, { coordinates }: Options): number {
  const halfPixel = (offset = 0) => round(offset + (i + 0.5) / scale - 0.5);
  switch (coordinates) {
    case 'asymmetric':
      return round(i / scale);
    case 'align_corners':
      return after === 1 ? 0 : round(round(i * (before - 1)) / (round(scale * before) - 1));
    case 'pytorch_half_pixel':
      return after > 1 ? halfPixel() : 0;
    case 'half_pixel_symmetric': {
      const adjusted = round(after / round(scale * before));
      return halfPixel((before / 2) * (1 - adjusted));
    }
    case 'tf_crop_and_resize': {
      const [start, end] = crop;
      return after > 1
        ? start * (before - 1) + (i * (end - start) * (before - 1)) / (after - 1)
        : 0.5 * (start + end) * (before - 1);
    }
    case 'half_pixel':
      return halfPixel();
    default:
      throw new ShapeError(`limn does not support the coordinate_transformation_mode ${coordinates}.`);
  }
}

/** Before opset 11 what shrinks takes the later neighbour, and what grows the earlier one. */
function nearestOf(x: number, mode: string, scale: number): number {
  switch (mode) {
    case 'legacy':
      return scale < 1 ? Math.ceil(x) : Math.floor(x);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5);
    case 'round_prefer_floor':
      return Math.ceil(x - 0.5);
    default:
      throw new ShapeError(`limn does not support the nearest_mode ${mode}.`);
  }
}

/** The weight of an input at a distance. */
function filter(distance: number, { mode, cubic: a }: Options): number {
  const x = Math.abs(distance);
  if (mode === 'linear') return Math.max(0, 1 - x);
  if (x <= 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  return x < 2 ? a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a : 0;
}

/** (after, before) weights of one axis. */
function matrix(axis: Axis, options: Options): Float32Array {
  const { before, after, scale } = axis;
  const weights = new Float32Array(after * before);
  const stretch = options.antialias ? Math.min(1, scale) : 1;
  const support = (options.mode === 'linear' ? 1 : 2) / stretch;
  for (let i = 0; i < after; i++) {
    const x = coordinate(i, axis, options);
    const taken: [number, number][] = [];
    for (let j = Math.ceil(x - support); j <= Math.floor(x + support); j++) {
      const isOutside = j < 0 || j >= before;
      if (isOutside && options.excludeOutside) continue;
      taken.push([Math.min(Math.max(j, 0), before - 1), filter((j - x) * stretch, options)]);
    }
    const total = options.antialias || options.excludeOutside ? taken.reduce((sum, [, weight]) => sum + weight, 0) : 1;
    for (const [j, weight] of taken) weights[i * before + j] = (weights[i * before + j] as number) + weight / total;
  }
  return weights;
}

function resizeAxis(call: Call, x: Value, axis: Axis, options: Options): Value {
  const c = calculator(call);
  const { before, after } = axis;
  const places = Array.from({ length: after }, (_, i) => coordinate(i, axis, options));
  const isSame = before === after && places.every((place, i) => Math.abs(place - i) < 1e-9);
  if (isSame) return x;
  if (options.mode === 'nearest') {
    const rows = places.map((place) => Math.min(Math.max(nearestOf(place, options.nearest, axis.scale), 0), before - 1));
    return c.gather(x, rows, axis.axis);
  }
  const weights = call.graph.constant(float32([after, before], matrix(axis, options)), 'resize');
  const last = x.shape.length - 1;
  // The last axis but one is the rows of a product already.
  if (axis.axis === last - 1) return c.matmul(weights, x);
  const perm = x.shape.map((_, i) => (i === axis.axis ? last : i === last ? axis.axis : i));
  const turned = c.transpose(x, perm);
  return c.transpose(c.matmul(turned, c.transpose(weights, [1, 0])), perm);
}

function axesOf(call: Call, x: Value): Axis[] {
  const legacy = call.type === 'Upsample' || call.opset < 11;
  const [roi, scales, sizes] = legacy ? [undefined, 1, undefined] : [1, 2, 3];
  const has = (i: number | undefined) => i !== undefined && call.inputs[i] !== undefined && call.inputs[i].shape[0] !== 0;
  const numbers = (i: number, what: string): number[] => {
    const content = call.inputs[i]?.constant;
    if (!content) throw new ShapeError(`${what} must be a constant.`);
    return Array.from(content.data, Number);
  };
  const listed = call.attributes.scales as readonly { value: number }[] | undefined;
  const axes = ((call.attributes.axes as number[] | undefined) ?? x.shape.map((_, i) => i)).map((axis) =>
    axisOf(axis, x.shape.length),
  );
  const box = has(roi) ? numbers(roi as number, 'the roi') : [];
  const cropOf = (i: number): [number, number] => [box[i] ?? 0, box[i + axes.length] ?? 1];
  if (has(sizes)) {
    const wanted = constantInts(call.inputs, sizes as number, 'the sizes');
    const policy = String(call.attributes.keep_aspect_ratio_policy ?? 'stretch');
    const factors = axes.map((axis, i) => round((wanted[i] as number) / (x.shape[axis] as number)));
    const common = policy === 'not_larger' ? Math.min(...factors) : policy === 'not_smaller' ? Math.max(...factors) : undefined;
    return axes.map((axis, i) => {
      const before = x.shape[axis] as number;
      const after = common === undefined ? (wanted[i] as number) : Math.floor(round(common * before) + 0.5);
      return { axis, before, after, scale: common ?? (factors[i] as number), crop: cropOf(i) };
    });
  }
  const factors = listed ? listed.map(({ value }) => value) : numbers(scales as number, 'the scales');
  return axes.map((axis, i) => {
    const before = x.shape[axis] as number;
    const [from, to] = call.attributes.coordinate_transformation_mode === 'tf_crop_and_resize' ? cropOf(i) : [0, 1];
    const scale = factors[i] as number;
    return { axis, before, after: Math.floor(round(before * (to - from) * scale)), scale, crop: cropOf(i) };
  });
}

const resize: ImportRule = (call) => {
  const x = need(call.inputs, 0);
  const { attributes } = call;
  const legacy = call.type === 'Upsample' || call.opset < 11;
  const options: Options = {
    mode: String(attributes.mode ?? 'nearest'),
    coordinates: String(attributes.coordinate_transformation_mode ?? (legacy ? 'asymmetric' : 'half_pixel')),
    nearest: String(attributes.nearest_mode ?? (legacy ? 'legacy' : 'round_prefer_floor')),
    cubic: float(attributes, 'cubic_coeff_a', -0.75),
    antialias: int(attributes, 'antialias', 0) === 1,
    excludeOutside: int(attributes, 'exclude_outside', 0) === 1,
  };
  if (!['nearest', 'linear', 'cubic'].includes(options.mode))
    throw new ShapeError(`limn does not support the mode ${options.mode}.`);
  const axes = axesOf(call, x);
  if (axes.some(({ after }) => !(after > 0))) throw new ShapeError('it leaves an axis without an element.');
  const y = axes.reduce((value, axis) => resizeAxis(call, value, axis, options), x);
  if (options.coordinates !== 'tf_crop_and_resize') return [y];
  return [extrapolated(call, y, axes, options)];
};

/** What a crop takes from beyond the input is a number of its own. */
function extrapolated(call: Call, y: Value, axes: readonly Axis[], options: Options): Value {
  const c = calculator(call);
  return axes.reduce((value, axis) => {
    const inside = Array.from({ length: axis.after }, (_, i) => {
      const at = coordinate(i, axis, options);
      return Number(at >= 0 && at <= axis.before - 1);
    });
    if (inside.every((each) => each === 1)) return value;
    const shape = value.shape.map((extent, i) => (i === axis.axis ? extent : 1));
    const mask = call.emit1('Cast', [c.reshape(call.ints(inside), shape)], { to: 9 });
    return c.where(mask, value, float(call.attributes, 'extrapolation_value', 0));
  }, y);
}

export const resizeRules: Readonly<Record<string, ImportRule>> = { Resize: resize, Upsample: resize };
