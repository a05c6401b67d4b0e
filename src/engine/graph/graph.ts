/**
 * An ONNX graph under construction.
 *
 * Nodes are added one by one; each is checked when it is added, so that a shape mistake is an error at the very line of model
 * code that made it. All shapes are static. A graph may have a parent (the body of a Loop) whose values it can use.
 */
import { markClass } from '../../core/any-copy.js';
import { LimnError, messageOf } from '../../core/errors.js';
import { bytesOf, type DType, type Shape, type Tensor } from '../tensor/tensor.js';
import { operatorOf, ShapeError } from './registry.js';
import type { Attributes, GraphBuilder, GraphNode, Value, ValueType, VectorJacobianProduct } from './value.js';

export { type Attribute, type Attributes, Float, type GraphBuilder, type GraphNode, type Value } from './value.js';

/** An ONNX graph under construction. Each node is checked when it is added. @throws LimnError GRAPH_SHAPE, GRAPH_UNSUPPORTED */
export class Graph implements GraphBuilder {
  readonly nodes: GraphNode[] = [];
  readonly inputs: Value[] = [];
  readonly outputs: { name: string; value: Value }[] = [];
  readonly constants: Value[] = [];
  /** The {@link GraphNode.origin} of the nodes that are added now. */
  origin: string | undefined;
  private readonly constantsByContent = new Map<string | Tensor, Value>();
  /** All names, and the number that the next value of the same name gets behind it. */
  readonly names: Map<string, number>;

  /** @param parent the graph that this one is the body of */
  constructor(
    readonly name = 'limn',
    readonly parent?: GraphBuilder,
  ) {
    this.names = parent ? parent.names : new Map();
  }

  /** A name that no other value of this graph, its parent or its bodies has. */
  uniqueName(hint: string): string {
    if (!this.names.has(hint)) {
      this.names.set(hint, 1);
      return hint;
    }
    // Names that were asked for, such as those of an imported file, may look like numbered ones.
    let number = this.names.get(hint) as number;
    while (this.names.has(`${hint}_${number}`)) number++;
    this.names.set(hint, number + 1);
    return this.uniqueName(`${hint}_${number}`);
  }

  /** Declares an input. Its name is kept exactly; a second input of that name is an error. */
  input(name: string, dtype: DType, shape: Shape): Value {
    if (this.names.has(name))
      throw new LimnError('GRAPH_SHAPE', `The graph already has a value named ${name}. Choose another name.`);
    const value: Value = { name: this.uniqueName(name), dtype, shape: [...shape], graph: this };
    this.inputs.push(value);
    return value;
  }

  /** A constant. The same tensor is the same value, and so are small ones of equal content. */
  constant(content: Tensor, hint = 'const'): Value {
    const key =
      content.data.byteLength <= 64
        ? `${content.dtype}|${content.shape}|${Buffer.from(bytesOf(content)).toString('hex')}`
        : content;
    const known = this.constantsByContent.get(key);
    if (known) return known;
    const value: Value = {
      name: this.uniqueName(hint),
      dtype: content.dtype,
      shape: content.shape,
      graph: this,
      constant: content,
    };
    this.constants.push(value);
    this.constantsByContent.set(key, value);
    return value;
  }

  /**
   * Adds a node and returns its outputs.
   *
   * @throws LimnError GRAPH_SHAPE naming the op, the shapes of its inputs and what does not fit
   * @throws LimnError GRAPH_UNSUPPORTED for an operator without a shape rule
   */
  add(type: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value[] {
    const operator = operatorOf(type);
    let types: ValueType[];
    try {
      types = operator.infer(inputs, attributes);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      const shapes = inputs.map((value) => (value ? `${value.name}: ${value.dtype}[${value.shape}]` : '-')).join(', ');
      throw new LimnError('GRAPH_SHAPE', `${type}(${shapes}): ${messageOf(error)}`, {
        details: { type, shapes: inputs.map((value) => value?.shape) },
      });
    }
    return this.addTyped(type, inputs, attributes, types);
  }

  /**
   * Adds a node whose output types are already known (used for Loop, whose body tells them).
   *
   * @param vjp its gradient rule, in place of its operator's
   */
  addTyped(
    type: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes,
    types: readonly ValueType[],
    vjp?: VectorJacobianProduct,
  ): Value[] {
    const outputs: Value[] = [];
    // ONNX Runtime 1.30 crashes when it fuses a LayerNormalization whose last input is named as left out.
    const given = inputs.slice(0, inputs.findLastIndex((input) => input !== undefined) + 1);
    const origin = this.origin === undefined ? {} : { origin: this.origin };
    const node: GraphNode = { type, inputs: given, outputs, attributes, ...origin, ...(vjp ? { vjp } : {}) };
    for (const { dtype, shape } of types) {
      outputs.push({ name: this.uniqueName(type), dtype, shape: [...shape], graph: this, producer: node });
    }
    this.nodes.push(node);
    return outputs;
  }

  /** Remembers the graph as it is; what is returned takes away all nodes and constants that were added since. Names stay taken. */
  mark(): () => void {
    const [nodes, constants] = [this.nodes.length, this.constants.length];
    return () => {
      this.nodes.length = nodes;
      const removed = new Set(this.constants.splice(constants));
      for (const [key, value] of this.constantsByContent) if (removed.has(value)) this.constantsByContent.delete(key);
    };
  }

  /** Adds a node with one output. */
  add1(type: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}): Value {
    return this.add(type, inputs, attributes)[0] as Value;
  }

  /** Makes a value an output under this name, which no input or output has. */
  output(name: string, value: Value): void {
    if ([...this.inputs, ...this.outputs].some((taken) => taken.name === name)) {
      throw new LimnError('GRAPH_SHAPE', `The graph already has an input or output named ${name}. Choose another name.`);
    }
    this.outputs.push({ name, value });
  }
}
markClass(Graph, 'graph');
