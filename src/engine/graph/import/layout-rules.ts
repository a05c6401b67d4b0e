/** Import rules of operators that move elements and of those that tell shapes. */
import { int64, scalar, sizeOf, type Tensor } from '../../tensor/tensor.js';
import * as f from '../functions.js';
import { Float, type Value } from '../graph.js';
import { axisOf, broadcastShapes, constantInts, need } from '../ops/broadcast.js';
import { ShapeError } from '../registry.js';
import { type Call, type ImportRule, int, listed } from './call.js';
import { fromIntegers, fromNumbers } from './fold-arithmetic.js';

const slice: ImportRule = (call) => {
  const starts = listed(call, 'starts', 1) ?? [];
  const ends = listed(call, 'ends', 2) ?? [];
  const axes = listed(call, 'axes', 3) ?? starts.map((_, i) => i);
  const steps = call.inputs[4] ? constantInts(call.inputs, 4, 'steps') : starts.map(() => 1);
  let x = need(call.inputs, 0);
  const plain = steps.flatMap((step, i) => (step === 1 ? [i] : []));
  const kept = (values: readonly number[]) => call.ints(plain.map((i) => values[i] as number));
  if (plain.length > 0) x = call.emit1('Slice', [x, kept(starts), kept(ends), kept(axes)]);
  // A stride is a selection of rows.
  steps.forEach((step, i) => {
    if (step === 1) return;
    const axis = axisOf(axes[i] as number, x.shape.length);
    const extent = x.shape[axis] as number;
    const [low, high] = step > 0 ? [0, extent] : [-1, extent - 1];
    const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + extent : at, low), high);
    const [start, end] = [clamp(starts[i] as number), clamp(ends[i] as number)];
    const count = Math.max(0, Math.ceil((end - start) / step));
    x = call.emit1('Gather', [x, call.ints(Array.from({ length: count }, (_, j) => start + j * step))], { axis });
  });
  return [x];
};

const split: ImportRule = (call) => {
  const x = need(call.inputs, 0);
  const axis = axisOf(int(call.attributes, 'axis', 0), x.shape.length);
  const extent = x.shape[axis] as number;
  const part = Math.ceil(extent / call.outputs);
  const equal = Array.from({ length: call.outputs }, (_, i) => Math.min(part, extent - i * part));
  return call.emit('Split', [x, call.ints(listed(call, 'split', 1) ?? equal)], { axis });
};

/** Which element of an axis stands at a place before its beginning or after its end. */
function mirrored(at: number, extent: number, mode: string): number {
  if (mode === 'edge') return Math.min(Math.max(at, 0), extent - 1);
  if (mode === 'wrap') return ((at % extent) + extent) % extent;
  const period = Math.max(1, 2 * (extent - 1));
  const within = ((at % period) + period) % period;
  return within < extent ? within : period - within;
}

const pad: ImportRule = (call) => {
  let x = need(call.inputs, 0);
  const rank = x.shape.length;
  const { mode = 'constant', value } = call.attributes;
  if (!['constant', 'edge', 'reflect', 'wrap'].includes(String(mode)))
    throw new ShapeError(`limn does not pad in mode ${String(mode)}.`);
  const given = listed(call, 'pads', 1) ?? [];
  const axes = (call.inputs[3] ? constantInts(call.inputs, 3, 'axes') : x.shape.map((_, i) => i)).map((axis) =>
    axisOf(axis, rank),
  );
  const pads = Array<number>(2 * rank).fill(0);
  axes.forEach((axis, i) => {
    pads[axis] = given[i] as number;
    pads[axis + rank] = given[i + axes.length] as number;
  });
  if (mode !== 'constant') {
    for (const [axis, extent] of need(call.inputs, 0).shape.entries()) {
      const [before, after] = [pads[axis] as number, pads[axis + rank] as number];
      if (before === 0 && after === 0) continue;
      if (extent === 0) throw new ShapeError(`axis ${axis} is empty and cannot be continued.`);
      const rows = Array.from({ length: Math.max(0, before + extent + after) }, (_, i) =>
        mirrored(i - before, extent, String(mode)),
      );
      x = call.emit1('Gather', [x, call.ints(rows)], { axis });
    }
    return [x];
  }
  // A negative padding takes away.
  for (const [axis, extent] of need(call.inputs, 0).shape.entries()) {
    const [start, end] = [Math.max(0, -(pads[axis] as number)), extent - Math.max(0, -(pads[axis + rank] as number))];
    if (start > 0 || end < extent) x = call.emit1('Slice', [x, call.ints([start]), call.ints([end]), call.ints([axis])]);
  }
  const kept = pads.map((size) => Math.max(0, size));
  const filling = call.inputs[2] ?? (value instanceof Float ? call.graph.constant(scalar(value.value)) : undefined);
  const alone = filling && filling.shape.length > 0 ? call.emit1('Reshape', [filling, call.ints([])]) : filling;
  return kept.every((size) => size === 0) ? [x] : call.emit('Pad', [x, call.ints(kept), alone]);
};

/** Index tuples that begin with their own place along the axes that data and indices share (`batch_dims`). */
function withBatch(call: Call, at: Value): Value {
  const shared = at.shape.slice(0, int(call.attributes, 'batch_dims', 0));
  if (shared.length === 0) return at;
  const tuples = [...at.shape.slice(0, -1), 1];
  const places = shared.map((extent, axis) => {
    const along = Array.from({ length: extent }, (_, i) => i);
    const shape = tuples.map((_, i) => (i === axis ? extent : 1));
    return call.emit1('Expand', [call.emit1('Reshape', [call.ints(along), call.ints(shape)]), call.ints(tuples)]);
  });
  return call.emit1('Concat', [...places, at], { axis: -1 });
}

/** Rows by index tuples: one index into the axes that the tuples cover, taken as one. */
const gatherNd: ImportRule = (call) => {
  const [x, at] = [need(call.inputs, 0), withBatch(call, need(call.inputs, 1))];
  const count = at.shape.at(-1) as number;
  const covered = x.shape.slice(0, count);
  const strides = covered.map((_, i) => sizeOf(covered.slice(i + 1)));
  const wrapped = call.emit1('Where', [
    call.emit1('Less', [at, call.ints([0])]),
    call.emit1('Add', [at, call.ints(covered)]),
    at,
  ]);
  const positions = call.emit1('ReduceSum', [call.emit1('Mul', [wrapped, call.ints(strides)]), call.ints([-1])], { keepdims: 0 });
  return call.emit('Gather', [f.reshape(x, [sizeOf(covered), ...x.shape.slice(count)]), positions], { axis: 0 });
};

const tile: ImportRule = (call) => {
  const x = need(call.inputs, 0);
  const repeats = constantInts(call.inputs, 1, 'the repeats');
  if (repeats.includes(0)) throw new ShapeError('it leaves no elements, which limn does not support.');
  const apart = call.emit1('Reshape', [x, call.ints(x.shape.flatMap((extent) => [1, extent]))]);
  const wide = call.emit1('Expand', [apart, call.ints(x.shape.flatMap((extent, i) => [repeats[i] as number, extent]))]);
  return call.emit('Reshape', [wide, call.ints(x.shape.map((extent, i) => extent * (repeats[i] as number)))]);
};

const range: ImportRule = ({ inputs, graph }) => {
  const bounds = [0, 1, 2].map((i) => {
    const content = need(inputs, i).constant;
    if (!content) throw new ShapeError('its bounds must be constants.');
    return content.data[0] as number | bigint;
  });
  const { dtype } = need(inputs, 0);
  const [start, limit, delta] = bounds.map(Number) as [number, number, number];
  if (!delta) throw new ShapeError('its step is 0.');
  const whole = dtype === 'float32' ? undefined : (bounds.map(BigInt) as [bigint, bigint, bigint]);
  const size = whole ? Number(stepsBetween(...whole)) : Math.max(0, Math.ceil((limit - start) / delta));
  if (!(size <= 1 << 20)) throw new ShapeError(`it would have ${size} elements.`);
  if (whole) {
    const [from, , by] = whole;
    const exact = Array.from({ length: size }, (_, i) => from + BigInt(i) * by);
    return [graph.constant(fromIntegers({ dtype, shape: [size] }, exact))];
  }
  const values = Float64Array.from({ length: size }, (_, i) => start + i * delta);
  return [graph.constant(fromNumbers({ dtype, shape: [size] }, values))];
};

/** How many steps from `start` on stay before `limit`. */
function stepsBetween(start: bigint, limit: bigint, step: bigint): bigint {
  const [way, stride] = step > 0n ? [limit - start, step] : [start - limit, -step];
  return way <= 0n ? 0n : (way + stride - 1n) / stride;
}

export const layoutRules: Readonly<Record<string, ImportRule>> = {
  ConstantOfShape: (call) => {
    const value = (call.attributes.value as Tensor | undefined) ?? scalar(0);
    return call.emit('Expand', [call.graph.constant({ ...value, shape: [] }), call.inputs[0]]);
  },
  Expand: (call) => {
    const x = need(call.inputs, 0);
    const shape = broadcastShapes(x.shape, constantInts(call.inputs, 1, 'the shape'));
    return shape.join() === x.shape.join() ? [x] : call.emit('Expand', [x, call.ints(shape)]);
  },
  GatherND: gatherNd,
  Pad: pad,
  Range: range,
  Reshape: (call) => {
    const x = need(call.inputs, 0);
    const wanted = constantInts(call.inputs, 1, 'the shape');
    const zero = call.attributes.allowzero === 1;
    const copied = wanted.map((extent, i) => (extent === 0 && !zero ? (x.shape[i] as number) : extent));
    if (zero && sizeOf(x.shape) === 0) throw new ShapeError('it has no elements, which limn does not support.');
    return call.emit('Reshape', [x, call.ints(copied)]);
  },
  Shape: (call) => {
    const { shape } = need(call.inputs, 0);
    return [call.ints(shape.slice(int(call.attributes, 'start', 0), int(call.attributes, 'end', shape.length)))];
  },
  Size: ({ inputs, graph }) => [graph.constant(int64([], [sizeOf(need(inputs, 0).shape)]))],
  Slice: slice,
  Split: split,
  Squeeze: (call) => {
    const x = need(call.inputs, 0);
    const axes = listed(call, 'axes', 1) ?? x.shape.flatMap((extent, i) => (extent === 1 ? [i] : []));
    return call.emit('Squeeze', [x, call.ints(axes)]);
  },
  Tile: tile,
  Transpose: (call) => {
    const x = need(call.inputs, 0);
    return call.emit('Transpose', [x], {
      perm: (call.attributes.perm as number[] | undefined) ?? x.shape.map((_, i) => i).reverse(),
    });
  },
  Unsqueeze: (call) => call.emit('Unsqueeze', [call.inputs[0], call.ints(listed(call, 'axes', 1) ?? [])]),
};
