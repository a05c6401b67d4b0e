/** Sums of matrix products as one operator: Gemm adds a third matrix, or a row, to its product. */
import { add, reshape } from '../functions.js';
import { Float, type Value } from '../graph.js';
import type { Draft, Rule } from './rewrite.js';

/** A product of two matrices that nobody else reads. */
function productOf(value: Value, { graph, isOnlyRead }: Draft): Value | undefined {
  const { producer, shape } = value;
  if (producer?.type !== 'MatMul' && producer?.type !== 'FusedMatMul') return undefined;
  const isPlain = shape.length === 2 && producer.inputs.every((input) => input?.shape.length === 2);
  return isPlain && value.dtype === 'float32' && value.graph === graph && isOnlyRead(value) ? value : undefined;
}

/** A B + C = Gemm(A, B, C), C being a matrix of that shape or a row. */
export const sumsInProducts: Rule = (draft) => {
  const { type, inputs, output, graph } = draft;
  const [a, b] = inputs as [Value, Value];
  if (type !== 'Add') return undefined;
  const shape = output.shape.join();
  for (const [product, other] of [
    [b, a],
    [a, b],
  ] as const) {
    const found = productOf(product, draft)?.producer;
    const isRow = other.shape.length === 1 && other.shape[0] === output.shape[1];
    if (!found || product.shape.join() !== shape || (!isRow && other.shape.join() !== shape)) continue;
    const { transA = 0, transB = 0, alpha = new Float(1) } = found.attributes;
    return graph.add1('Gemm', [...found.inputs, other], { transA, transB, alpha });
  }
  return undefined;
};

/** Reshape(a) + Reshape(b) = Reshape(a + b) of values of one shape: what a parameter's uses add to its gradient. */
export const sumsBeforeReshapes: Rule = ({ type, inputs, output, graph, isOnlyRead }) => {
  if (type !== 'Add' || output.dtype !== 'float32') return undefined;
  const [a, b] = inputs.map((input) =>
    input?.producer?.type === 'Reshape' && input.graph === graph && isOnlyRead(input) ? input.producer.inputs[0] : undefined,
  );
  const isWhole = inputs.every((input) => input?.shape.join() === output.shape.join());
  return a && b && isWhole && a.shape.join() === b.shape.join() ? reshape(add(a, b), output.shape) : undefined;
};
