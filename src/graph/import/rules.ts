/**
 * How the operators of a file become limn's: mostly as they are, with the forms of older operator sets brought to opset 20, and
 * some written with others. A rule gets the node's inputs as values and returns its outputs.
 */
import { LimnError, messageOf } from '../../core/errors.js';
import { int64, type Shape, scalar, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { elementTypes } from '../element-types.js';
import * as f from '../functions.js';
import { type Attributes, Float, type Graph, type Value } from '../graph.js';
import { axisOf, broadcastShapes, constantInts, need } from '../ops/broadcast.js';
import { operatorOf, ShapeMistake } from '../registry.js';
import type { FileGraph, FileNode } from './file-graph.js';
import { fold } from './fold.js';
import { computedDtype } from './tensors.js';

/** A node of a file with its inputs at hand. */
interface Call {
  type: string;
  graph: Graph;
  inputs: readonly (Value | undefined)[];
  attributes: Attributes;
  outputs: number;
  opset: number;
  /** Adds a node, or computes it at once when it depends on constants only. */
  emit(type: string, inputs: readonly (Value | undefined)[], attributes?: Attributes): Value[];
  /** The first output of `emit`. */
  emit1(type: string, inputs: readonly (Value | undefined)[], attributes?: Attributes): Value;
  ints(values: readonly number[]): Value;
  body(name: string): Value[];
}

type Rule = (call: Call) => (Value | undefined)[];

/** Operators that are taken as they are, with the attributes that they keep. */
const direct: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    (
      'Abs Add And Ceil Cos Div Equal Erf Exp Floor GlobalAveragePool Greater GreaterOrEqual HardSwish IsNaN Less LessOrEqual ' +
      'Log MatMul Mul Neg Not Or Reciprocal Relu Sigmoid Sin Sqrt Sub Tanh Where'
    )
      .split(' ')
      .map((type) => [type, []]),
  ),
  ArgMax: ['axis', 'keepdims', 'select_last_index'],
  Concat: ['axis'],
  Flatten: ['axis'],
  Gather: ['axis'],
  GatherElements: ['axis'],
  Gemm: ['alpha', 'beta', 'transA', 'transB'],
  HardSigmoid: ['alpha', 'beta'],
  LayerNormalization: ['axis', 'epsilon'],
  Mod: ['fmod'],
  ScatterElements: ['axis', 'reduction'],
  Trilu: ['upper'],
  'com.microsoft.FusedMatMul': ['alpha', 'transA', 'transB'],
  'com.microsoft.Gelu': [],
  'com.microsoft.QuickGelu': ['alpha'],
};

function pick(attributes: Attributes, names: readonly string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => names.includes(name)));
}

const int = (attributes: Attributes, name: string, otherwise: number) => (attributes[name] as number | undefined) ?? otherwise;

/** Axes, sizes and the like: an attribute in older operator sets, an input in newer ones. */
function listed({ inputs, attributes }: Call, name: string, input: number): number[] | undefined {
  if (inputs[input]) return constantInts(inputs, input, name);
  return attributes[name] as number[] | undefined;
}

function renamed(call: Call, shape: Shape): Value[] {
  return call.emit('Reshape', [call.inputs[0], call.ints(shape)]);
}

/** Several inputs, two by two. */
const chained =
  (type: string): Rule =>
  (call) => [call.inputs.slice(1).reduce<Value>((sum, x) => call.emit1(type, [sum, x]), need(call.inputs, 0))];

const reduction =
  (type: string, before: (call: Call, x: Value) => Value = (_, x) => x, after = before): Rule =>
  (call) => {
    const x = need(call.inputs, 0);
    const axes = listed(call, 'axes', 1) ?? [];
    if (axes.length === 0 && call.attributes.noop_with_empty_axes === 1) return [x];
    const over = axes.length > 0 ? axes : x.shape.map((_, i) => i);
    const keepdims = int(call.attributes, 'keepdims', 1);
    return [after(call, call.emit1(type, [before(call, x), call.ints(over)], { keepdims }))];
  };

const same = (_: Call, x: Value) => x;
const squared = (call: Call, x: Value) => call.emit1('Mul', [x, x]);

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

const slice: Rule = (call) => {
  const starts = listed(call, 'starts', 1) ?? [];
  const ends = listed(call, 'ends', 2) ?? [];
  const axes = listed(call, 'axes', 3) ?? starts.map((_, i) => i);
  const steps = call.inputs[4] ? constantInts(call.inputs, 4, 'steps') : starts.map(() => 1);
  let x = need(call.inputs, 0);
  const plain = steps.flatMap((step, i) => (step === 1 ? [i] : []));
  const pick = (values: readonly number[]) => call.ints(plain.map((i) => Math.min(values[i] as number, Number.MAX_SAFE_INTEGER)));
  if (plain.length > 0) x = call.emit1('Slice', [x, pick(starts), pick(ends), pick(axes)]);
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

const split: Rule = (call) => {
  const x = need(call.inputs, 0);
  const axis = axisOf(int(call.attributes, 'axis', 0), x.shape.length);
  const extent = x.shape[axis] as number;
  const part = Math.ceil(extent / call.outputs);
  const equal = Array.from({ length: call.outputs }, (_, i) => Math.min(part, extent - i * part));
  return call.emit('Split', [x, call.ints(listed(call, 'split', 1) ?? equal)], { axis });
};

const pad: Rule = (call) => {
  const x = need(call.inputs, 0);
  const { mode = 'constant', value } = call.attributes;
  if (mode !== 'constant') throw new ShapeMistake(`limn pads with a constant, not in mode ${String(mode)}.`);
  const given = listed(call, 'pads', 1) ?? [];
  const axes = (call.inputs[3] ? constantInts(call.inputs, 3, 'axes') : x.shape.map((_, i) => i)).map((axis) =>
    axisOf(axis, x.shape.length),
  );
  const pads = [...x.shape, ...x.shape].map(() => 0);
  axes.forEach((axis, i) => {
    pads[axis] = given[i] as number;
    pads[axis + x.shape.length] = given[i + axes.length] as number;
  });
  const filling = call.inputs[2] ?? (value instanceof Float ? call.graph.constant(scalar(value.value)) : undefined);
  return call.emit('Pad', [x, call.ints(pads), filling]);
};

/** Rows by index tuples: one index into the axes that the tuples cover, taken as one. */
const gatherNd: Rule = (call) => {
  const [x, at] = [need(call.inputs, 0), need(call.inputs, 1)];
  if (int(call.attributes, 'batch_dims', 0) !== 0) throw new ShapeMistake('batch_dims other than 0 are not supported.');
  const count = at.shape.at(-1) as number;
  const covered = x.shape.slice(0, count);
  const strides = covered.map((_, i) => sizeOf(covered.slice(i + 1)));
  const wrapped = call.emit1('Where', [
    call.emit1('Less', [at, call.ints([0])]),
    call.emit1('Add', [at, call.ints(covered)]),
    at,
  ]);
  const places = call.emit1('ReduceSum', [call.emit1('Mul', [wrapped, call.ints(strides)]), call.ints([-1])], { keepdims: 0 });
  return call.emit('Gather', [f.reshape(x, [sizeOf(covered), ...x.shape.slice(count)]), places], { axis: 0 });
};

const tile: Rule = (call) => {
  const x = need(call.inputs, 0);
  const repeats = constantInts(call.inputs, 1, 'the repeats');
  const apart = call.emit1('Reshape', [x, call.ints(x.shape.flatMap((extent) => [1, extent]))]);
  const wide = call.emit1('Expand', [apart, call.ints(x.shape.flatMap((extent, i) => [repeats[i] as number, extent]))]);
  return call.emit('Reshape', [wide, call.ints(x.shape.map((extent, i) => extent * (repeats[i] as number)))]);
};

const range: Rule = ({ inputs, graph }) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => {
    const content = need(inputs, i).constant;
    if (!content) throw new ShapeMistake('its bounds must be constants.');
    return Number(content.data[0]);
  }) as [number, number, number];
  const { dtype } = need(inputs, 0);
  const size = Math.max(0, Math.ceil((limit - start) / delta));
  if (!(size <= 1 << 20)) throw new ShapeMistake(`it would have ${size} elements.`);
  const values = Array.from({ length: size }, (_, i) => start + i * delta);
  return [f.cast(graph.constant(int64([size], values)), dtype)];
};

/** 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
function tanhGelu(x: Value): Value {
  const inner = f.mul(f.add(x, f.mul(f.mul(f.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
  return f.mul(f.mul(x, 0.5), f.add(f.tanh(inner), 1));
}

function castTo(call: Call, x: Value, elementType: number): Value[] {
  const dtype = computedDtype(elementType);
  if (!dtype) throw new ShapeMistake(`it casts to the ONNX type ${elementType}, which limn does not use.`);
  return x.dtype === dtype ? [x] : call.emit('Cast', [x], { to: elementTypes[dtype] });
}

const rules: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    Object.entries(direct).map(([type, kept]): [string, Rule] => [
      type,
      ({ inputs, attributes, emit }) => emit(type.split('.').at(-1) as string, inputs, pick(attributes, kept)),
    ]),
  ),
  AveragePool: windowed,
  BatchNormalization: (call) => {
    if (call.attributes.training_mode === 1)
      throw new ShapeMistake('it is in training mode: export the model in evaluation mode.');
    return call.emit('BatchNormalization', call.inputs, pick(call.attributes, ['epsilon']));
  },
  Cast: (call) => castTo(call, need(call.inputs, 0), int(call.attributes, 'to', 0)),
  CastLike: (call) => castTo(call, need(call.inputs, 0), elementTypes[need(call.inputs, 1).dtype]),
  Clip: (call) => {
    const bound = (i: number, name: string) => {
      const given = call.inputs[i];
      if (given) return given.shape.length === 0 ? given : call.emit1('Reshape', [given, call.ints([])]);
      const value = call.attributes[name];
      return value instanceof Float ? call.graph.constant(scalar(value.value)) : undefined;
    };
    return call.emit('Clip', [call.inputs[0], bound(1, 'min'), bound(2, 'max')]);
  },
  ConstantOfShape: (call) => {
    const value = (call.attributes.value as Tensor | undefined) ?? scalar(0);
    return call.emit('Expand', [call.graph.constant({ ...value, shape: [] }), call.inputs[0]]);
  },
  Conv: windowed,
  Dropout: ({ inputs }) => [inputs[0]],
  Expand: (call) => {
    const x = need(call.inputs, 0);
    const shape = broadcastShapes(x.shape, constantInts(call.inputs, 1, 'the shape'));
    return shape.join() === x.shape.join() ? [x] : call.emit('Expand', [x, call.ints(shape)]);
  },
  GatherND: gatherNd,
  Gelu: (call) =>
    call.attributes.approximate === 'tanh' ? [tanhGelu(need(call.inputs, 0))] : call.emit('Gelu', [call.inputs[0]]),
  GlobalMaxPool: (call) => {
    const x = need(call.inputs, 0);
    return call.emit('ReduceMax', [x, call.ints(x.shape.map((_, i) => i).slice(2))], { keepdims: 1 });
  },
  Identity: ({ inputs }) => [inputs[0]],
  If: (call) => {
    const condition = need(call.inputs, 0).constant;
    if (!condition) throw new ShapeMistake('limn imports a branch only where the shapes decide it.');
    return call.body(condition.data[0] ? 'then_branch' : 'else_branch');
  },
  LogSoftmax: softmax,
  Max: chained('Max'),
  MaxPool: windowed,
  Min: chained('Min'),
  Pad: pad,
  Pow: (call) => {
    const [x, exponent] = [need(call.inputs, 0), need(call.inputs, 1)];
    return call.emit('Pow', [x, castTo(call, exponent, elementTypes[x.dtype])[0]]);
  },
  Range: range,
  ReduceL2: reduction('ReduceSum', squared, (call, x) => call.emit1('Sqrt', [x])),
  ReduceMax: reduction('ReduceMax'),
  ReduceMean: reduction('ReduceMean'),
  ReduceMin: reduction('ReduceMin'),
  ReduceProd: reduction('ReduceProd'),
  ReduceSum: reduction('ReduceSum'),
  ReduceSumSquare: reduction('ReduceSum', squared, same),
  Reshape: (call) => {
    const x = need(call.inputs, 0);
    const wanted = constantInts(call.inputs, 1, 'the shape');
    const zero = call.attributes.allowzero === 1;
    return renamed(
      call,
      wanted.map((extent, i) => (extent === 0 && !zero ? (x.shape[i] as number) : extent)),
    );
  },
  Shape: (call) => {
    const { shape } = need(call.inputs, 0);
    return [call.ints(shape.slice(int(call.attributes, 'start', 0), int(call.attributes, 'end', shape.length)))];
  },
  Size: ({ inputs, graph }) => [graph.constant(int64([], [sizeOf(need(inputs, 0).shape)]))],
  Slice: slice,
  Softmax: softmax,
  Split: split,
  Squeeze: (call) => {
    const x = need(call.inputs, 0);
    const axes = listed(call, 'axes', 1) ?? x.shape.flatMap((extent, i) => (extent === 1 ? [i] : []));
    return call.emit('Squeeze', [x, call.ints(axes)]);
  },
  Sum: chained('Add'),
  Tile: tile,
  Transpose: (call) => {
    const x = need(call.inputs, 0);
    return call.emit('Transpose', [x], {
      perm: (call.attributes.perm as number[] | undefined) ?? x.shape.map((_, i) => i).reverse(),
    });
  },
  Unsqueeze: (call) => call.emit('Unsqueeze', [call.inputs[0], call.ints(listed(call, 'axes', 1) ?? [])]),
};

export function isImportable(type: string): boolean {
  return Object.hasOwn(rules, type);
}

/** Adds a node of a file to a graph and returns its outputs. `lookUp` gives values by the names of the file. */
export function importNode(node: FileNode, graph: Graph, opset: number, lookUp: (name: string) => Value): (Value | undefined)[] {
  const emit = (type: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}) => {
    if (inputs.every((input) => input === undefined || input.constant)) {
      const types = operatorOf(type).infer(inputs, attributes);
      const known = fold(
        type,
        inputs.map((input) => input?.constant),
        attributes,
        types,
      );
      if (known) return known.map((content) => graph.constant(content));
    }
    return graph.add(type, inputs, attributes);
  };
  const call: Call = {
    type: node.type,
    graph,
    inputs: node.inputs.map((name) => (name === '' ? undefined : lookUp(name))),
    attributes: node.attributes,
    outputs: node.outputs.length,
    opset,
    emit,
    emit1: (type, inputs, attributes) => emit(type, inputs, attributes)[0] as Value,
    ints: (values) => graph.constant(int64([values.length], values), 'ints'),
    body: (name) => importBody(node.bodies[name], graph, opset, lookUp),
  };
  try {
    const outputs = (rules[node.type] as Rule)(call);
    node.outputs.forEach((name, i) => {
      if (name !== '' && !outputs[i]) throw new ShapeMistake(`limn does not compute its output ${name}.`);
    });
    return outputs;
  } catch (error) {
    const isLimn = LimnError.isInstance(error);
    if (!isLimn && !(error instanceof ShapeMistake)) throw error;
    const said = messageOf(error);
    const what = isLimn ? said : `${node.type}: ${said}`;
    throw new LimnError(isLimn ? error.code : 'GRAPH_SHAPE', `Node ${node.name} of the ONNX file cannot be imported: ${what}`, {
      cause: error,
    });
  }
}

function importBody(body: FileGraph | undefined, graph: Graph, opset: number, lookUp: (name: string) => Value): Value[] {
  if (!body) throw new ShapeMistake('it lacks a branch.');
  const inside = new Map<string, Value>();
  const find = (name: string): Value => {
    const content = body.tensors.get(name);
    return inside.get(name) ?? (content ? graph.constant(content) : lookUp(name));
  };
  for (const node of body.nodes) {
    importNode(node, graph, opset, find).forEach((value, i) => {
      if (value && node.outputs[i]) inside.set(node.outputs[i], value);
    });
  }
  return body.outputs.map(find);
}
