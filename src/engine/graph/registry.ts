/** What limn knows of an ONNX operator: the shapes it gives, and how gradients flow back through it. */
import { markClass } from '../../core/any-copy.js';
import { LimnError } from '../../core/errors.js';
import type { Attributes, Value, ValueType, VectorJacobianProduct } from './value.js';

export type { ValueType, VjpContext } from './value.js';

export interface Operator {
  /** Output types from inputs and attributes. A mistake is thrown as a {@link ShapeError}. */
  infer(inputs: readonly (Value | undefined)[], attributes: Attributes): ValueType[];
  /** Vector-Jacobian product. Absent: not differentiable. */
  vjp?: VectorJacobianProduct;
  /** Whether `vjp` minds infinite and missing numbers behind a guard itself. @default it reads them as 0 there */
  readsInfinite?: boolean;
}

/** Thrown by `infer`; the graph adds the op's name and the shapes of its inputs. */
export class ShapeError extends Error {}
markClass(ShapeError, 'shape-error');

const operators = new Map<string, Operator>();

/** Makes an operator known, under its ONNX name, for its default domain or `com.microsoft`. */
export function defineOperator(type: string, operator: Operator): void {
  if (operators.has(type)) throw new Error(`operator ${type} is defined twice`);
  operators.set(type, operator);
}

export function operatorOf(type: string): Operator {
  const operator = operators.get(type);
  if (!operator) {
    throw new LimnError('GRAPH_UNSUPPORTED', `limn does not support the ONNX operator ${type}: it has no shape rule for it.`, {
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
