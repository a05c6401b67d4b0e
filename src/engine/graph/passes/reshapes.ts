/** Reshape of Reshape, and of what only gives axes another form. */
import { reshape } from '../functions.js';
import type { Value } from '../graph.js';
import type { ValueType } from '../registry.js';
import type { Rule } from './rewrite.js';

const reshaping = new Set(['Reshape', 'Unsqueeze', 'Squeeze', 'Flatten', 'Identity']);

/** One Reshape of the first value in a chain, or that value itself. Only float32: others may be computed elsewhere than on a GPU. */
export const reshapesAtOnce: Rule = ({ type, inputs: [x], output, graph }) => {
  if (!x || !reshaping.has(type) || x.dtype !== 'float32') return undefined;
  let source: Value = x;
  while (source.producer && source.graph === graph && reshaping.has(source.producer.type))
    source = source.producer.inputs[0] as Value;
  // 0 stands for an extent that stays.
  if (output.shape.includes(0) || (source === x && type === 'Reshape' && !sameShape(source, output))) return undefined;
  if (source.graph !== graph) return undefined;
  return reshape(source, output.shape);
};

const sameShape = (a: ValueType, b: ValueType) => a.shape.join() === b.shape.join();
