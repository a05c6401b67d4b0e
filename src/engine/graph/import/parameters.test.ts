/** What of a file is trained, and the names of its blocks: the rules one by one. */
import { describe, expect, test } from 'vitest';
import { Random } from '../../../core/random.js';
import { float32, sizeOf, type Tensor } from '../../tensor/tensor.js';
import { blocksOf, Graph, readModel } from '../index.js';
import { type FileSpec, onnxFile } from '../testing/onnx-file.js';
import { blockIn } from './module-paths.js';

const table = (rows: number, columns: number, at: (row: number, column: number) => number): Tensor =>
  float32(
    [rows, columns],
    Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns)),
  );
const angle = (row: number, column: number) => row / 10 ** (Math.floor(column / 2) / 2);
const cosines = table(8, 4, (row, column) => Math.cos(angle(row, column)));
const sines = table(8, 4, (row, column) => Math.sin(angle(row, column)));
const both = table(8, 4, (row, column) => (column % 2 === 0 ? Math.sin : Math.cos)(angle(row, column)));
const random = new Random(4);
const learned = table(8, 4, () => random.uniform() - 0.5);

/** Each tensor in an operation of its own: x is added to it, or what `nodes` says. */
function modelOf(initializers: Record<string, Tensor>, types: Record<string, string> = {}, choice = {}) {
  const names = Object.keys(initializers);
  const nodes: FileSpec['nodes'] = names.map((name, i) => ({
    type: types[name] ?? 'Add',
    inputs: [i === 0 ? 'x' : `y${i - 1}`, name],
    outputs: [i + 1 === names.length ? 'y' : `y${i}`],
  }));
  const inputs: FileSpec['inputs'] = { x: { dtype: 'float32', dims: [8, 4] } };
  return readModel(onnxFile({ inputs, outputs: ['y'], initializers, nodes }), choice);
}

describe('what is trained', () => {
  test.each<[string, Record<string, Tensor>, Record<string, string>, string[]]>([
    ['cosines and sines are not', { cos: cosines, sin: sines, 'a.weight': learned }, { cos: 'Mul', sin: 'Mul' }, ['a.weight']],
    ['nor both in one table, whatever it is called', { 'encoder.positions': both, pos_embed: learned }, {}, ['pos_embed']],
    ['nor cosines alone', { val_3: cosines, val_4: learned }, {}, ['val_4']],
    ['nor a mask that is called a bias', { 'a.bias': table(8, 4, (r, c) => (c > r ? -100 : 0)), b: learned }, {}, ['b']],
    ['nor what is infinite', { 'a.b': table(8, 4, (r, c) => (c > r ? -Infinity : 0)), 'c.d': learned }, {}, ['c.d']],
    ['nor zeros that stand for no mask', { where: table(8, 4, () => 0), 'c.d': learned }, {}, ['c.d']],
    [
      'nor positions and frequencies',
      { 'a.b': table(8, 4, (r, c) => 4 * r + c), 'rope.inv_freq': learned, c: learned },
      {},
      ['c'],
    ],
    ['nor what an exporter lifted', { scalar_tensor_default: float32([], [3]), val_7: float32([], [8]), p: learned }, {}, ['p']],
    [
      'an exponent with a name of its own is',
      { 'pool.p': float32([1], [2.9]), val_2: float32([], [2]) },
      { 'pool.p': 'Pow', val_2: 'Pow' },
      ['pool.p'],
    ],
  ])('%s', (_, initializers, types, names) => {
    const { weights, fixed } = modelOf(initializers, types);
    expect([...weights.keys()]).toEqual(names);
    expect([...fixed.keys()].sort()).toEqual(
      Object.keys(initializers)
        .filter((name) => !names.includes(name))
        .sort(),
    );
  });

  test('a learned bias that was folded into a mask is trained without it, and the sum stays what it was', () => {
    const merged = table(8, 4, (row, column) => (column > row ? -100.5 : Math.sin(row * 3.1 + column)));
    const model = modelOf({ 'onnx::Add_7': merged });
    expect([...model.weights.keys(), ...model.fixed.keys()]).toEqual(['onnx::Add_7_bias', 'onnx::Add_7_mask']);
    const parts = ['bias', 'mask'].map((part) => model.file.tensors.get(`onnx::Add_7_${part}`)!.content().data as Float32Array);
    expect(Array.from({ length: 32 }, (_, i) => parts[0]![i]! + parts[1]![i]!)).toEqual([...(merged.data as Float32Array)]);
    expect(Math.min(...parts[0]!)).toBeGreaterThan(-50);
  });

  test('an exponent that was folded to its inverse follows the learned one', () => {
    const model = modelOf({ 'pool.p': float32([1], [4]), mul: float32([1], [0.25]) }, { 'pool.p': 'Pow', mul: 'Pow' });
    expect([...model.weights.keys()]).toEqual(['pool.p']);
    const graph = new Graph();
    const p = graph.input('p', 'float32', [1]);
    model.splice({ graph, inputs: { x: graph.input('x', 'float32', [8, 4]) }, outputs: ['y'], weight: () => p });
    expect(graph.nodes.filter(({ inputs }) => inputs.includes(p)).map(({ type }) => type)).toEqual(['Pow', 'Reciprocal']);
  });
});

describe('a description', () => {
  const initializers = { cos: cosines, sin: sines, 'head.weight': learned };
  const types = { cos: 'Mul', sin: 'Mul' };

  test('has the last word', () => {
    const { weights, fixed } = modelOf(initializers, types, { trained: ['cos'], frozen: ['head.weight'] });
    expect([...weights.keys()]).toEqual(['cos']);
    expect(fixed.get('head.weight')).toBe('frozen by the description');
    expect(sizeOf(weights.get('cos')!.shape)).toBe(32);
  });

  test.each<[object, string]>([
    [
      { trained: ['head.wieght'] },
      '"trained" in the encoder\'s description names head.wieght, which is no float tensor that the ONNX file computes with. Did you mean "head.weight"?',
    ],
    [{ frozen: ['coss'] }, 'Did you mean "cos"?'],
    [{ trained: ['cos'], frozen: ['cos'] }, 'has cos both as "trained" and as "frozen"'],
  ])('that cannot be meant is refused: %j', (choice, message) => {
    expect(() => modelOf(initializers, types, choice)).toThrow(message);
  });
});

test('means and deviations of colours that are put to the images are not trained, a scale behind the first product is', () => {
  const colours = (...values: number[]) => float32([1, 3, 1, 1], values);
  const model = readModel(
    onnxFile({
      inputs: { x: { dtype: 'float32', dims: [1, 3, 2, 2] } },
      outputs: ['y'],
      initializers: {
        'norm.mean': colours(0.4, 0.5, 0.6),
        'norm.std': colours(0.2, 0.3, 0.2),
        'stem.weight': float32([3, 3, 1, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        'stem.gamma': colours(0.1, 0.2, 0.3),
      },
      nodes: [
        { type: 'Sub', inputs: ['x', 'norm.mean'], outputs: ['a'] },
        { type: 'Div', inputs: ['a', 'norm.std'], outputs: ['b'] },
        { type: 'Conv', inputs: ['b', 'stem.weight'], outputs: ['c'] },
        { type: 'Mul', inputs: ['c', 'stem.gamma'], outputs: ['y'] },
      ],
    }),
  );
  expect([...model.weights.keys()]).toEqual(['stem.weight', 'stem.gamma']);
  expect(model.fixed.get('norm.std')).toBe('a mean or deviation of colours');
  const scaled = onnxFile({
    inputs: { x: { dtype: 'float32', dims: [1, 3, 3] } },
    outputs: ['y'],
    initializers: { w: float32([1, 3], [0.4, 0.5, 0.7]) },
    nodes: [{ type: 'Mul', inputs: ['x', 'w'], outputs: ['y'] }],
  });
  expect([...readModel(scaled).weights.keys()]).toEqual(['w']);
});

test.each([
  ['model.stages.2.blocks.0.token_mixer.mixer.conv.weight', 'model.stages.2.blocks.0'],
  ['model.stages.1.downsample.proj.0.weight', 'model.stages.1'],
  ['stem.0.conv_kxk.0.conv.weight', undefined],
  ['encoder.layers.encoder_layer_11.ln_1.weight', 'encoder.layers.encoder_layer_11'],
  ['features.denseblock2.denselayer5.conv1.weight', 'features.denseblock2.denselayer5'],
  ['features.1.0.block.0.0.weight', 'features.1.0'],
  ['features.3.block.1.0.weight', 'features.3'],
  ['trunk_output.block2.block2-1.f.a.0.weight', 'trunk_output.block2.block2-1'],
  ['s2.b3.conv1.conv.weight', 's2.b3'],
  ['blocks.3.1.conv_dw.weight', 'blocks.3.1'],
  ['blocks_token_only.0.attn.q.weight', 'blocks_token_only.0'],
  ['swin.encoder.layers.1.blocks.0.attention.self.query.weight', 'swin.encoder.layers.1.blocks.0'],
  ['encoder.block.4.layer.1.DenseReluDense.wi.weight', 'encoder.block.4'],
  ['encoder.stages.0.layers.1.layer.2.attention.0.weight', 'encoder.stages.0.layers.1'],
  ['encoder.layer.2.transformer.layer.0.attention.query.weight', 'encoder.layer.2'],
  ['blocks.0.mlp.layer1.weight', 'blocks.0'],
  ['stages.0.blocks.1.1.mlp.fc1.weight', 'stages.0.blocks.1'],
  ['blocks.1.2.conv_pw.weight', 'blocks.1.2'],
  ['blocks.1.layers.0.layers.MBconv.layers.pre_norm.weight', 'blocks.1.layers.0'],
  ['serial_blocks2.1.factoratt_crpe.qkv.weight', 'serial_blocks2.1'],
  ['levels.2.transformer_encoder.1.norm1.weight', 'levels.2.transformer_encoder.1'],
  ['encoder.network.0.blocks.1.local_representation.norm.weight', 'encoder.network.0.blocks.1'],
  ['encoder.network.1.proj.weight', 'encoder.network.1'],
  ['network.2.3.attn.proj.weight', 'network.2.3'],
  ['text_encoder.transformer.3.attn.qkv.weight', 'text_encoder.transformer.3'],
  ['stages.2.1.transformer.0.norm1.weight', 'stages.2.1'],
  ['transformers.1.blocks.0.norm1.weight', 'transformers.1.blocks.0'],
  ['layers.8.0.layers.3.weight', 'layers.8.0'],
])('the block of %s is %s', (path, block) => {
  expect(blockIn(path)).toBe(block);
});

test('a list whose only item holds everything is around a model, and no block', () => {
  const names = (start: string) => ['blocks.0.fc', 'blocks.1.fc', 'norm'].map((name) => `${start}${name}.weight`);
  const blocks = (start: string) => {
    const initializers = Object.fromEntries(names(start).map((name) => [name, learned]));
    return blocksOf(modelOf(initializers)).map(({ name }) => name);
  };
  expect(blocks('layers.0.')).toEqual(['layers.0.blocks.0', 'layers.0.blocks.1']);
  expect(blocks('module.')).toEqual(['module.blocks.0', 'module.blocks.1']);
  // A first stage of one block, whose other weights have lost their names, is a block.
  const stages = ['layer1.0.se.fc1', 'layer1.0.se.fc2', 'layer2.0.se.fc1', 'layer2.1.se.fc1', 'logits'];
  const first = Object.fromEntries(stages.map((name) => [`${name}.weight`, learned]));
  expect(blocksOf(modelOf(first)).map(({ name }) => name)).toEqual(['layer1.0', 'layer2.0', 'layer2.1']);
  const alone = Object.fromEntries(['fc1', 'fc2'].map((name) => [`layers.0.${name}.weight`, learned]));
  expect(blocksOf(modelOf(alone)).map(({ name }) => name)).toEqual(['layers.0']);
});

describe('blocks that are lists of their parts', () => {
  const blocks = (names: string[]) => {
    const initializers = Object.fromEntries(names.map((name) => [`${name}.weight`, learned]));
    return blocksOf(modelOf(initializers)).map(({ name, weights }) => [name, weights.length]);
  };
  const two = (list: string, parts: string[]) => [0, 1].flatMap((i) => parts.map((part) => `${list}.${i}.${part}`));

  test('are one block each: attention and MLP', () => {
    expect(blocks(two('transformer.layers', ['0.norm', '0.to_qkv', '1.net.0', '1.net.3']))).toEqual([
      ['transformer.layers.0', 4],
      ['transformer.layers.1', 4],
    ]);
  });

  test('are one block each: a convolution beside another with its norm', () => {
    expect(blocks(two('blocks', ['0.fn.0', '0.fn.2', '1', '3']))).toEqual([
      ['blocks.0', 4],
      ['blocks.1', 4],
    ]);
  });

  test('are not stages, whose items are of one kind or whose numbers differ', () => {
    const alike = two('blocks', ['0.conv_dw', '0.conv_pw', '1.conv_pw', '1.conv_dw']);
    expect(blocks(alike).map(([name]) => name)).toEqual(['blocks.0.0', 'blocks.0.1', 'blocks.1.0', 'blocks.1.1']);
    const unlike = ['blocks.0.0.conv_dw', 'blocks.1.0.conv_dw', 'blocks.1.1.attn', 'blocks.1.1.norm'];
    expect(blocks(unlike).map(([name]) => name)).toEqual(['blocks.0.0', 'blocks.1.0', 'blocks.1.1']);
  });
});
