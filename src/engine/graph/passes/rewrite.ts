/**
 * A graph written anew, node by node, by rules that may put something simpler in a node's place. What no output needs is left out, and
 * equal nodes become one.
 */
import { bytesOf, type Tensor } from '../../tensor/tensor.js';
import { type Attribute, type Attributes, Float, Graph, type GraphBuilder, type GraphNode, type Value } from '../graph.js';
import type { ValueType } from '../registry.js';
import { bodiesOf, neededNodes, readersOf } from './needed.js';

/** A node that is about to be added, with inputs of the new graph. */
export interface Draft {
  type: string;
  inputs: readonly (Value | undefined)[];
  attributes: Attributes;
  /** Types of its outputs, and of the first. */
  outputs: readonly ValueType[];
  output: ValueType;
  graph: Graph;
  /** Whether a value of the new graph has one reader only, which is this node. */
  isOnlyRead(value: Value): boolean;
}

/** What takes the place of a node's outputs, or undefined where it is to stay. */
export type Rule = (draft: Draft) => Value | readonly Value[] | undefined;

export interface Bound {
  inputs: ReadonlySet<Value>;
  /** The new values of these inputs. @param inputNamed another input of the new graph */
  compute(inputNamed: (name: string) => Value): ReadonlyMap<Value, Value>;
}

export interface Rewritten {
  graph: Graph;
  /** The new graph's value of an old one that an output needs, or of an input. */
  of(value: Value): Value;
}

/**
 * @param bound adds nodes that compute some inputs of the graph, which are its inputs no longer, from others; it is given the new graph, in which
 * the others are declared
 */
export function rewritten(graph: GraphBuilder, rules: readonly Rule[], bound?: Bound): Rewritten {
  const rewriter = new Rewriter(readersOf(graph), rules, bound);
  return { graph: rewriter.write(graph), of: (value) => rewriter.of(value) };
}

class Rewriter {
  private readonly values = new Map<Value, Value>();
  private readonly graphs = new Map<GraphBuilder, Graph>();
  /** How often values of the new graph are read, or more. */
  private readonly reads = new Map<Value, number>();

  constructor(
    private readonly readers: ReadonlyMap<Value, number>,
    private readonly rules: readonly Rule[],
    private readonly bound?: Bound,
  ) {}

  write(old: GraphBuilder, parent?: Graph): Graph {
    const graph = new Graph(old.name, parent);
    this.graphs.set(old, graph);
    const declared = old.inputs.filter((input) => !this.bound?.inputs.has(input));
    for (const input of declared) this.values.set(input, graph.input(input.name, input.dtype, input.shape));
    if (!parent) {
      const named = (name: string) => graph.inputs.find((input) => input.name === name) as Value;
      for (const [input, value] of this.bound?.compute(named) ?? []) this.values.set(input, value);
    }
    const known = new Map<string, readonly Value[]>();
    for (const node of neededNodes(old).nodes) {
      graph.origin = node.origin;
      const made = this.made(node, graph, known);
      node.outputs.forEach((output, i) => {
        this.note(output, made[i] as Value);
      });
    }
    graph.origin = undefined;
    for (const { name, value } of old.outputs) graph.output(name, this.of(value));
    return graph;
  }

  of(value: Value): Value {
    const known = this.values.get(value);
    if (known) return known;
    const owner = this.graphs.get(value.graph);
    if (!value.constant || !owner) throw new Error(`${value.name} is read before it is computed`);
    const constant = owner.constant(value.constant, value.name);
    this.values.set(value, constant);
    return constant;
  }

  /** A value that stands for several old ones has the readers of all. */
  private note(old: Value, value: Value): void {
    this.values.set(old, value);
    this.reads.set(value, (this.reads.get(value) ?? 0) + (this.readers.get(old) ?? 0));
  }

  private made(node: GraphNode, graph: Graph, known: Map<string, readonly Value[]>): readonly Value[] {
    const inputs = node.inputs.map((input) => input && this.of(input));
    if (bodiesOf(node).length > 0) {
      const attributes = Object.entries(node.attributes).map(([name, attribute]): [string, Attribute] => [
        name,
        attribute instanceof Graph ? this.write(attribute, graph) : attribute,
      ]);
      return graph.addTyped(node.type, inputs, Object.fromEntries(attributes), node.outputs);
    }
    const output = node.outputs[0] as Value;
    const isOnlyRead = (value: Value) => this.reads.get(value) === 1;
    const { type, attributes, outputs } = node;
    const draft: Draft = { type, inputs, attributes, outputs, output, graph, isOnlyRead };
    for (const rule of this.rules) {
      const simpler = rule(draft);
      if (simpler) return Array.isArray(simpler) ? simpler : [simpler as Value];
    }
    const key = keyOf(node.type, inputs, node.attributes, node.outputs.length);
    const same = known.get(key);
    if (same) return same;
    const made = graph.addTyped(node.type, inputs, node.attributes, node.outputs);
    known.set(key, made);
    return made;
  }
}

/** Equal for nodes that compute the same. */
function keyOf(type: string, inputs: readonly (Value | undefined)[], attributes: Attributes, outputs: number): string {
  const named = inputs.map((input) => input?.name ?? '').join();
  const sorted = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${type}(${named})${outputs}${sorted.map(([name, value]) => `|${name}=${textOf(value)}`).join('')}`;
}

function textOf(value: Attribute): string {
  if (value instanceof Float) return `f${value.value}`;
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  if (typeof value !== 'object') return `${typeof value}${String(value)}`;
  const content = value as Tensor;
  return `${content.dtype}[${content.shape}]${Buffer.from(bytesOf(content)).toString('base64')}`;
}
