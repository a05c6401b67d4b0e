/** Convolution and pooling over (N, C, H, W). */
import { float32, sizeOf } from '../../tensor/tensor.js';
import * as f from '../functions.js';
import type { Attributes, Value } from '../graph.js';
import { defineOperator, ShapeError } from '../registry.js';
import { need } from './broadcast.js';

interface Window {
  kernel: [number, number];
  strides: [number, number];
  /** top, left, bottom, right */
  pads: [number, number, number, number];
  dilations: [number, number];
}

function windowOf(attributes: Attributes, kernel?: readonly number[]): Window {
  if (attributes.auto_pad !== undefined && attributes.auto_pad !== 'NOTSET')
    throw new ShapeError(`auto_pad ${String(attributes.auto_pad)} is not supported; write the pads out.`);
  if (attributes.ceil_mode === 1) throw new ShapeError('ceil_mode 1 is not supported.');
  return {
    kernel: (kernel ?? attributes.kernel_shape) as [number, number],
    strides: (attributes.strides as [number, number] | undefined) ?? [1, 1],
    pads: (attributes.pads as [number, number, number, number] | undefined) ?? [0, 0, 0, 0],
    dilations: (attributes.dilations as [number, number] | undefined) ?? [1, 1],
  };
}

function slide(x: Value, { kernel, strides, pads, dilations }: Window): [number, number] {
  if (x.shape.length !== 4)
    throw new ShapeError(`limn convolves and pools over (N, C, H, W) only, and its input is [${x.shape}].`);
  const along = (axis: 0 | 1) => {
    const reach = dilations[axis] * (kernel[axis] - 1) + 1;
    const padded = (x.shape[2 + axis] as number) + pads[axis] + pads[axis + 2]!;
    if (padded < reach) throw new ShapeError(`a window of ${reach} does not fit into the padded extent ${padded}.`);
    return Math.floor((padded - reach) / strides[axis]) + 1;
  };
  return [along(0), along(1)];
}

/** The gradient by x of a convolution: the transposed convolution of d with the same weight. (N, O, h, w) -> x's shape */
function convInputGradient(d: Value, weight: Value, x: Value, window: Window, groups: number): Value {
  const { kernel, strides, pads, dilations } = window;
  const leftOver = ([0, 1] as const).map((axis) => {
    const reached =
      strides[axis] * ((d.shape[2 + axis] as number) - 1) +
      dilations[axis] * (kernel[axis] - 1) +
      1 -
      pads[axis] -
      pads[axis + 2]!;
    return (x.shape[2 + axis] as number) - reached;
  });
  return d.graph.add1('ConvTranspose', [d, weight], {
    strides,
    pads,
    dilations,
    group: groups,
    kernel_shape: kernel,
    output_padding: leftOver,
  });
}

/**
 * The gradient by the weight: a convolution whose batch is the input's channels, whose channels are the batch, and whose kernel
 * is d, with strides and dilations exchanged. Groups stay groups.
 */
function convWeightGradient(d: Value, x: Value, weight: Value, window: Window, groups: number): Value {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const [o, perGroup, kh, kw] = weight.shape as [number, number, number, number];
  const [, , dh, dw] = d.shape as [number, number, number, number];
  const images = f.reshape(f.transpose(f.reshape(x, [n, groups, c / groups, h, w]), [2, 1, 0, 3, 4]), [
    perGroup,
    groups * n,
    h,
    w,
  ]);
  const kernels = f.transpose(d, [1, 0, 2, 3]);
  const full = f.conv(images, kernels, undefined, {
    strides: window.dilations,
    pads: window.pads,
    dilations: window.strides,
    groups,
  });
  const cut = f.slice(f.slice(full, 2, 0, kh), 3, 0, kw);
  if (dh < 1 || dw < 1) throw new ShapeError('its gradient has no elements.');
  return f.transpose(f.reshape(cut, [perGroup, o, kh, kw]), [1, 0, 2, 3]);
}

defineOperator('Conv', {
  infer: (inputs, attributes) => {
    const [x, weight] = [need(inputs, 0), need(inputs, 1)];
    const groups = (attributes.group as number | undefined) ?? 1;
    if (
      weight.shape.length !== 4 ||
      (weight.shape[1] as number) * groups !== x.shape[1] ||
      (weight.shape[0] as number) % groups !== 0
    ) {
      throw new ShapeError(`a weight [${weight.shape}] in ${groups} groups does not fit ${x.shape[1]} channels.`);
    }
    if (inputs[2] && inputs[2].shape.join() !== String(weight.shape[0]))
      throw new ShapeError(`the bias must be [${weight.shape[0]}].`);
    return [
      {
        dtype: x.dtype,
        shape: [x.shape[0] as number, weight.shape[0] as number, ...slide(x, windowOf(attributes, weight.shape.slice(2)))],
      },
    ];
  },
  vjp: ({ gradients, inputs, attributes, needs }) => {
    const [x, weight] = [need(inputs, 0), need(inputs, 1)];
    const d = gradients[0] as Value;
    const window = windowOf(attributes, weight.shape.slice(2));
    const groups = (attributes.group as number | undefined) ?? 1;
    return [
      needs(0) ? convInputGradient(d, weight, x, window, groups) : undefined,
      needs(1) ? convWeightGradient(d, x, weight, window, groups) : undefined,
      inputs[2] && needs(2) ? f.reduceSum(d, [0, 2, 3]) : undefined,
    ];
  },
});

defineOperator('ConvTranspose', {
  infer: (inputs, attributes) => {
    const [x, weight] = [need(inputs, 0), need(inputs, 1)];
    const { kernel, strides, pads, dilations } = windowOf(attributes, weight.shape.slice(2));
    const extra = (attributes.output_padding as [number, number] | undefined) ?? [0, 0];
    const extents = ([0, 1] as const).map(
      (axis) =>
        strides[axis] * ((x.shape[2 + axis] as number) - 1) +
        dilations[axis] * (kernel[axis] - 1) +
        1 +
        extra[axis] -
        pads[axis] -
        pads[axis + 2]!,
    );
    const groups = (attributes.group as number | undefined) ?? 1;
    if (weight.shape.length !== 4 || weight.shape[0] !== x.shape[1])
      throw new ShapeError(`a weight [${weight.shape}] does not fit ${x.shape[1]} channels.`);
    return [{ dtype: x.dtype, shape: [x.shape[0] as number, (weight.shape[1] as number) * groups, ...extents] }];
  },
  // The transposed convolution is the gradient of a convolution by its input: its own gradients are that convolution and its weight's.
  vjp: ({ gradients, inputs, attributes, needs }) => {
    const [x, weight] = [need(inputs, 0), need(inputs, 1)];
    const d = gradients[0] as Value;
    const window = windowOf(attributes, weight.shape.slice(2));
    const groups = (attributes.group as number | undefined) ?? 1;
    const { strides, pads, dilations } = window;
    return [
      needs(0) ? f.conv(d, weight, undefined, { strides, pads, dilations, groups }) : undefined,
      needs(1) ? convWeightGradient(x, d, weight, window, groups) : undefined,
      inputs[2] && needs(2) ? f.reduceSum(d, [0, 2, 3]) : undefined,
    ];
  },
});

// The second output holds, for each maximum, its place in the flattened input: the gradient goes there.
defineOperator('MaxPool', {
  infer: (inputs, attributes) => {
    const x = need(inputs, 0);
    const shape = [...x.shape.slice(0, 2), ...slide(x, windowOf(attributes))];
    return [
      { dtype: x.dtype, shape },
      { dtype: 'int64', shape },
    ];
  },
  vjp: ({ gradients, inputs, outputs }) => {
    const x = need(inputs, 0);
    const d = gradients[0] as Value;
    const count = sizeOf(d.shape);
    const flat = f.scatterAdd(f.zerosOf(x, [sizeOf(x.shape)]), f.reshape(outputs[1] as Value, [count]), f.reshape(d, [count]));
    return [f.reshape(flat, x.shape)];
  },
});

// Each output's gradient is spread evenly over the cells that it averaged.
defineOperator('AveragePool', {
  infer: (inputs, attributes) => {
    const x = need(inputs, 0);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...slide(x, windowOf(attributes))] }];
  },
  vjp: ({ gradients, inputs, attributes }) => {
    const x = need(inputs, 0);
    const d = gradients[0] as Value;
    const window = windowOf(attributes);
    const counts = averagedCells(x, d, window, attributes.count_include_pad === 1);
    const channels = x.shape[1] as number;
    const ones = f.filled(x, [channels, 1, ...window.kernel], 1);
    return [convInputGradient(f.div(d, counts), ones, x, window, channels)];
  },
});

/** How many cells of the input each average covers: (1, 1, h, w). */
function averagedCells(x: Value, d: Value, { kernel, strides, pads, dilations }: Window, withPads: boolean): Value {
  const [h, w] = d.shape.slice(2) as [number, number];
  const covered = (axis: 0 | 1, at: number) => {
    const start = at * strides[axis] - pads[axis];
    const cells = Array.from({ length: kernel[axis] }, (_, i) => start + i * dilations[axis]);
    return withPads ? cells.length : cells.filter((cell) => cell >= 0 && cell < (x.shape[2 + axis] as number)).length;
  };
  const counts = Array.from({ length: h * w }, (_, i) => covered(0, Math.floor(i / w)) * covered(1, i % w));
  return x.graph.constant(float32([1, 1, h, w], counts), 'counts');
}

defineOperator('GlobalAveragePool', {
  infer: (inputs) => {
    const x = need(inputs, 0);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...x.shape.slice(2).map(() => 1)] }];
  },
  vjp: ({ gradients, inputs }) => {
    const x = need(inputs, 0);
    return [f.expand(f.mul(gradients[0] as Value, 1 / sizeOf(x.shape.slice(2))), x.shape)];
  },
});
