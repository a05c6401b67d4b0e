/** Import rules of operators about places: chosen, counted, exchanged with channels. */
import { int64, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { elementTypes } from '../element-types.js';
import type { Value } from '../graph.js';
import { axisOf, constantInts, need } from '../ops/broadcast.js';
import { ShapeError } from '../registry.js';
import { calculator } from './calculator.js';
import { type Call, castTo, type ImportRule, int } from './call.js';
import { everyIndex, positionOf } from './fold-arithmetic.js';
import { computedDtype } from './tensors.js';

/** Indices equal to 0, 1, 2, ... along a new axis choose between the two values. */
const oneHot: ImportRule = (call) => {
  const [given, values] = [need(call.inputs, 0), need(call.inputs, 2)];
  const depth = constantInts(call.inputs, 1, 'the depth')[0] as number;
  const at = castTo(call, given, elementTypes.int64);
  const rank = at.shape.length + 1;
  const axis = axisOf(int(call.attributes, 'axis', -1), rank);
  const wrapped = call.emit1('Where', [
    call.emit1('Less', [at, call.ints([0])]),
    call.emit1('Add', [at, call.ints([depth])]),
    at,
  ]);
  const column = call.emit1('Unsqueeze', [wrapped, call.ints([axis])]);
  const c = calculator(call);
  const positions = c.reshape(
    call.ints(Array.from({ length: depth }, (_, i) => i)),
    Array.from({ length: rank }, (_, i) => (i === axis ? depth : 1)),
  );
  const [off, on] = call.emit('Split', [values, call.ints([1, 1])], { axis: 0 }).map((value) => c.reshape(value, []));
  return [call.emit1('Where', [call.emit1('Equal', [column, positions]), on, off])];
};

const eyeLike: ImportRule = (call) => {
  const { shape, dtype } = need(call.inputs, 0);
  if (shape.length !== 2) throw new ShapeError('its input must have two axes.');
  const to = call.attributes.dtype === undefined ? dtype : computedDtype(call.attributes.dtype as number);
  if (!to) throw new ShapeError(`it produces the ONNX type ${String(call.attributes.dtype)}, which limn does not use.`);
  const [rows, columns] = shape as [number, number];
  const k = int(call.attributes, 'k', 0);
  const ones = int64(
    shape,
    Array.from({ length: rows * columns }, (_, i) => Number((i % columns) - Math.floor(i / columns) === k)),
  );
  return [castTo(call, call.graph.constant(ones), elementTypes[to])];
};

function known(call: Call, i: number, what: string): Tensor {
  const content = need(call.inputs, i).constant;
  if (!content) throw new ShapeError(`${what} must be a constant: how many elements it has must be known.`);
  return content;
}

const nonZero: ImportRule = (call) => {
  const content = known(call, 0, 'its input');
  const found: number[][] = [];
  everyIndex(content.shape, (at, position) => {
    if (content.data[position]) found.push([...at]);
  });
  const rows = content.shape.flatMap((_, axis) => found.map((at) => at[axis] as number));
  return [call.graph.constant(int64([content.shape.length, found.length], rows))];
};

const compress: ImportRule = (call) => {
  const x = need(call.inputs, 0);
  const rows = Array.from(known(call, 1, 'the condition').data, Number).flatMap((value, i) => (value ? [i] : []));
  const c = calculator(call);
  if (call.attributes.axis !== undefined) return [c.gather(x, rows, axisOf(int(call.attributes, 'axis', 0), x.shape.length))];
  return [c.gather(c.reshape(x, [sizeOf(x.shape)]), rows, 0)];
};

/** Channels become places within blocks. */
const depthToSpace: ImportRule = (call) => {
  const c = calculator(call);
  const x = need(call.inputs, 0);
  const block = int(call.attributes, 'blocksize', 0);
  const [n, channels, h, w] = x.shape as [number, number, number, number];
  const rest = channels / block ** 2;
  const byColumn = call.attributes.mode === 'CRD';
  const apart = c.reshape(x, byColumn ? [n, rest, block, block, h, w] : [n, block, block, rest, h, w]);
  const turned = c.transpose(apart, byColumn ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]);
  return [c.reshape(turned, [n, rest, h * block, w * block])];
};

const spaceToDepth: ImportRule = (call) => {
  const c = calculator(call);
  const x = need(call.inputs, 0);
  const block = int(call.attributes, 'blocksize', 0);
  const [n, channels, h, w] = x.shape as [number, number, number, number];
  const apart = c.reshape(x, [n, channels, h / block, block, w / block, block]);
  return [c.reshape(c.transpose(apart, [0, 3, 5, 1, 2, 4]), [n, channels * block ** 2, h / block, w / block])];
};

/** Cuts around the middle, or pads with zeros. */
const centerCropPad: ImportRule = (call) => {
  let x = need(call.inputs, 0);
  const wanted = constantInts(call.inputs, 1, 'the shape');
  const axes = (call.attributes.axes as number[] | undefined) ?? x.shape.map((_, i) => i);
  const c = calculator(call);
  for (const [i, given] of axes.entries()) {
    const axis = axisOf(given, x.shape.length);
    const [extent, size] = [x.shape[axis] as number, wanted[i] as number];
    if (size < extent) {
      const start = Math.floor((extent - size) / 2);
      x = c.slice(x, axis, start, start + size);
    } else if (size > extent) {
      const pads = Array<number>(2 * x.shape.length).fill(0);
      pads[axis] = Math.floor((size - extent) / 2);
      pads[axis + x.shape.length] = size - extent - (pads[axis] as number);
      x = call.emit1('Pad', [x, call.ints(pads)]);
    }
  }
  return [x];
};

/** The first elements of each row turned about; rows are known by their lengths. */
const reverseSequence: ImportRule = (call) => {
  const c = calculator(call);
  const x = need(call.inputs, 0);
  const lengths = constantInts(call.inputs, 1, 'the lengths');
  const [batch, time] = [int(call.attributes, 'batch_axis', 1), int(call.attributes, 'time_axis', 0)];
  const extent = x.shape[time] as number;
  const rows = lengths.map((length, i) => {
    const row = c.slice(x, batch, i, i + 1);
    const order = Array.from({ length: extent }, (_, at) => (at < length ? length - 1 - at : at));
    return c.gather(row, order, time);
  });
  return [rows.length === 1 ? (rows[0] as Value) : c.concat(rows, batch)];
};

/** The greatest or least elements of a constant, equal ones in the order of their places. */
const topK: ImportRule = (call) => {
  const content = need(call.inputs, 0).constant;
  if (!content)
    throw new ShapeError('which elements are the greatest depends on the input, and limn has no gradient for a choice.');
  const axis = axisOf(int(call.attributes, 'axis', -1), content.shape.length);
  const count = call.inputs[1] ? (constantInts(call.inputs, 1, 'k')[0] as number) : int(call.attributes, 'k', 1);
  const sign = int(call.attributes, 'largest', 1) === 1 ? -1 : 1;
  const shape = content.shape.map((extent, i) => (i === axis ? count : extent));
  const places = new Array<number>(sizeOf(shape));
  everyIndex(shape, (at) => {
    if (at[axis] !== 0) return;
    const value = (along: number) => content.data[positionOf(content.shape, (i) => (i === axis ? along : at[i]!))]!;
    const order = Array.from({ length: content.shape[axis] as number }, (_, along) => along);
    order.sort((a, b) => (value(a) === value(b) ? a - b : value(a) < value(b) ? -sign : sign));
    order.slice(0, count).forEach((along, i) => {
      places[positionOf(shape, (j) => (j === axis ? i : at[j]!))] = along;
    });
  });
  const indices = call.graph.constant(int64(shape, places));
  return [call.emit1('GatherElements', [call.inputs[0], indices], { axis }), indices];
};

export const indexRules: Readonly<Record<string, ImportRule>> = {
  CenterCropPad: centerCropPad,
  Compress: compress,
  DepthToSpace: depthToSpace,
  EyeLike: eyeLike,
  NonZero: nonZero,
  OneHot: oneHot,
  ReverseSequence: reverseSequence,
  SpaceToDepth: spaceToDepth,
  TopK: topK,
};
