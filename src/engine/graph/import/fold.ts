/**
 * Computes nodes whose inputs are all constants. Exporters work out shapes, positions and masks inside the graph; limn's shapes
 * are static, so all of that is settled when a file is imported.
 */
import { newArray, sizeOf, type Tensor, tensor, wholeOf } from '../../tensor/tensor.js';
import type { Attributes } from '../graph.js';
import { axisOf } from '../ops/broadcast.js';
import { ShapeError, type ValueType } from '../registry.js';
import { broadcastPosition, everyIndex, foldElementwise, foldReduction, positionOf } from './fold-arithmetic.js';
import { foldPositions } from './fold-positions.js';

/** More elements than these stay nodes, so that a training file holds a rule and not its large result. */
const largest = { float: 16_384, other: 1_048_576 };

const renamings = new Set(['Identity', 'Reshape', 'Squeeze', 'Unsqueeze', 'Flatten']);

/** The outputs of a node in limn's own form (see rules.ts), or undefined where it must be left to run time. */
export function fold(
  type: string,
  inputs: readonly (Tensor | undefined)[],
  attributes: Attributes,
  types: readonly ValueType[],
): Tensor[] | undefined {
  const first = inputs[0];
  const result = types[0];
  if (!first || !result) return undefined;
  const limit = result.dtype.startsWith('float') ? largest.float : largest.other;
  if (types.some(({ shape }) => sizeOf(shape) > limit) || result.dtype === 'float16') return undefined;
  const given = inputs.filter((input): input is Tensor => input !== undefined);
  if (renamings.has(type)) return [tensor(result.dtype, result.shape, first.data as never)];
  const computed =
    foldElementwise(type, given, attributes, result) ??
    foldReduction(type, first, () => numbers(inputs[1]), result) ??
    foldPositions(type, inputs, attributes, result);
  if (computed) return [computed];
  const taken = layouts[type]?.(given, attributes, types);
  return taken?.map((take, i) => gathered(types[i] as ValueType, take));
}

/** Where each element of an output comes from: a tensor, and the place in it; undefined for a zero. */
type Source = (at: readonly number[]) => readonly [Tensor, number] | undefined;

const layouts: Readonly<Record<string, (inputs: Tensor[], attributes: Attributes, types: readonly ValueType[]) => Source[]>> = {
  Transpose: ([x], attributes) => {
    const perm = attributes.perm as number[];
    return [(at) => [x!, positionOf(x!.shape, (axis) => at[perm.indexOf(axis)]!)]];
  },
  Expand: ([x]) => [(at) => [x!, broadcastPosition(x!.shape, at)]],
  Slice: ([x, starts, , axes]) => {
    const clamp = (value: number, extent: number) => Math.min(Math.max(value < 0 ? value + extent : value, 0), extent);
    const from = x!.shape.map(() => 0);
    numbers(starts).forEach((start, i) => {
      const axis = axisOf(axes ? numbers(axes)[i]! : i, from.length);
      from[axis] = clamp(start, x!.shape[axis]!);
    });
    return [(at) => [x!, positionOf(x!.shape, (axis) => at[axis]! + from[axis]!)]];
  },
  Gather: ([x, indices], attributes) => {
    const axis = axisOf((attributes.axis as number | undefined) ?? 0, x!.shape.length);
    const rank = indices!.shape.length;
    const rows = numbers(indices).map((row) => positionIn(row, x!.shape[axis]!));
    return [
      (at) => {
        const row = rows[positionOf(indices!.shape, (i) => at[axis + i]!)]!;
        return [x!, positionOf(x!.shape, (i) => (i < axis ? at[i]! : i === axis ? row : at[i + rank - 1]!))];
      },
    ];
  },
  GatherElements: ([x, indices], attributes) => {
    const axis = axisOf((attributes.axis as number | undefined) ?? 0, x!.shape.length);
    const rows = numbers(indices).map((row) => positionIn(row, x!.shape[axis]!));
    return [(at) => [x!, positionOf(x!.shape, (i) => (i === axis ? rows[positionOf(indices!.shape, (j) => at[j]!)]! : at[i]!))]];
  },
  Pad: ([x, pads, filling]) => {
    const before = numbers(pads);
    return [
      (at) => {
        const inside = x!.shape.every((extent, i) => at[i]! >= before[i]! && at[i]! < before[i]! + extent);
        return inside ? [x!, positionOf(x!.shape, (i) => at[i]! - before[i]!)] : filling && [filling, 0];
      },
    ];
  },
  Concat: (parts, attributes) => {
    const axis = axisOf(attributes.axis as number, parts[0]!.shape.length);
    return [
      (at) => {
        let along = at[axis]!;
        for (const part of parts) {
          if (along < part.shape[axis]!) return [part, positionOf(part.shape, (i) => (i === axis ? along : at[i]!))];
          along -= part.shape[axis]!;
        }
        return undefined;
      },
    ];
  },
  Split: ([x], attributes, types) => {
    const axis = axisOf((attributes.axis as number | undefined) ?? 0, x!.shape.length);
    let before = 0;
    return types.map(({ shape }) => {
      const from = before;
      before += shape[axis]!;
      return (at) => [x!, positionOf(x!.shape, (i) => at[i]! + (i === axis ? from : 0))];
    });
  },
  Trilu: ([x, k], attributes) => {
    const offset = numbers(k)[0] ?? 0;
    const inside = (row: number, column: number) => (attributes.upper === 0 ? column - row <= offset : column - row >= offset);
    return [(at) => (inside(at.at(-2)!, at.at(-1)!) ? [x!, positionOf(x!.shape, (i) => at[i]!)] : undefined)];
  },
};

/** Indices, axes and the like as doubles: what is beyond 2^53 is beyond every tensor before and after. */
function numbers(x: Tensor | undefined): number[] {
  return x ? Array.from(x.data, wholeOf) : [];
}

/** An index counted from the front; one outside the axis is a mistake, never an element of the next row. */
function positionIn(row: number, extent: number): number {
  if (!(row >= -extent && row < extent)) throw new ShapeError(`index ${row} is beyond the axis of ${extent}.`);
  return row < 0 ? row + extent : row;
}

function gathered({ dtype, shape }: ValueType, source: Source): Tensor {
  const data = newArray(dtype, sizeOf(shape));
  everyIndex(shape, (at, position) => {
    const from = source(at);
    if (from) data[position] = from[0].data[from[1]]!;
  });
  return tensor(dtype, shape, data);
}
