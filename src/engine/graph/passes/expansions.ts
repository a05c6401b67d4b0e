/** Values that are repeated only for an operator that repeats them itself. */
import type { Value } from '../graph.js';
import type { Rule } from './rewrite.js';

const broadcasting = new Set(['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max', 'Where', 'Less', 'Greater', 'Equal']);

/** op(Expand(a), b) = op(a, b) where b alone gives the result its shape. */
export const expandsInPlace: Rule = ({ type, inputs, attributes, output, graph }) => {
  if (!broadcasting.has(type)) return undefined;
  const shape = output.shape.join();
  const isWhole = (value: Value | undefined) => value?.shape.join() === shape;
  const repeated = (value: Value | undefined) =>
    value?.producer?.type === 'Expand' && value.graph === graph ? value.producer.inputs[0] : undefined;
  const at = inputs.findIndex(
    (input, i) => repeated(input) && inputs.some((other, j) => j !== i && !repeated(other) && isWhole(other)),
  );
  if (at < 0) return undefined;
  const simpler = inputs.map((input, i) => (i === at ? repeated(input) : input));
  return graph.add1(type, simpler, attributes);
};
