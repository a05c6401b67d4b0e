/** Matrix products. The transposes of the backward pass are flags of FusedMatMul, so nothing is copied for them. */
import * as f from '../functions.js';
import { type Attributes, Float, type Value } from '../graph.js';
import { defineOperator, ShapeError, type VjpContext } from '../registry.js';
import { broadcastShapes, need, unbroadcast } from './broadcast.js';

const isSet = (attributes: Attributes, name: string) => attributes[name] === 1;
const number = (attributes: Attributes, name: string) =>
  attributes[name] instanceof Float ? (attributes[name] as Float).value : 1;

function productShape(a: Value, b: Value, transA: boolean, transB: boolean): number[] {
  if (a.shape.length < 2 || b.shape.length < 2) throw new ShapeError('both factors need at least two axes.');
  const [n, k] = lastTwo(a, transA);
  const [k2, m] = lastTwo(b, transB);
  if (k !== k2) throw new ShapeError(`the inner extents differ: ${k} against ${k2}.`);
  return [...broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2)), n, m];
}

function lastTwo(x: Value, transposed: boolean): [number, number] {
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
}

/**
 * y = alpha op(a) op(b). With G = alpha dy: da = G op(b)^T and db = op(a)^T G, each transposed again where op transposes.
 * A plain weight b (k, m) shared by a batch is one product over all rows rather than a product per item and a sum.
 */
function productVjp({ gradients, inputs, attributes, needs }: VjpContext): (Value | undefined)[] {
  const [a, b] = inputs as [Value, Value];
  const d = gradients[0] as Value;
  const transA = isSet(attributes, 'transA');
  const transB = isSet(attributes, 'transB');
  const alpha = number(attributes, 'alpha');
  const byA = () =>
    unbroadcast(
      transA ? f.matmul(b, d, { transA: transB, transB: true, alpha }) : f.matmul(d, b, { transB: !transB, alpha }),
      a.shape,
    );
  const byB = () => {
    if (b.shape.length === 2 && !transA && a.shape.length > 2) {
      const rows = f.reshape(a, [-1, a.shape.at(-1) as number]);
      const gradientRows = f.reshape(d, [-1, d.shape.at(-1) as number]);
      return transB
        ? f.matmul(gradientRows, rows, { transA: true, alpha })
        : f.matmul(rows, gradientRows, { transA: true, alpha });
    }
    return unbroadcast(
      transB ? f.matmul(d, a, { transA: true, transB: transA, alpha }) : f.matmul(a, d, { transA: !transA, alpha }),
      b.shape,
    );
  };
  return [needs(0) ? byA() : undefined, needs(1) ? byB() : undefined];
}

for (const type of ['MatMul', 'FusedMatMul']) {
  defineOperator(type, {
    infer: (inputs, attributes) => {
      const [a, b] = [need(inputs, 0), need(inputs, 1)];
      return [{ dtype: a.dtype, shape: productShape(a, b, isSet(attributes, 'transA'), isSet(attributes, 'transB')) }];
    },
    vjp: productVjp,
  });
}

// y = alpha op(a) op(b) + beta c
defineOperator('Gemm', {
  infer: (inputs, attributes) => {
    const [a, b, c] = [need(inputs, 0), need(inputs, 1), inputs[2]];
    if (a.shape.length !== 2 || b.shape.length !== 2) throw new ShapeError('both factors must have exactly two axes.');
    const shape = productShape(a, b, isSet(attributes, 'transA'), isSet(attributes, 'transB'));
    if (c && broadcastShapes(c.shape, shape).join() !== shape.join())
      throw new ShapeError(`the added [${c.shape}] does not broadcast to [${shape}].`);
    return [{ dtype: a.dtype, shape }];
  },
  vjp: (context) => {
    const { gradients, inputs, needs, attributes } = context;
    const [byA, byB] = productVjp(context);
    const c = inputs[2];
    const scaled = () => f.mul(gradients[0] as Value, number(attributes, 'beta'));
    return [byA, byB, c && needs(2) ? unbroadcast(scaled(), c.shape) : undefined];
  },
});
