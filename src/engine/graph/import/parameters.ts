/**
 * Which of a file's numbers a training may change: the parameters of its modules, not their buffers or an exporter's constants.
 *
 * Where the file says what a tensor is, that holds. Elsewhere its use, its values and its name tell, in this order.
 */
import { LimnError } from '../../../core/errors.js';
import { suggestion } from '../../../core/suggest.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { ExportNotes } from './export-notes.js';
import type { FileGraph, FileNode } from './file-graph.js';
import { areCosineAndSine, isFixedFilter, isMask, isProgression, isSinusoidal, isWaves } from './formula-tables.js';
import { isMadeUp } from './made-up.js';
import { repeatedParameters } from './repeated-modules.js';

export interface ParameterChoice {
  /** Names of float tensors to train whatever they look like. */
  trained?: readonly string[] | undefined;
  /** Names of float tensors never to train. */
  frozen?: readonly string[] | undefined;
}

export interface Parameters {
  weights: Map<string, Tensor>;
  /** Float tensors that stay as they are, with the reason in words. */
  fixed: Map<string, string>;
}

/** A reading of a tensor: by which operator, at which input. */
interface Use {
  node: FileNode;
  position: number;
}

const [setting, statistics] = ['a setting of an operator', 'a running statistic'];

/** Where an operator takes numbers that no training changes: by its input positions. */
const settings: Readonly<Record<string, readonly number[]>> = { Clip: [1, 2], Pad: [2], Range: [0, 1, 2], Resize: [1, 2] };

/** Last parts of the names of PyTorch's buffers. */
const bufferName =
  /(^|[._])(running_(mean|var)|attn_mask|causal_mask|attention_mask|mask|inv_freq|original_inv_freq|periods|freqs_cis|(cos|sin)_cached|relative_coords_table|relative_position_index|pos_embed_cached|(pixel|image)_(mean|std)|filt|blur_kernel)$/;

const products: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [0, 1, 2],
  MatMul: [0, 1],
  LayerNormalization: [1, 2],
  BatchNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  GroupNormalization: [1, 2],
};

/**
 * Chooses the weights among a graph's initializers. Exporters keep equal initializers once and name the others as copies of it; a
 * copy is a weight of its own, unless one module reads both.
 *
 * @throws LimnError CONFIG for a chosen name that is no float tensor of the file, with the likely one
 */
export function parametersOf(
  graph: FileGraph,
  initializers: ReadonlySet<string>,
  notes: ExportNotes,
  choice: ParameterChoice = {},
): Parameters {
  const uses = usesOf(graph.nodes);
  const waves = cosineTables(graph.tensors);
  const preparing = preparingImages(graph);
  const weights = new Map<string, Tensor>();
  const fixed = new Map<string, string>();
  const feeding = feedsWaves(graph);
  const take = (name: string, source: string) => {
    const content = graph.tensors.get(source);
    if (content?.dtype !== 'float32' || !uses.has(name)) return;
    const reason = choice.trained?.includes(name)
      ? undefined
      : choice.frozen?.includes(name)
        ? 'frozen by the description'
        : whyFixed(
            name,
            content,
            uses.get(name) as Use[],
            notes.kindOf(name) ?? notes.kindOf(source),
            (which) => ({ waves: waves.has(source), frequencies: feeding.has(name), preparation: preparing.has(name) })[which],
          );
    if (reason === undefined) weights.set(name, content);
    else fixed.set(name, reason);
  };
  for (const name of initializers) take(name, name);
  const repeated = repeatedParameters(graph);
  for (const { type, inputs, outputs } of graph.nodes) {
    const [source, copy] = [inputs[0] as string, outputs[0] as string];
    if (type === 'Identity' && initializers.has(source) && !repeated.has(copy)) take(copy, source);
  }
  requireKnown(choice, [...weights.keys(), ...fixed.keys()]);
  return { weights, fixed };
}

function whyFixed(
  name: string,
  content: Tensor,
  uses: readonly Use[],
  kind: 'parameter' | 'buffer' | undefined,
  is: (which: 'waves' | 'frequencies' | 'preparation') => boolean,
): string | undefined {
  const data = content.data as Float32Array;
  const at = (positions: Readonly<Record<string, readonly number[]>>) => (use: Use) =>
    positions[use.node.type]?.includes(use.position);
  if (uses.some(at({ BatchNormalization: [3, 4] }))) return statistics;
  if (uses.some(at(settings))) return setting;
  if (kind) return kind === 'parameter' ? undefined : 'a buffer, as the file says';
  const anonymous = isMadeUp(name);
  if (/^_?const|lifted_tensor|tensor_constant/i.test(name)) return "an exporter's constant";
  if (bufferName.test(name)) return 'a buffer, by its name';
  if (is('preparation')) return 'a mean or deviation of colours';
  const isUniform = data.every((x) => x === data[0]);
  if (anonymous && isUniform && uses.some((use) => use.node.attributes.training_mode === 1 && use.position > 0)) return setting;
  // A learned exponent (generalised-mean pooling) has the name of a module's parameter.
  if (uses.some(at({ Pow: [1] })) && (anonymous || (!name.includes('.') && [-0.5, 0.5, 2].includes(data[0] as number))))
    return setting;
  if (uses.some(at({ Where: [1, 2] })) && data.length < 2) return setting;
  if (isMask(data)) return 'a mask';
  if (is('waves') || isSinusoidal(content)) return 'a table of sines and cosines';
  if (is('frequencies')) return 'frequencies of sines and cosines';
  if (uses.some(at(products)) && isFixedFilter(content)) return 'a filter that is the same for every channel';
  if (!uses.every(at(products)) && (isProgression(data) || isWaves(content))) return 'a table that a formula fills';
  if (!anonymous) return undefined;
  if (data.length < 2) return 'a scalar of the exporter';
  if (data.some((x) => !(Math.abs(x) < 1e4))) return 'a mask';
  const isZero = content.shape.length > 1 && data.every((x) => x === 0);
  if (isZero && uses.every(({ node }) => node.type === 'Add')) return 'a mask';
  const whole = data.every(Number.isInteger) && data.some((x) => x !== data[0]);
  return whole && data.length > 2 && !uses.some(at(products)) ? 'a table of whole numbers' : undefined;
}

function usesOf(nodes: readonly FileNode[]): Map<string, Use[]> {
  const uses = new Map<string, Use[]>();
  for (const node of nodes.filter(({ type }) => type !== 'Identity')) {
    for (const [position, name] of node.inputs.entries()) uses.set(name, [...(uses.get(name) ?? []), { node, position }]);
  }
  return uses;
}

/** Tensors that are the cosines of others' sines, or the other way round. */
function cosineTables(tensors: ReadonlyMap<string, Tensor>): Set<string> {
  const bySize = new Map<string, [string, Float32Array][]>();
  for (const [name, { dtype, data, shape }] of tensors) {
    const values = data as Float32Array;
    if (dtype !== 'float32' || values.length < 8 || shape.length < 2 || !values.every((x) => Math.abs(x) <= 1.001)) continue;
    bySize.set(shape.join(), [...(bySize.get(shape.join()) ?? []), [name, values]]);
  }
  const found = new Set<string>();
  for (const alike of bySize.values()) {
    for (const [i, [name, values]] of alike.entries()) {
      for (const [other, others] of alike.slice(i + 1)) {
        if (areCosineAndSine(values, others)) found.add(name).add(other);
      }
    }
  }
  return found;
}

const perColour = new Set(['Sub', 'Add', 'Mul', 'Div']);

/** A number for each of three colours, (3, 1, 1) or (1, 1, 1, 3). */
const isPerColour = ({ data, shape }: Tensor) => data.length === 3 && (/(^|,)3,1,1$/.test(shape.join()) || shape.length === 4);

/** Numbers that are put to the colours of the input itself, before anything else is computed: how images are prepared. */
function preparingImages({ nodes, tensors }: FileGraph): Set<string> {
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const isRaw = (name: string) => name !== '' && !made.has(name) && !tensors.has(name);
  const raw = new Set(nodes.flatMap(({ inputs }) => inputs.filter(isRaw)));
  const found = new Set<string>();
  for (const { type, inputs, outputs } of nodes) {
    if (!perColour.has(type) && type !== 'Cast' && type !== 'Identity') continue;
    const own = inputs.filter((name) => tensors.has(name));
    if (!inputs.some((name) => raw.has(name)) || inputs.some((name) => !raw.has(name) && !tensors.has(name))) continue;
    const contents = own.map((name) => [name, tensors.get(name) as Tensor] as const);
    if (!contents.every(([, content]) => content.data.length === 1 || isPerColour(content))) continue;
    for (const [name, content] of contents) if (isPerColour(content)) found.add(name);
    for (const name of outputs) raw.add(name);
  }
  return found;
}

/** Tensors of which nothing but sines and cosines is read further on: frequencies and coordinates. */
function feedsWaves({ nodes, tensors }: FileGraph): Set<string> {
  const onlyWaves = new Set<string>();
  const read = new Set<string>();
  for (const node of [...nodes].reverse()) {
    const isWave = node.type === 'Sin' || node.type === 'Cos';
    const passes = [
      'Mul',
      'MatMul',
      'Div',
      'Add',
      'Concat',
      'Unsqueeze',
      'Transpose',
      'Expand',
      'Reshape',
      'Cast',
      'Tile',
      'Flatten',
      'Slice',
      'Gather',
      'Squeeze',
    ];
    const all = isWave || (passes.includes(node.type) && node.outputs.every((output) => onlyWaves.has(output)));
    for (const input of node.inputs) {
      if (!all) onlyWaves.delete(input);
      else if (!read.has(input)) onlyWaves.add(input);
      read.add(input);
    }
  }
  return new Set([...onlyWaves].filter((name) => tensors.has(name)));
}

function requireKnown({ trained = [], frozen = [] }: ParameterChoice, known: readonly string[]): void {
  const both = trained.find((name) => frozen.includes(name));
  if (both !== undefined) {
    throw new LimnError(
      'CONFIG',
      `The encoder's description has ${both} both as "trained" and as "frozen": leave it in one of them.`,
    );
  }
  for (const [key, names] of Object.entries({ trained, frozen })) {
    const unknown = names.find((name) => !known.includes(name));
    if (unknown === undefined) continue;
    throw new LimnError(
      'CONFIG',
      `"${key}" in the encoder's description names ${unknown}, which is no float tensor that the ONNX file computes with. ${suggestion(unknown, known)}`,
      { details: { key, name: unknown } },
    );
  }
}
