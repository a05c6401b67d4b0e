/**
 * Sequences (B, n, d) as rows (B n, d): products take rows, and what goes row by row after them takes rows as well, so that the Reshapes between
 * them meet and vanish, and products become Gemm wherever they run.
 */
import { sizeOf } from '../../tensor/tensor.js';
import { indices, matmul, reshape } from '../functions.js';
import { Float, type Value } from '../graph.js';
import { constantInts } from '../ops/broadcast.js';
import type { Draft, Rule } from './rewrite.js';

/** (..., n, k) (k, m) as a product of two matrices. */
export const productsOfRows: Rule = ({ type, inputs, attributes, output }) => {
  const [a, b] = inputs as [Value, Value];
  if ((type !== 'MatMul' && type !== 'FusedMatMul') || a.dtype !== 'float32' || attributes.transA === 1) return undefined;
  if (a.shape.length < 3 || b.shape.length !== 2 || output.shape.includes(0)) return undefined;
  const alpha = attributes.alpha instanceof Float ? attributes.alpha.value : 1;
  const rows = reshape(a, [-1, a.shape.at(-1) as number]);
  return reshape(matmul(rows, b, { transB: attributes.transB === 1, alpha }), output.shape);
};

/** Norms of the last axis as norms of rows. */
export const normsOfRows: Rule = ({ type, inputs, attributes, outputs, graph }) => {
  const [x, ...others] = inputs as [Value, ...Value[]];
  const rank = x?.shape.length ?? 0;
  if (type !== 'LayerNormalization' || x.dtype !== 'float32' || rank < 3 || x.shape.includes(0)) return undefined;
  if (!isLast(attributes.axis, rank - 1)) return undefined;
  const made = graph.add(type, [reshape(x, [-1, x.shape.at(-1) as number]), ...others], { ...attributes, axis: -1 });
  return made.map((value, i) => reshape(value, outputs[i]?.shape ?? []));
};

const elementwise = new Set(
  (
    'Neg Exp Log Sqrt Reciprocal Tanh Sigmoid Relu Erf Abs Sign Sin Cos Gelu QuickGelu HardSwish HardSigmoid Softplus ' +
    'Add Sub Mul Div Min Max'
  ).split(' '),
);
const alongRow = new Set(['Softmax', 'LogSoftmax', 'LayerNormalization']);
const reductions = new Set(['ReduceMean', 'ReduceSum', 'ReduceMax']);

/** The rows (r, d) that a value (..., d) is a Reshape of. */
function rowsOf(value: Value | undefined, { graph }: Draft): Value | undefined {
  const source = value?.producer?.type === 'Reshape' && value.graph === graph ? value.producer.inputs[0] : undefined;
  const isRows = source?.shape.length === 2 && value && value.shape.length > 2 && source.shape[1] === value.shape.at(-1);
  return isRows && source.dtype === 'float32' ? source : undefined;
}

/** What goes row by row, on the rows that its input is a Reshape of. */
export const rowByRow: Rule = (draft) => {
  const { type, inputs, attributes, outputs, graph } = draft;
  const x = inputs[0];
  if (!x || outputs.some(({ dtype }) => dtype !== 'float32')) return undefined;
  const last = x.shape.length - 1;
  let read: (Value | undefined)[] | undefined;
  let changed = attributes;
  if (elementwise.has(type)) read = operandsAsRows(draft);
  else {
    const rows = rowsOf(x, draft);
    if (!rows) return undefined;
    if (alongRow.has(type) && isLast(attributes.axis, last)) {
      read = [rows, ...inputs.slice(1)];
      changed = { ...attributes, axis: -1 };
    } else if (reductions.has(type) && attributes.keepdims !== 0 && inputs[1]?.constant) {
      const axes = constantInts(inputs, 1, 'axes');
      if (axes.length === 1 && isLast(axes[0], last)) read = [rows, indices(x, [1], [1])];
    }
  }
  return read && graph.add(type, read, changed).map((value, i) => reshape(value, outputs[i]?.shape ?? []));
};

const isLast = (axis: unknown, last: number) => axis === undefined || axis === -1 || axis === last;

/** Operands as rows: those with leading axes must all be Reshapes of as many rows, others repeat along the rows as they did along the axes. */
function operandsAsRows(draft: Draft): Value[] | undefined {
  const { inputs, output } = draft;
  const leading = output.shape.slice(0, -1).join();
  let count = 0;
  const read: Value[] = [];
  for (const input of inputs as Value[]) {
    const rows = rowsOf(input, draft);
    if (rows && input.shape.slice(0, -1).join() === leading) {
      count++;
      read.push(rows);
    } else if (input.shape.length < 2 || (sizeOf(input.shape) === 1 && input.shape.length <= 2)) read.push(input);
    else return undefined;
  }
  return count > 0 ? read : undefined;
}
