/** Sequences of tensors, where the file settles how many there are and which is taken: they are gone after the import. */
import type { Value } from '../graph.js';
import { axisOf, constantInts, need } from '../ops/broadcast.js';
import { ShapeError } from '../registry.js';
import { calculator } from './calculator.js';
import { type Call, type ImportRule, int } from './call.js';

const elements = new WeakMap<Value, readonly Value[]>();

/** Stands for a sequence between its operators; no node of limn's graph reads it. */
function sequence(call: Call, values: readonly Value[]): Value {
  const value: Value = { name: 'sequence', dtype: 'float32', shape: [], graph: call.graph };
  elements.set(value, values);
  return value;
}

export const isSequence = (value: Value | undefined) => value !== undefined && elements.has(value);

function elementsOf(call: Call, i: number): readonly Value[] {
  const found = elements.get(need(call.inputs, i));
  if (!found) throw new ShapeError(`input ${i} is not a sequence whose elements the file determines.`);
  return found;
}

function placeIn(call: Call, i: number, count: number): number {
  const at = call.inputs[i] ? (constantInts(call.inputs, i, 'the position')[0] as number) : count - 1;
  if (!(at >= -count && at < count)) throw new ShapeError(`position ${at} is beyond a sequence of ${count}.`);
  return at < 0 ? at + count : at;
}

export const sequenceRules: Readonly<Record<string, ImportRule>> = {
  SequenceConstruct: (call) => [sequence(call, call.inputs as Value[])],
  SequenceEmpty: (call) => [sequence(call, [])],
  SequenceAt: (call) => {
    const values = elementsOf(call, 0);
    return [values[placeIn(call, 1, values.length)]];
  },
  SequenceErase: (call) => {
    const values = elementsOf(call, 0);
    const at = placeIn(call, 1, values.length);
    return [
      sequence(
        call,
        values.filter((_, i) => i !== at),
      ),
    ];
  },
  SequenceInsert: (call) => {
    const values = elementsOf(call, 0);
    const at = call.inputs[2] ? placeIn(call, 2, values.length + 1) : values.length;
    return [sequence(call, [...values.slice(0, at), need(call.inputs, 1), ...values.slice(at)])];
  },
  SequenceLength: (call) => [call.emit1('Reshape', [call.ints([elementsOf(call, 0).length]), call.ints([])])],
  SplitToSequence: (call) => {
    const c = calculator(call);
    const x = need(call.inputs, 0);
    const axis = axisOf(int(call.attributes, 'axis', 0), x.shape.length);
    const extent = x.shape[axis] as number;
    const given = call.inputs[1] ? constantInts(call.inputs, 1, 'the sizes') : undefined;
    const isScalar = given !== undefined && call.inputs[1]?.shape.length === 0;
    const step = isScalar ? (given[0] as number) : 1;
    if (!(step > 0)) throw new ShapeError(`parts of ${step} are not possible.`);
    const equal = Array.from({ length: Math.ceil(extent / step) }, (_, i) => Math.min(step, extent - i * step));
    const parts = call.emit('Split', [x, call.ints(given && !isScalar ? given : equal)], { axis });
    if (given || int(call.attributes, 'keepdims', 1) === 1) return [sequence(call, parts)];
    const rest = x.shape.filter((_, i) => i !== axis);
    return [
      sequence(
        call,
        parts.map((part) => c.reshape(part, rest)),
      ),
    ];
  },
  ConcatFromSequence: (call) => {
    const c = calculator(call);
    const values = elementsOf(call, 0);
    const rank = (values[0]?.shape.length ?? 0) + int(call.attributes, 'new_axis', 0);
    const axis = axisOf(int(call.attributes, 'axis', 0), rank);
    const parts =
      int(call.attributes, 'new_axis', 0) === 1
        ? values.map((value) => c.reshape(value, [...value.shape.slice(0, axis), 1, ...value.shape.slice(axis)]))
        : values;
    return [parts.length === 1 ? (parts[0] as Value) : c.concat(parts, axis)];
  },
};
