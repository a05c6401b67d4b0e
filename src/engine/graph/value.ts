/** What a graph is made of: values, the nodes that compute them, and their attributes. */
import { markClass } from '../../core/any-copy.js';
import type { DType, Shape, Tensor } from '../tensor/tensor.js';

export interface ValueType {
  dtype: DType;
  shape: Shape;
}

/** A float attribute; plain numbers are integers, as most ONNX attributes are. */
export class Float {
  constructor(readonly value: number) {}
}
markClass(Float, 'float');

/** A bigint is an integer that a double may not hold. */
export type Attribute =
  | number
  | bigint
  | Float
  | string
  | readonly number[]
  | readonly bigint[]
  | readonly Float[]
  | Tensor
  | GraphBuilder;
export type Attributes = Readonly<Record<string, Attribute>>;

export interface Value extends ValueType {
  readonly name: string;
  readonly graph: GraphBuilder;
  /** The node that computes it; undefined for inputs and constants. */
  readonly producer?: GraphNode;
  /** Its content, when it is a constant. */
  readonly constant?: Tensor;
}

export interface GraphNode {
  readonly type: string;
  /** What it was made for: a node of an imported file, or the gradient of something. */
  readonly origin?: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
  /** Its gradient rule, where it is not that of its operator. */
  readonly vjp?: VectorJacobianProduct;
}

/** What a gradient rule is given. */
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

/** Gradients by each input from the gradients by the outputs. */
export type VectorJacobianProduct = (context: VjpContext) => (Value | undefined)[];

/** A graph under construction, as its values know it; the class is `Graph` in graph.ts. */
export interface GraphBuilder {
  readonly name: string;
  readonly parent?: GraphBuilder | undefined;
  readonly nodes: GraphNode[];
  readonly inputs: Value[];
  readonly outputs: { name: string; value: Value }[];
  readonly constants: Value[];
  /** The {@link GraphNode.origin} of the nodes that are added now. */
  origin: string | undefined;
  /** All names, and the number that the next value of the same name gets behind it; shared with the graph's bodies. */
  readonly names: Map<string, number>;
  uniqueName(hint: string): string;
  input(name: string, dtype: DType, shape: Shape): Value;
  constant(content: Tensor, hint?: string): Value;
  add(type: string, inputs: readonly (Value | undefined)[], attributes?: Attributes): Value[];
  add1(type: string, inputs: readonly (Value | undefined)[], attributes?: Attributes): Value;
  addTyped(
    type: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    types: readonly ValueType[],
    vjp?: VectorJacobianProduct,
  ): Value[];
  output(name: string, value: Value): void;
  mark(): () => void;
}
