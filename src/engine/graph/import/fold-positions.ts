/** Folds operators that look along an axis or write to places: positions counted from a mask, the greatest element, scattered masks. */
import { newArray, type Tensor, tensor, wholeOf } from '../../tensor/tensor.js';
import type { Attributes } from '../graph.js';
import { axisOf } from '../ops/broadcast.js';
import { ShapeError, type ValueType } from '../registry.js';
import { everyIndex, fromIntegers, fromNumbers, positionOf } from './fold-arithmetic.js';

type PositionRule = (inputs: readonly (Tensor | undefined)[], attributes: Attributes, result: ValueType) => Tensor | undefined;

const rules: Readonly<Record<string, PositionRule>> = {
  ArgMax: (inputs, attributes, result) => greatest(inputs[0] as Tensor, attributes, result, 1),
  ArgMin: (inputs, attributes, result) => greatest(inputs[0] as Tensor, attributes, result, -1),
  CumSum: ([x, at], attributes, result) => {
    const { shape } = x as Tensor;
    const axis = axisOf(wholeOf(at?.data[0] ?? 0), shape.length);
    const run = runningSums(x as Tensor, axis, attributes.exclusive === 1, attributes.reverse === 1);
    return result.dtype === 'float32'
      ? fromNumbers(result, Float64Array.from(run, Number))
      : fromIntegers(result, run as bigint[]);
  },
  ScatterND: ([x, indices, updates], attributes) => {
    if (attributes.reduction !== undefined && attributes.reduction !== 'none') return undefined;
    const [data, at, from] = [x as Tensor, indices as Tensor, updates as Tensor];
    const named = at.shape.at(-1) as number;
    const made = newArray(data.dtype, data.data.length);
    made.set(data.data as never);
    everyIndex(from.shape, (where, position) => {
      const lead = where.slice(0, at.shape.length - 1);
      const rest = where.slice(at.shape.length - 1);
      const to = positionOf(data.shape, (axis) => {
        if (axis >= named) return rest[axis - named]!;
        const index = wholeOf(at.data[positionOf(at.shape, (i) => lead[i] ?? axis)]!);
        return placeWithin(index, data.shape[axis]!);
      });
      made[to] = from.data[position]!;
    });
    return tensor(data.dtype, data.shape, made);
  },
};

export function foldPositions(
  type: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Attributes,
  result: ValueType,
): Tensor | undefined {
  return rules[type]?.(inputs, attributes, result);
}

function placeWithin(index: number, extent: number): number {
  if (!(index >= -extent && index < extent)) throw new ShapeError(`index ${index} is beyond the axis of ${extent}.`);
  return index < 0 ? index + extent : index;
}

function runningSums(x: Tensor, axis: number, exclusive: boolean, reverse: boolean): (number | bigint)[] {
  const zero = x.dtype === 'float32' ? 0 : 0n;
  const extent = x.shape[axis]!;
  const value = (position: number) => (x.dtype === 'float32' ? (x.data[position] as number) : BigInt(x.data[position]!));
  const sums = new Array<number | bigint>(x.data.length);
  everyIndex(x.shape, (at) => {
    if (at[axis] !== 0) return;
    let sum = zero;
    for (let step = 0; step < extent; step++) {
      const along = reverse ? extent - 1 - step : step;
      const position = positionOf(x.shape, (i) => (i === axis ? along : at[i]!));
      if (exclusive) sums[position] = sum;
      sum = ((sum as number) + (value(position) as number)) as typeof sum;
      if (!exclusive) sums[position] = sum;
    }
  });
  return sums;
}

function greatest(x: Tensor, attributes: Attributes, result: ValueType, sign: 1 | -1): Tensor {
  const axis = axisOf((attributes.axis as number | undefined) ?? 0, x.shape.length);
  const found: bigint[] = [];
  everyIndex(x.shape, (at) => {
    if (at[axis] !== 0) return;
    let best = 0;
    const value = (along: number) => x.data[positionOf(x.shape, (i) => (i === axis ? along : at[i]!))]!;
    for (let along = 1; along < x.shape[axis]!; along++) {
      const [here, there] = sign > 0 ? [value(along), value(best)] : [value(best), value(along)];
      if (here > there || (attributes.select_last_index === 1 && here === there)) best = along;
    }
    found.push(BigInt(best));
  });
  // Row-major order of the places without the axis is that of the places with it at 0.
  return fromIntegers(result, found);
}
