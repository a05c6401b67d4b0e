/** Operators that move elements without computing. */
import { sizeOf } from '../../tensor/tensor.js';
import * as f from '../functions.js';
import type { Value } from '../graph.js';
import { defineOperator, ShapeError } from '../registry.js';
import { axisOf, broadcastShapes, constantInts, need, unbroadcast } from './broadcast.js';

/** The VJP of everything that only renames the axes: back to the input's shape. */
const backToShape = ({
  gradients,
  inputs,
}: {
  gradients: readonly (Value | undefined)[];
  inputs: readonly (Value | undefined)[];
}) => [f.reshape(gradients[0] as Value, need(inputs, 0).shape)];

defineOperator('Reshape', {
  infer: (inputs) => {
    const x = need(inputs, 0);
    const wanted = constantInts(inputs, 1, 'the shape');
    const copied = wanted.map((extent, i) => (extent === 0 ? (x.shape[i] as number) : extent));
    const known = sizeOf(copied.filter((extent) => extent !== -1));
    const shape = copied.map((extent) => (extent === -1 ? sizeOf(x.shape) / known : extent));
    if (sizeOf(shape) !== sizeOf(x.shape) || shape.some((extent) => !Number.isInteger(extent))) {
      throw new ShapeError(`${sizeOf(x.shape)} elements cannot take the shape [${wanted}].`);
    }
    return [{ dtype: x.dtype, shape }];
  },
  vjp: backToShape,
});

defineOperator('Unsqueeze', {
  infer: (inputs) => {
    const x = need(inputs, 0);
    const axes = constantInts(inputs, 1, 'axes');
    const rank = x.shape.length + axes.length;
    const added = axes.map((axis) => axisOf(axis, rank));
    const rest = [...x.shape];
    return [
      { dtype: x.dtype, shape: Array.from({ length: rank }, (_, i) => (added.includes(i) ? 1 : (rest.shift() as number))) },
    ];
  },
  vjp: backToShape,
});

defineOperator('Squeeze', {
  infer: (inputs) => {
    const x = need(inputs, 0);
    const axes = constantInts(inputs, 1, 'axes').map((axis) => axisOf(axis, x.shape.length));
    if (axes.some((axis) => x.shape[axis] !== 1)) throw new ShapeError(`axes [${axes}] of [${x.shape}] are not all of extent 1.`);
    return [{ dtype: x.dtype, shape: x.shape.filter((_, i) => !axes.includes(i)) }];
  },
  vjp: backToShape,
});

defineOperator('Flatten', {
  infer: (inputs, attributes) => {
    const x = need(inputs, 0);
    const axis = (attributes.axis as number | undefined) ?? 1;
    return [{ dtype: x.dtype, shape: [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))] }];
  },
  vjp: backToShape,
});

defineOperator('Transpose', {
  infer: (inputs, attributes) => {
    const x = need(inputs, 0);
    const perm = attributes.perm as number[];
    if ([...perm].sort((a, b) => a - b).join() !== x.shape.map((_, i) => i).join()) {
      throw new ShapeError(`perm [${perm}] does not reorder the axes of a tensor of rank ${x.shape.length}.`);
    }
    return [{ dtype: x.dtype, shape: perm.map((axis) => x.shape[axis] as number) }];
  },
  vjp: ({ gradients, attributes }) => {
    const perm = attributes.perm as number[];
    return [
      f.transpose(
        gradients[0] as Value,
        perm.map((_, i) => perm.indexOf(i)),
      ),
    ];
  },
});

defineOperator('Expand', {
  infer: (inputs) => {
    const x = need(inputs, 0);
    return [{ dtype: x.dtype, shape: broadcastShapes(x.shape, constantInts(inputs, 1, 'the shape')) }];
  },
  vjp: ({ gradients, inputs }) => [unbroadcast(gradients[0] as Value, need(inputs, 0).shape)],
});

defineOperator('Concat', {
  infer: (inputs, attributes) => {
    const first = need(inputs, 0);
    const axis = axisOf(attributes.axis as number, first.shape.length);
    for (const [i] of inputs.entries()) {
      const part = need(inputs, i);
      if (
        part.dtype !== first.dtype ||
        part.shape.length !== first.shape.length ||
        part.shape.some((extent, j) => j !== axis && extent !== first.shape[j])
      ) {
        throw new ShapeError(`input ${i} differs from the first outside axis ${axis}.`);
      }
    }
    const total = inputs.reduce((sum, part) => sum + ((part as Value).shape[axis] as number), 0);
    return [{ dtype: first.dtype, shape: first.shape.map((extent, i) => (i === axis ? total : extent)) }];
  },
  vjp: ({ gradients, inputs, attributes }) => {
    const axis = axisOf(attributes.axis as number, need(inputs, 0).shape.length);
    return f.split(
      gradients[0] as Value,
      inputs.map((part) => (part as Value).shape[axis] as number),
      axis,
    );
  },
});

defineOperator('Split', {
  infer: (inputs, attributes) => {
    const x = need(inputs, 0);
    const axis = axisOf((attributes.axis as number | undefined) ?? 0, x.shape.length);
    const sizes = constantInts(inputs, 1, 'the sizes');
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (total !== x.shape[axis])
      throw new ShapeError(`sizes [${sizes}] add up to ${total}, but axis ${axis} has ${x.shape[axis]}.`);
    return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((extent, i) => (i === axis ? size : extent)) }));
  },
  vjp: ({ gradients, inputs, outputs, attributes }) => {
    const x = need(inputs, 0);
    const axis = axisOf((attributes.axis as number | undefined) ?? 0, x.shape.length);
    return [
      f.concat(
        outputs.map((part, i) => gradients[i] ?? f.zerosOf(x, part.shape)),
        axis,
      ),
    ];
  },
});

interface SliceRange {
  axis: number;
  start: number;
  end: number;
}

function sliceRanges(inputs: readonly (Value | undefined)[]): SliceRange[] {
  const x = need(inputs, 0);
  const starts = constantInts(inputs, 1, 'starts');
  const ends = constantInts(inputs, 2, 'ends');
  const axes = inputs[3] ? constantInts(inputs, 3, 'axes') : starts.map((_, i) => i);
  if (inputs[4] && constantInts(inputs, 4, 'steps').some((step) => step !== 1))
    throw new ShapeError('limn slices with step 1 only.');
  return axes.map((given, i) => {
    const axis = axisOf(given, x.shape.length);
    const extent = x.shape[axis] as number;
    const clamp = (at: number) => Math.min(Math.max(at < 0 ? at + extent : at, 0), extent);
    return { axis, start: clamp(starts[i] as number), end: Math.max(clamp(ends[i] as number), clamp(starts[i] as number)) };
  });
}

defineOperator('Slice', {
  infer: (inputs) => {
    const x = need(inputs, 0);
    const ranges = sliceRanges(inputs);
    const shape = x.shape.map((extent, i) => {
      const range = ranges.find(({ axis }) => axis === i);
      return range ? range.end - range.start : extent;
    });
    return [{ dtype: x.dtype, shape }];
  },
  // The gradient of what was cut away is zero: pad along each axis with zeros.
  vjp: ({ gradients, inputs }) => {
    const x = need(inputs, 0);
    let d = gradients[0] as Value;
    for (const { axis, start, end } of sliceRanges(inputs)) {
      const zeros = (size: number) =>
        size > 0
          ? [
              f.zerosOf(
                x,
                d.shape.map((extent, i) => (i === axis ? size : extent)),
              ),
            ]
          : [];
      d = f.concat([...zeros(start), d, ...zeros((x.shape[axis] as number) - end)], axis);
    }
    return [d];
  },
});

// Zeros, or another number, around x; the gradient of x is what lies inside.
defineOperator('Pad', {
  infer: (inputs) => {
    const x = need(inputs, 0);
    const pads = constantInts(inputs, 1, 'the pads');
    const rank = x.shape.length;
    if (pads.length !== 2 * rank || pads.some((pad) => pad < 0))
      throw new ShapeError(`its pads must be ${2 * rank} numbers from 0 on, but are [${pads}].`);
    return [{ dtype: x.dtype, shape: x.shape.map((extent, i) => extent + (pads[i] as number) + (pads[i + rank] as number)) }];
  },
  vjp: ({ gradients: [d], inputs, needs }) => {
    const { shape } = need(inputs, 0);
    const pads = constantInts(inputs, 1, 'the pads');
    const inside = (part: Value, extent: number, axis: number) =>
      part.shape[axis] === extent ? part : f.slice(part, axis, pads[axis] as number, (pads[axis] as number) + extent);
    const within = shape.reduce(inside, d as Value);
    const filling = inputs[2];
    const around = () => f.reshape(f.sub(f.reduceSum(d as Value), f.reduceSum(within)), filling?.shape ?? []);
    return [within, undefined, filling && needs(2) ? around() : undefined];
  },
});

// The upper or lower triangle of the last two axes.
defineOperator('Trilu', {
  infer: ([x]) => [{ dtype: need([x], 0).dtype, shape: need([x], 0).shape }],
  vjp: ({ gradients: [d], inputs: [, k], attributes }) => [(d as Value).graph.add1('Trilu', [d, k], attributes)],
});

defineOperator('Gather', {
  infer: (inputs, attributes) => {
    const [x, at] = [need(inputs, 0), need(inputs, 1)];
    const axis = axisOf((attributes.axis as number | undefined) ?? 0, x.shape.length);
    if (at.dtype !== 'int64' && at.dtype !== 'int32')
      throw new ShapeError(`indices must be int64 or int32, but are ${at.dtype}.`);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...at.shape, ...x.shape.slice(axis + 1)] }];
  },
  // Rows that were taken several times add up: a scatter-add along the first axis, with the gathered axis brought there.
  vjp: ({ gradients, inputs, attributes }) => {
    const [x, at] = [need(inputs, 0), need(inputs, 1)];
    const axis = axisOf((attributes.axis as number | undefined) ?? 0, x.shape.length);
    const rest = x.shape.filter((_, i) => i !== axis);
    const count = sizeOf(at.shape);
    const before = sizeOf(x.shape.slice(0, axis));
    const after = sizeOf(x.shape.slice(axis + 1));
    const rows = f.reshape(f.transpose(f.reshape(gradients[0] as Value, [before, count, after]), [1, 0, 2]), [
      count,
      before * after,
    ]);
    const sums = sumRows(x, x.shape[axis] as number, f.reshape(fromFront(at, x.shape[axis] as number), [count]), rows);
    const moved = f.transpose(f.reshape(sums, [x.shape[axis] as number, before, after]), [1, 0, 2]);
    return [f.reshape(moved, [...rest.slice(0, axis), x.shape[axis] as number, ...rest.slice(axis)])];
  },
});

/** Indices as int64, with those that count from the end (-1 is the last) counted from the front. */
function fromFront(at: Value, extent: number): Value {
  const whole = f.cast(at, 'int64');
  if (at.constant && Array.from(at.constant.data, Number).every((i) => i >= 0)) return whole;
  return f.where(f.less(whole, f.indices(at, [], [0])), f.add(whole, f.indices(at, [], [extent])), whole);
}

/** Above this many elements a one-hot matrix costs more than a scatter that adds one element after another. */
const oneHotLimit = 4_000_000;

/** Sums `rows` (n, d) into (size, d) by their places `at` (n): a product with a one-hot matrix, or a scatter for large tables. */
function sumRows(like: Value, size: number, at: Value, rows: Value): Value {
  const count = rows.shape[0] as number;
  if (count * size > oneHotLimit) return f.scatterAdd(f.zerosOf(like, [size, rows.shape[1] as number]), at, rows);
  const places = f.indices(
    like,
    [1, size],
    Array.from({ length: size }, (_, i) => i),
  );
  return f.matmul(f.cast(f.equal(f.reshape(at, [count, 1]), places), 'float32'), rows, { transA: true });
}

defineOperator('ScatterElements', {
  infer: (inputs) => {
    const [x, at, updates] = [need(inputs, 0), need(inputs, 1), need(inputs, 2)];
    if (updates.shape.join() !== at.shape.join())
      throw new ShapeError(`its updates must be [${at.shape}] like its indices, but are [${updates.shape}].`);
    if (at.shape.length !== x.shape.length)
      throw new ShapeError(`its indices must have the rank of its data, ${x.shape.length}.`);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  vjp: ({ gradients: [d], inputs, attributes, needs, node }) => {
    const { reduction = 'none', axis = 0 } = attributes;
    if (reduction !== 'add' && reduction !== 'none')
      throw new ShapeError(`${node.type} has a gradient with reduction = add or none.`);
    const gathered = () => (d as Value).graph.add1('GatherElements', [d, inputs[1]], { axis });
    const { shape } = need(inputs, 2);
    const covered = () => (d as Value).graph.add1('ScatterElements', [d, inputs[1], f.zerosOf(d as Value, shape)], { axis });
    return [reduction === 'add' || !needs(0) ? d : covered(), undefined, needs(2) ? gathered() : undefined];
  },
});

defineOperator('GatherElements', {
  infer: (inputs, attributes) => {
    const [x, at] = [need(inputs, 0), need(inputs, 1)];
    axisOf((attributes.axis as number | undefined) ?? 0, x.shape.length);
    if (x.shape.length !== at.shape.length)
      throw new ShapeError(`its indices must have the rank of its data, ${x.shape.length}.`);
    return [{ dtype: x.dtype, shape: at.shape }];
  },
  // Elements that were taken several times add up.
  vjp: ({ gradients: [d], inputs, attributes }) => {
    const x = need(inputs, 0);
    const zeros = f.zerosOf(x, x.shape);
    return [x.graph.add1('ScatterElements', [zeros, inputs[1], d], { axis: attributes.axis ?? 0, reduction: 'add' })];
  },
});

// Slices of the data replaced: what was replaced has no gradient, and what replaces it has that of its place. Or slices added to it.
defineOperator('ScatterND', {
  infer: (inputs, attributes) => {
    const [x, at, updates] = [need(inputs, 0), need(inputs, 1), need(inputs, 2)];
    const named = at.shape.at(-1) as number;
    const wanted = [...at.shape.slice(0, -1), ...x.shape.slice(named)];
    if (!['none', 'add'].includes(String(attributes.reduction ?? 'none')))
      throw new ShapeError(`limn replaces slices or adds to them, and has no reduction ${attributes.reduction}.`);
    if (named > x.shape.length) throw new ShapeError(`its indices name ${named} axes of ${x.shape.length}.`);
    if (updates.shape.join() !== wanted.join())
      throw new ShapeError(`its updates must be [${wanted}], but are [${updates.shape}].`);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  vjp: ({ gradients, inputs, needs, attributes }) => {
    const [x, at, updates] = [need(inputs, 0), need(inputs, 1), need(inputs, 2)];
    const d = gradients[0] as Value;
    const kept = () => (attributes.reduction === 'add' ? d : f.scatterND(d, at, f.zerosOf(d, updates.shape)));
    return [needs(0) ? kept() : undefined, undefined, needs(2) ? f.gatherND(d, at, x.shape) : undefined];
  },
});
