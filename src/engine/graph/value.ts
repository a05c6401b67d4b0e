/** What a graph is made of: values, the nodes that compute them, and their attributes. */
import { markClass } from '../../core/any-copy.js';
import type { DType, Shape, Tensor } from '../tensor/tensor.js';

/** The type of a value: its elements and its static shape. */
export interface ValueType {
  /** The type of the elements. */
  dtype: DType;
  /** The extents of the axes; [] is a scalar. */
  shape: Shape;
}

/** A float attribute; plain numbers are integers, as most ONNX attributes are. */
export class Float {
  constructor(/** The number. */ readonly value: number) {}
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
/** Attributes of a node by their ONNX names. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** A value of a graph: an input, a constant, or the output of a node. */
export interface Value extends ValueType {
  /** Unique in its graph. */
  readonly name: string;
  /** The graph that it belongs to. */
  readonly graph: GraphBuilder;
  /** The node that computes it; undefined for inputs and constants. */
  readonly producer?: GraphNode;
  /** Its content, when it is a constant. */
  readonly constant?: Tensor;
}

/** A node of a graph: an ONNX operator with its inputs and outputs. */
export interface GraphNode {
  /** The ONNX operator, such as "MatMul". */
  readonly type: string;
  /** What it was made for: a node of an imported file, or the gradient of something. */
  readonly origin?: string;
  /** In the operator's order; undefined for an optional input that is left out. */
  readonly inputs: readonly (Value | undefined)[];
  /** In the operator's order. */
  readonly outputs: readonly Value[];
  /** The operator's attributes. */
  readonly attributes: Attributes;
  /** Its gradient rule, where it is not that of its operator. */
  readonly vjp?: VectorJacobianProduct;
}

/** What a gradient rule is given. */
export interface VjpContext {
  /** The node whose gradient is wanted. */
  node: GraphNode;
  /** The node's inputs. */
  inputs: readonly (Value | undefined)[];
  /** The node's outputs. */
  outputs: readonly Value[];
  /** Gradients of the loss by each output; undefined where the loss does not depend on it. */
  gradients: readonly (Value | undefined)[];
  /** The node's attributes. */
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
  /** Name of the graph in the ONNX file. */
  readonly name: string;
  /** The graph whose Loop or If this one is a body of. @default none */
  readonly parent?: GraphBuilder | undefined;
  /** In an order in which they can run. */
  readonly nodes: GraphNode[];
  /** Inputs of the graph. */
  readonly inputs: Value[];
  /** Outputs of the graph by their names. */
  readonly outputs: { name: string; value: Value }[];
  /** Constants that nodes use. */
  readonly constants: Value[];
  /** The {@link GraphNode.origin} of the nodes that are added now. */
  origin: string | undefined;
  /** All names, and the number that the next value of the same name gets behind it; shared with the graph's bodies. */
  readonly names: Map<string, number>;
  /** A name that no other value of this graph, its parent or its bodies has. */
  uniqueName(hint: string): string;
  /** Declares an input. @throws LimnError GRAPH_SHAPE if the name is taken */
  input(name: string, dtype: DType, shape: Shape): Value;
  /** Adds a constant, or finds an equal one. @param hint what its name starts with */
  constant(content: Tensor, hint?: string): Value;
  /** Adds a node and returns its outputs. @throws LimnError GRAPH_SHAPE, GRAPH_UNSUPPORTED */
  add(type: string, inputs: readonly (Value | undefined)[], attributes?: Attributes): Value[];
  /** As {@link add}, for a node with one output. */
  add1(type: string, inputs: readonly (Value | undefined)[], attributes?: Attributes): Value;
  /** Adds a node whose output types the caller knows, with a gradient rule of its own if one is given. */
  addTyped(
    type: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    types: readonly ValueType[],
    vjp?: VectorJacobianProduct,
  ): Value[];
  /** Declares an output of the graph. */
  output(name: string, value: Value): void;
  /** Remembers the state of the graph; calling the result removes what was added since. */
  mark(): () => void;
}
