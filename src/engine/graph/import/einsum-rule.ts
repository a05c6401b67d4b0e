/** Einsum: operands are multiplied two by two, each time as one batched product of matrices. */

import { sizeOf } from '../../tensor/tensor.js';
import type { Value } from '../graph.js';
import { need } from '../ops/broadcast.js';
import { ShapeError } from '../registry.js';
import { type Calculator, calculator } from './calculator.js';
import type { ImportRule } from './call.js';

interface Term {
  value: Value;
  /** A name for each axis. */
  labels: string[];
}

/** The names of a term's axes; those of an ellipsis are numbers, counted from the last. */
function labelsOf(text: string, rank: number): string[] {
  const [before, after, ...more] = text.split('...');
  if (more.length > 0) throw new ShapeError(`"${text}" has two ellipses.`);
  const [left, right] = [[...(before ?? '')], [...(after ?? '')]];
  const hidden = after === undefined ? 0 : rank - left.length - right.length;
  const labels = [...left, ...Array.from({ length: hidden }, (_, i) => String(hidden - 1 - i)), ...right];
  if (labels.length !== rank) throw new ShapeError(`"${text}" does not name ${rank} axes.`);
  if (new Set(labels).size !== rank) throw new ShapeError(`"${text}" names an axis twice, and limn does not support diagonals.`);
  return labels;
}

/** Sums over the axes that nothing else names, and orders the others. */
function arranged(c: Calculator, { value, labels }: Term, wanted: readonly string[]): Value {
  const dropped = labels.flatMap((label, i) => (wanted.includes(label) ? [] : [i]));
  const kept = labels.filter((label) => wanted.includes(label));
  const summed = dropped.length > 0 ? c.sum(value, dropped, 0) : value;
  return c.transpose(
    summed,
    wanted.filter((label) => kept.includes(label)).map((label) => kept.indexOf(label)),
  );
}

function multiplied(c: Calculator, a: Term, b: Term, needed: ReadonlySet<string>): Term {
  const extent = (label: string) => {
    const sizes = [a, b].flatMap(({ value, labels }) =>
      labels.includes(label) ? [value.shape[labels.indexOf(label)] as number] : [],
    );
    return Math.max(...sizes);
  };
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const [batch, inner] = [shared.filter((label) => needed.has(label)), shared.filter((label) => !needed.has(label))];
  const left = a.labels.filter((label) => !shared.includes(label) && needed.has(label));
  const right = b.labels.filter((label) => !shared.includes(label) && needed.has(label));
  const size = (labels: readonly string[]) => sizeOf(labels.map(extent));
  const laid = (term: Term, order: readonly string[], shape: readonly number[]) => {
    const value = arranged(c, term, order);
    // An axis of 1 is repeated to meet the other operand's.
    return c.reshape(c.expand(value, order.map(extent)), shape);
  };
  const x = laid(a, [...batch, ...left, ...inner], [size(batch), size(left), size(inner)]);
  const y = laid(b, [...batch, ...inner, ...right], [size(batch), size(inner), size(right)]);
  const labels = [...batch, ...left, ...right];
  return { value: c.reshape(c.matmul(x, y), labels.map(extent)), labels };
}

export const einsum: ImportRule = (call) => {
  const c = calculator(call);
  const [given, result] = String(call.attributes.equation).replace(/\s/g, '').split('->');
  const texts = (given as string).split(',');
  if (texts.length !== call.inputs.length) throw new ShapeError(`"${given}" does not describe ${call.inputs.length} operands.`);
  const terms = texts.map((text, i): Term => {
    const value = need(call.inputs, i);
    return { value, labels: labelsOf(text, value.shape.length) };
  });
  const all = terms.flatMap(({ labels }) => labels);
  const hidden = [...new Set(all.filter((label) => /\d/.test(label)))].sort((a, b) => Number(b) - Number(a));
  const once = [...new Set(all)].filter((label) => !/\d/.test(label) && all.indexOf(label) === all.lastIndexOf(label)).sort();
  const wanted =
    result === undefined
      ? [...hidden, ...once]
      : (result.match(/\.\.\.|./g) ?? []).flatMap((label) => (label === '...' ? hidden : [label]));
  let [term, ...rest] = terms as [Term, ...Term[]];
  while (rest.length > 0) {
    const [next, ...later] = rest as [Term, ...Term[]];
    term = multiplied(c, term, next, new Set([...wanted, ...later.flatMap(({ labels }) => labels)]));
    rest = later;
  }
  return [arranged(c, term, wanted)];
};
