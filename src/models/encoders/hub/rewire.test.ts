import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, describe, expect, it } from 'vitest';
import { readFixture, relativeError } from '../../../../test/fixtures/fixture.js';
import { ModelProtoSchema, StringStringEntryProtoSchema } from '../../../engine/graph/proto/onnx_pb.js';
import { Session } from '../../../engine/runtime/session.js';
import { readEncoderGraph } from './rewire.js';

const folder = mkdtempSync(join(tmpdir(), 'limn-rewire-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fixtures = fileURLToPath(new URL('../../../../test/fixtures/', import.meta.url));
const golden = readFixture('clip-tiny');

/** A copy of an export of transformers' CLIP that has the embedding as its only output. */
function copyOf(way: string, tower: string): string {
  const file = join(folder, way, `${tower}_model.onnx`);
  mkdirSync(join(folder, way), { recursive: true });
  copyFileSync(`${fixtures}clip-tiny-${way}/onnx/${tower}_model.onnx`, file);
  return file;
}

describe.each(['script', 'dynamo'])("PyTorch's %s exporter", (way) => {
  it.each(['vision', 'text'])('exposes the last hidden state of the %s tower', async (tower) => {
    const file = copyOf(way, tower);
    const before = readFileSync(file);
    const graph = await readEncoderGraph(file);
    expect(graph.file).toBe(join(folder, way, `${tower}_model.limn.onnx`));
    expect(graph.outputs).toEqual({ local: 'limn_local', global: tower === 'vision' ? 'image_embeds' : 'text_embeds' });
    expect(graph.inputs).toEqual(
      tower === 'vision'
        ? [{ name: 'pixel_values', elementType: 1, shape: [undefined, 3, 32, 32] }]
        : ['input_ids', 'attention_mask'].map((name) => ({ name, elementType: 7, shape: [undefined, undefined] })),
    );
    expect(readFileSync(file)).toEqual(before);
    const session = await Session.open(graph.file);
    const { pixels, ids, mask } = golden.tensors;
    const feeds = tower === 'vision' ? { pixel_values: pixels! } : { input_ids: ids!, attention_mask: mask! };
    const outputs = await session.run(feeds);
    await session.close();
    expect(relativeError(outputs[graph.outputs.local], golden.tensors[`${tower}.local`])).toBeLessThan(1e-5);
    expect(relativeError(outputs[graph.outputs.global], golden.tensors[`${tower}.global`])).toBeLessThan(1e-5);
    // What gives both already is taken as it is.
    const again = await readEncoderGraph(renamedOutput(graph.file));
    expect(again.file).toBe(join(folder, 'renamed.onnx'));
  });
});

/** The exposed output under the name that transformers gives it. */
function renamedOutput(file: string): string {
  const model = fromBinary(ModelProtoSchema, readFileSync(file));
  for (const node of model.graph!.node)
    node.output = node.output.map((name) => (name === 'limn_local' ? 'last_hidden_state' : name));
  for (const output of model.graph!.output) if (output.name === 'limn_local') output.name = 'last_hidden_state';
  writeFileSync(join(folder, 'renamed.onnx'), toBinary(ModelProtoSchema, model));
  return join(folder, 'renamed.onnx');
}

describe('readEncoderGraph', () => {
  it.each([
    ['words', Buffer.from('not a model'), /words\.onnx is not an ONNX model: .* Get it again\.$/],
    ['cut', readFileSync(`${fixtures}clip-tiny-script/onnx/vision_model.onnx`).subarray(0, 50_000), /is not an ONNX model/],
    ['empty', Buffer.alloc(0), /is not an ONNX model: it is empty; get it again\.$/],
    [
      'classifier',
      toBinary(
        ModelProtoSchema,
        create(ModelProtoSchema, {
          graph: { node: [{ opType: 'Relu', input: ['x'], output: ['logits'] }], output: [{ name: 'logits' }] },
        }),
      ),
      /gives no embedding: its outputs are logits, none of image_embeds, text_embeds, pooler_output\./,
    ],
    [
      'no-tokens',
      toBinary(
        ModelProtoSchema,
        create(ModelProtoSchema, {
          graph: { node: [{ opType: 'Relu', input: ['x'], output: ['image_embeds'] }], output: [{ name: 'image_embeds' }] },
        }),
      ),
      /has no output last_hidden_state, and no token is taken/,
    ],
    [
      'divided',
      toBinary(
        ModelProtoSchema,
        create(ModelProtoSchema, {
          graph: {
            node: [{ opType: 'Relu', output: ['pooler_output'] }],
            initializer: [{ name: 'w', dataLocation: 1, externalData: [{ key: 'location', value: '../w.bin' }] }],
          },
        }),
      ),
      /divided\.onnx keeps its weights in \.\.\/w\.bin, which is outside of its folder\. Save it anew/,
    ],
  ])('refuses %s', async (name, bytes, message) => {
    const file = join(folder, `${name}.onnx`);
    writeFileSync(file, bytes);
    const error = await readEncoderGraph(file).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'ENCODER', message: expect.stringMatching(message) });
    expect(error.message).not.toContain('\n');
    expect(readdirSync(folder).filter((entry) => entry.includes('.part'))).toEqual([]);
  });
});

describe('a graph of float16', () => {
  it('gives float32 under other names', async () => {
    const half = { type: { tensorType: { elemType: 10, shape: { dim: [1n, 2n, 3n].map((dimValue) => ({ dimValue })) } } } };
    const model = create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: 17n }],
      graph: {
        name: 'half',
        input: [{ name: 'x', type: { tensorType: { elemType: 1, shape: half.type.tensorType.shape } } }],
        node: ['last_hidden_state', 'pooler_output'].map((name) => ({
          opType: 'Cast',
          input: ['x'],
          output: [name],
          attribute: [{ name: 'to', type: 2, i: 10n }],
        })),
        output: ['last_hidden_state', 'pooler_output'].map((name) => ({ name, ...half })),
      },
    });
    const file = join(folder, 'half.onnx');
    writeFileSync(file, toBinary(ModelProtoSchema, model));
    const graph = await readEncoderGraph(file);
    expect(graph.outputs).toEqual({ local: 'limn_local', global: 'limn_global' });
    const session = await Session.open(graph.file);
    const x = { dtype: 'float32', shape: [1, 2, 3], data: Float32Array.of(1, 2, 3, 0.5, 0.25, 0.1) } as const;
    const { limn_local: local, limn_global: global } = await session.run({ x });
    await session.close();
    expect([local?.dtype, global?.dtype]).toEqual(['float32', 'float32']);
    expect([...local!.data].map(Number)).toEqual([1, 2, 3, 0.5, 0.25, expect.closeTo(0.1, 4)]);
  });
});

describe('weights in a file of their own', () => {
  it('are found, and stay where they are', async () => {
    const model = fromBinary(ModelProtoSchema, readFileSync(`${fixtures}clip-tiny-script/onnx/vision_model.onnx`));
    const parts: Uint8Array[] = [];
    let offset = 0;
    for (const weight of model.graph!.initializer) {
      parts.push(weight.rawData);
      weight.externalData = Object.entries({ location: 'vision_model.onnx_data', offset, length: weight.rawData.length }).map(
        ([key, value]) => create(StringStringEntryProtoSchema, { key, value: String(value) }),
      );
      offset += weight.rawData.length;
      weight.rawData = new Uint8Array();
      weight.dataLocation = 1;
    }
    const place = join(folder, 'external');
    mkdirSync(place);
    writeFileSync(join(place, 'vision_model.onnx'), toBinary(ModelProtoSchema, model));
    await expect(readEncoderGraph(join(place, 'vision_model.onnx'))).rejects.toThrow(
      'in vision_model.onnx_data, which is not beside it',
    );
    writeFileSync(join(place, 'vision_model.onnx_data'), Buffer.concat(parts));
    const graph = await readEncoderGraph(join(place, 'vision_model.onnx'));
    expect(graph.externalData).toEqual(['vision_model.onnx_data']);
    const session = await Session.open(graph.file);
    const outputs = await session.run({ pixel_values: golden.tensors.pixels! });
    await session.close();
    expect(relativeError(outputs.limn_local, golden.tensors['vision.local'])).toBeLessThan(1e-5);
  });
});
