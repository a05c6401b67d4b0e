/** Small exports of many families by both of PyTorch's exporters, and what PyTorch says of their modules; by scripts/reference/encoder_blocks.py. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { sizeOf } from '../../tensor/tensor.js';
import { blocksOf, readModel } from '../index.js';
import { ModelProtoSchema, type NodeProto } from '../proto/onnx_pb.js';

interface Expected {
  blocks: string[];
  parameters: string[];
  buffers: string[];
}

const folder = fileURLToPath(new URL('../../../../test/fixtures/encoder-blocks/', import.meta.url));
const expected = JSON.parse(readFileSync(`${folder}expected.json`, 'utf8')) as Record<string, Expected>;
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.onnx.gz'))
  .map((name) => ({ name: name.replace('.onnx.gz', ''), of: expected[name.replace(/-\w+\.onnx\.gz$/, '')] as Expected }));
const bytesOf = (name: string) => gunzipSync(readFileSync(`${folder}${name}.onnx.gz`));

/** The file without the exporter's notes; with `names`, every tensor and node is called by a number too. */
function stripped(bytes: Uint8Array, names: boolean): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const graph = model.graph!;
  const given = new Set(['', ...[...graph.input, ...graph.output].map(({ name }) => name)]);
  const renamed = new Map<string, string>();
  const rename = (name: string) => {
    if (!names || given.has(name)) return name;
    const other = renamed.get(name) ?? `${renamed.size}`;
    renamed.set(name, other);
    return other;
  };
  const strip = (node: NodeProto) => {
    node.metadataProps = [];
    node.input = node.input.map(rename);
    node.output = node.output.map(rename);
    if (names) node.name = '';
  };
  const stripAll = (nodes: readonly NodeProto[]) => {
    for (const node of nodes) {
      strip(node);
      for (const { g } of node.attribute) {
        if (!g) continue;
        stripAll(g.node);
        for (const each of [...g.initializer, ...g.output]) each.name = rename(each.name);
      }
    }
  };
  stripAll(graph.node);
  for (const tensor of graph.initializer) Object.assign(tensor, { metadataProps: [], name: rename(tensor.name) });
  Object.assign(graph, { metadataProps: [], valueInfo: [] });
  return toBinary(ModelProtoSchema, model);
}

/** The block of PyTorch's that a parameter is in; an export of a part, or of a module around it, has other first parts. */
const blockOf = ({ blocks }: Expected, parameter: string) =>
  blocks.findIndex((block) => parameter.startsWith(`${block}.`) || parameter.includes(`.${block}.`));

describe.each(files)('$name', ({ name, of }) => {
  test.each([
    ['', false],
    [' without the notes of its exporter', true],
  ])('has the blocks of PyTorch, each with its own weights and a value that it hands on%s', (_, isStripped) => {
    const bytes = bytesOf(name);
    const blocks = blocksOf(readModel(isStripped ? stripped(bytes, false) : bytes));
    expect(blocks).toHaveLength(of.blocks.length);
    blocks.forEach((block, i) => {
      const named = block.weights.filter((weight) => of.parameters.includes(weight));
      expect(named.filter((weight) => blockOf(of, weight) !== i)).toEqual([]);
      expect(block.name === of.blocks[i] || block.name.endsWith(`.${of.blocks[i]}`), block.name).toBe(true);
      if (i + 1 < blocks.length) expect(block.output, block.name).toBeDefined();
    });
    const inside = new Set(blocks.flatMap(({ weights }) => weights));
    const missing = of.parameters.filter((weight) => blockOf(of, weight) >= 0 && !inside.has(weight));
    const { weights } = readModel(bytes);
    expect(missing.filter((weight) => weights.has(weight))).toEqual([]);
  });

  test.each([
    ['', false],
    [' without the notes of its exporter', true],
  ])('trains its parameters and no buffer%s', (_, isStripped) => {
    const bytes = bytesOf(name);
    const model = readModel(isStripped ? stripped(bytes, false) : bytes);
    const isBuffer = (weight: string) => of.buffers.some((buffer) => buffer === weight || buffer.endsWith(`.${weight}`));
    expect([...model.weights.keys()].filter(isBuffer)).toEqual([]);
    expect([...model.fixed.keys()].filter((each) => of.parameters.includes(each))).toEqual([]);
    expect(model.weights.size).toBeGreaterThan(of.blocks.length);
  });
});

/** Where the structure is another than the names: a stem or a half that is built like a block, a last block of one convolution, one layer called twice. */
const ambiguous = /^(mobilevit|timm_mobilenetv3|efficientnet|timm_davit|tv_maxvit|albert)-/;

describe('without any names', () => {
  test.each(files.filter(({ name }) => !ambiguous.test(name)))('$name has as many blocks', ({ name, of }) => {
    const plain = readModel(bytesOf(name));
    const anonymous = readModel(stripped(bytesOf(name), true));
    const blocks = blocksOf(anonymous);
    expect(blocks.map((block) => block.name)).toEqual(of.blocks.map((_, i) => `block ${i}`));
    // Nodes are the same, so that each block's value is found in the same place.
    const place = (model: typeof plain, value: string | undefined) =>
      model.file.nodes.findIndex(({ outputs }) => value !== undefined && outputs.includes(value));
    const named = blocksOf(plain);
    const sizes = (model: typeof plain, weights: readonly string[]) =>
      weights.reduce((sum, weight) => sum + sizeOf(model.weights.get(weight)!.shape), 0);
    blocks.forEach(({ output, weights }, i) => {
      expect(weights.length, `block ${i}`).toBeGreaterThan(0);
      if (i + 1 < blocks.length) expect(place(anonymous, output), `block ${i}`).toBeGreaterThan(-1);
      if (/^(clip|vit|tv_vit|deit|dinov|siglip|bert|tv_resnet)/.test(name))
        expect(sizes(anonymous, weights), `block ${i}`).toBe(sizes(plain, named[i]?.weights ?? []));
    });
  });
});
