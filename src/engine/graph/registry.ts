/** What limn knows of an ONNX operator: the shapes it gives, and how gradients flow back through it. */
import { LimnError } from '../../core/errors.js';
import type { Attributes, GraphNode, Value, ValueType } from './value.js';

export type { ValueType } from './value.js';

export interface VjpContext {
  node: GraphNode;
  inputs: readonly (Value | undefined)[];
  outputs: readonly Value[];
  /** Gradients of the loss by each output; undefined where the loss does not depend on it. */
  gradients: readonly (Value | undefined)[];
  attributes: Attributes;
  /** Whether the gradient by input `i` is wanted at all. */
  needs(i: number): boolean;
  /** Whether a guard may leave out what the node computes (see guards.ts). */
  guarded: boolean;
}

export interface Operator {
  /** Output types from inputs and attributes. A mistake is thrown as a {@link ShapeError}. */
  infer(inputs: readonly (Value | undefined)[], attributes: Attributes): ValueType[];
  /** Vector-Jacobian product: gradients by each input from the gradients by the outputs. Absent: not differentiable. */
  vjp?(context: VjpContext): (Value | undefined)[];
  /** Whether `vjp` minds infinite and missing numbers behind a guard itself. @default it reads them as 0 there */
  readsInfinite?: boolean;
}

/** Thrown by `infer`; the graph adds the op's name and the shapes of its inputs. */
export class ShapeError extends Error {}

const operators = new Map<string, Operator>();

/** Makes an operator known, under its ONNX name, for its default domain or `com.microsoft`. */
export function defineOperator(type: string, operator: Operator): void {
  if (operators.has(type)) throw new Error(`operator ${type} is defined twice`);
  operators.set(type, operator);
}

export function operatorOf(type: string): Operator {
  const operator = operators.get(type);
  if (!operator) {
    throw new LimnError('GRAPH_UNSUPPORTED', `limn does not know the ONNX operator ${type}: it has no shape rule for it.`, {
      details: { type },
    });
  }
  return operator;
}

/** The operators with a shape rule and, of these, those with a gradient rule, for the documentation. */
export function knownOperators(): { name: string; differentiable: boolean }[] {
  return [...operators]
    .map(([name, { vjp }]) => ({ name, differentiable: vjp !== undefined }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
