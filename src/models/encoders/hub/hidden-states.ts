/**
 * Finds, backwards from an embedding, the values that may be the places it was pooled from.
 *
 * What is nearest to the embedding comes first: a token that is selected, a mean or a maximum over places. Only a trial run tells shapes, so
 * that a reader takes the first that has places.
 */
import type { GraphProto, NodeProto } from '../../../engine/graph/proto/onnx_pb.js';

/** Takes elements of its first input at the places of the others. */
const selecting = new Set(['Gather', 'GatherElements', 'GatherND', 'Slice']);
/** Pass their first input on, in another form; other inputs are shapes and axes. */
const formal = new Set(['Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze', 'Identity', 'Cast', 'Expand', 'Dropout']);
const reducing = new Set(['ReduceMean', 'ReduceSum', 'ReduceMax']);
const globalPools = new Set(['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool']);
/** May pool the whole map, or a window of it. */
const windowPools = new Set(['AveragePool', 'MaxPool', 'LpPool']);
const normalizing = new Set(['LayerNormalization', 'SkipLayerNormalization', 'RMSNormalization']);
const most = 16;

/**
 * @param output an embedding of the whole input
 * @returns names of values, the likeliest first; none depends on weights alone
 */
export function hiddenStates(graph: GraphProto, output: string): string[] {
  const producers = producersOf(graph);
  const computed = computedValues(graph);
  const pooled = new Set<string>();
  // Where nothing is selected or averaged, as behind a learned query: what was normalised or flattened.
  const others = new Set<string>();
  const add = (names: readonly (string | undefined)[], to: Set<string>) => {
    for (const name of names) if (name !== undefined && computed.has(name)) to.add(name);
  };
  for (const node of nodesBefore(producers, output)) {
    const [source] = node.input;
    if (selecting.has(node.opType)) add([source, throughForms(producers, source as string)], pooled);
    else if (globalPools.has(node.opType) || isReduction(graph, producers, node)) add([source], pooled);
    else if (windowPools.has(node.opType)) add([node.output[0], source], pooled);
    else if (normalizing.has(node.opType)) add([node.output[0]], others);
    else if (reducing.has(node.opType) || node.opType === 'Flatten') add([source], others);
    if (pooled.size >= most) break;
  }
  return [...pooled, ...others].slice(0, most);
}

/** The tensor that a token is selected from, whatever form it was brought to for that. */
export function beforeForms(graph: GraphProto, name: string): string {
  return throughForms(producersOf(graph), name);
}

/** The node that gives each value. */
function producersOf(graph: GraphProto): ReadonlyMap<string, NodeProto> {
  return new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
}

/** Breadth first, so that the nearest node comes first. */
function* nodesBefore(producers: ReadonlyMap<string, NodeProto>, output: string): Generator<NodeProto> {
  const queue = [output];
  const seen = new Set(queue);
  const given = new Set<NodeProto>();
  for (const name of queue) {
    const node = producers.get(name);
    if (!node || node.opType === 'Shape') continue;
    if (!given.has(node)) yield node;
    given.add(node);
    for (const input of formal.has(node.opType) || selecting.has(node.opType) ? node.input.slice(0, 1) : node.input) {
      if (seen.has(input)) continue;
      seen.add(input);
      queue.push(input);
    }
  }
}

/** Values that nodes make of the graph's inputs, other than of their shapes alone. */
function computedValues(graph: GraphProto): Set<string> {
  const weights = new Set(graph.initializer.map(({ name }) => name));
  const inputs = new Set(graph.input.flatMap(({ name }) => (weights.has(name) ? [] : [name])));
  const computed = new Set<string>();
  for (const { opType, input, output } of graph.node) {
    if (opType === 'Shape' || !input.some((name) => inputs.has(name) || computed.has(name))) continue;
    for (const name of output) computed.add(name);
  }
  return computed;
}

/** Back over nodes that only change a tensor's form. A transposition stays: what it gives has the order (N, tokens, channels). */
function throughForms(producers: ReadonlyMap<string, NodeProto>, name: string): string {
  const node = producers.get(name);
  return node && node.opType !== 'Transpose' && formal.has(node.opType) ? throughForms(producers, node.input[0] as string) : name;
}

/** Whether a reduction is over places. One over channels that stay as an axis is a normalisation's. */
function isReduction(graph: GraphProto, producers: ReadonlyMap<string, NodeProto>, node: NodeProto): boolean {
  if (!reducing.has(node.opType)) return false;
  const axes = axesOf(graph, producers, node);
  const keeps = node.attribute.find(({ name }) => name === 'keepdims')?.i !== 0n;
  return axes.length > 0 && !(keeps && axes.join() === '-1');
}

function axesOf(graph: GraphProto, producers: ReadonlyMap<string, NodeProto>, node: NodeProto): number[] {
  const attribute = node.attribute.find(({ name }) => name === 'axes');
  if (attribute) return attribute.ints.map(Number);
  const name = node.input[1];
  if (name === undefined) return [];
  const constant = producers.get(name)?.attribute;
  const values = constant?.find((one) => one.name === 'value_ints');
  if (values) return values.ints.map(Number);
  const tensor =
    graph.initializer.find((one) => one.name === name) ?? constant?.find((one) => one.name === 'value')?.t ?? undefined;
  if (!tensor) return [];
  if (tensor.int64Data.length > 0) return tensor.int64Data.map(Number);
  const bytes = tensor.rawData.slice();
  return Array.from(new BigInt64Array(bytes.buffer, 0, bytes.length >> 3), Number);
}
