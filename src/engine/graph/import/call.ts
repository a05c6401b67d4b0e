/** What the rules of an import (rules.ts) get and give. */
import { elementTypes } from '../element-types.js';
import { constantInts } from '../ops/broadcast.js';
import { ShapeError } from '../registry.js';
import type { Attributes, GraphBuilder, Value } from '../value.js';
import { computedDtype } from './tensors.js';

/** A node of a file with its inputs at hand. */
export interface Call {
  readonly type: string;
  readonly graph: GraphBuilder;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  /** Whether an input is computed from inputs of the file, and not from its numbers and their shapes alone. */
  varies(input: number): boolean;
  /** How many outputs the node has. */
  readonly outputs: number;
  readonly opset: number;
  /** Adds a node, or computes it at once when it depends on constants only. */
  emit(type: string, inputs: readonly (Value | undefined)[], attributes?: Attributes): Value[];
  /** The first output of `emit`. */
  emit1(type: string, inputs: readonly (Value | undefined)[], attributes?: Attributes): Value;
  /** A constant int64 vector. */
  ints(values: readonly number[]): Value;
  /** The outputs of a graph inside the node, imported where the node stands. */
  body(name: string): Value[];
}

/** The outputs of a node; undefined for one that limn does not compute. A mistake is thrown as a ShapeError. */
export type ImportRule = (call: Call) => (Value | undefined)[];

export function pick(attributes: Attributes, names: readonly string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => names.includes(name)));
}

export function int(attributes: Attributes, name: string, otherwise: number): number {
  return (attributes[name] as number | undefined) ?? otherwise;
}

/** Axes, sizes and the like: an attribute in older operator sets, an input in newer ones. */
export function listed({ inputs, attributes }: Call, name: string, input: number): number[] | undefined {
  return inputs[input] ? constantInts(inputs, input, name) : (attributes[name] as number[] | undefined);
}

export function castTo(call: Call, x: Value, elementType: number): Value {
  const dtype = computedDtype(elementType);
  if (!dtype) throw new ShapeError(`it casts to the ONNX type ${elementType}, which limn does not use.`);
  return x.dtype === dtype ? x : call.emit1('Cast', [x], { to: elementTypes[dtype] });
}
