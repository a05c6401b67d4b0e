/** Folders that limn cannot use: each is refused for the reason that it has, in terms of the files that were given, and leaves nothing. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { byteTokenizer } from '../../../../test/support/clip/byte-tokenizer.js';
import { type FileSpec, onnxFile } from '../../../engine/graph/testing/onnx-file.js';
import { float32, int64 } from '../../../engine/tensor/tensor.js';
import { importEncoder } from './import-encoder.js';

const scratch = mkdtempSync(join(tmpdir(), 'limn-refusals-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
beforeEach(() => {
  vi.stubEnv('LIMN_HOME', mkdtempSync(join(scratch, 'home-')));
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const size = 8;
const preprocessor = { image_processor_type: 'ViTImageProcessor', size: { height: size, width: size } };
const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 345678\n';
type Inputs = NonNullable<FileSpec['inputs']>;

function newFolder(files: Record<string, string | Uint8Array | object>): string {
  const folder = mkdtempSync(join(scratch, 'model-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    const isWhole = typeof content === 'string' || content instanceof Uint8Array;
    writeFileSync(join(folder, name), isWhole ? content : JSON.stringify(content));
  }
  return folder;
}

async function refusal(folder: string): Promise<{ code: string; message: string }> {
  const error = await importEncoder(folder, { name: 'refused' }).catch((thrown) => thrown);
  expect(error.name).toBe('LimnError');
  expect(error.message).not.toContain('.adding');
  expect(error.message).not.toContain('\n');
  const home = join(process.env.LIMN_HOME as string, 'encoders');
  expect(existsSync(home) ? readdirSync(home) : []).toEqual([]);
  return error;
}

/** The mean of all places, by inputs of any kind; `more` changes the file. */
function imageFile(inputs: Inputs, more: Partial<FileSpec> = {}): Uint8Array {
  const [name] = Object.keys(inputs) as [string];
  return onnxFile({
    inputs,
    outputs: ['last_hidden_state', 'pooler_output'],
    initializers: { shape: int64([3], [0, 3, -1]) },
    nodes: [
      { type: 'Reshape', inputs: [name, 'shape'], outputs: ['flat'] },
      { type: 'Transpose', inputs: ['flat'], outputs: ['last_hidden_state'], attributes: { perm: [0, 2, 1] } },
      { type: 'ReduceMean', inputs: ['flat'], outputs: ['pooler_output'], attributes: { axes: [2], keepdims: 0 } },
    ],
    ...more,
  });
}
const pixels: Inputs = { pixel_values: { dtype: 'float32', dims: ['N', 3, size, size] } };
const withImages = (inputs: Inputs, more: Partial<FileSpec> = {}) => ({
  'model.onnx': imageFile(inputs, more),
  'preprocessor_config.json': preprocessor,
});

describe('files that are not what they seem', () => {
  it.each<[string, Record<string, string | Uint8Array | object>, RegExp]>([
    [
      'a pointer for the model',
      { 'model.onnx': pointer },
      /model\.onnx is not an ONNX model: it is a pointer of Git LFS.*git lfs pull/,
    ],
    ['a web page for the model', { 'model.onnx': '<!DOCTYPE html><html>' }, /model\.onnx is not an ONNX model: it is a web page/],
    [
      'settings that are cut',
      { ...withImages(pixels), 'preprocessor_config.json': '{"size": 4,' },
      /model-\w+\/preprocessor_config\.json is not valid JSON/,
    ],
    [
      'a pointer for settings',
      { ...withImages(pixels), 'preprocessor_config.json': pointer },
      /preprocessor_config\.json is not valid JSON.*: it is a pointer of Git LFS/,
    ],
    [
      'other formats',
      { 'model.safetensors': 'x', 'tf/saved_model.pb': 'x', 'config.json': {} },
      /has no ONNX files, but files for other programs \(model\.safetensors, tf\/saved_model\.pb\)\. Export the model to ONNX/,
    ],
    [
      'weights elsewhere',
      withImages(pixels, {
        initializers: { shape: int64([3], [0, 3, -1]), w: float32([1], [1]) },
        external: { w: { location: '../w.bin' } },
      }),
      /keeps its weights in \.\.\/w\.bin, which is outside of its folder\. Save it anew/,
    ],
  ])('%s', async (_, files, said) => {
    expect((await refusal(newFolder(files))).message).toMatch(said);
  });

  it.each([
    ['cut', new Uint8Array(8), /weights\.bin, which has 8 bytes of at least 16: it is cut short\. Get that again\.$/],
    ['a pointer', 'version https://git-lfs.github.com/spec/v1', /weights\.bin, but it is a pointer of Git LFS/],
  ])('weights that are %s', async (_, content, said) => {
    const initializers = { shape: int64([3], [0, 3, -1]), w: float32([64], new Array(64).fill(1)) };
    const length = typeof content === 'string' ? 256 : 16;
    const files = withImages(pixels, { initializers, external: { w: { location: 'weights.bin', length: String(length) } } });
    expect((await refusal(newFolder({ ...files, 'weights.bin': content }))).message).toMatch(said);
  });
});

describe('image files with other inputs', () => {
  it.each<[string, Inputs, RegExp]>([
    [
      'bytes',
      { raw: { dtype: 2, dims: ['N', 3, size, size] } },
      /takes images as uint8 \(raw\), and limn gives float32 or float16/,
    ],
    ['doubles', { raw: { dtype: 11, dims: ['N', 3, size, size] } }, /takes images as float64 \(raw\)/],
    ['integers', { raw: { dtype: 'int64', dims: ['N', 3, size, size] } }, /takes images as int64 \(raw\)/],
    [
      'another input',
      { ...pixels, training: { dtype: 'bool', dims: [] } },
      /takes training \(bool\) beside the image pixel_values/,
    ],
    ['one colour', { grey: { dtype: 'float32', dims: ['N', 1, size, size] } }, /limn gives images of 3 colours/],
    [
      'wide images',
      { wide: { dtype: 'float32', dims: ['N', 3, size, 2 * size] } },
      /takes images of 16 x 8 pixels, and limn gives square ones/,
    ],
    ['words', { words: { dtype: 8, dims: ['N'] } }, /takes words, string \(\?\), which is neither/],
    [
      'what was written before',
      { input_ids: { dtype: 'int64', dims: ['N', 1] }, 'past_key_values.0.key': { dtype: 'float32', dims: ['N', 2, 'P', 8] } },
      /takes past_key_values\.0\.key, as models do that write a text token by token/,
    ],
  ])('%s', async (_, inputs, said) => {
    expect((await refusal(newFolder(withImages(inputs)))).message).toMatch(said);
  });

  it('takes an input without a shape for images', async () => {
    const folder = newFolder(withImages({ pixel_values: { dtype: 'float32' } }));
    const { image } = await importEncoder(folder, { name: 'open' });
    expect(image?.description).toMatchObject({ layout: 'NCHW', size });
  });

  it('refuses a tower that is not what it is called, and does not leave it out', async () => {
    const folder = newFolder({
      'vision_model.onnx': imageFile({ patches: { dtype: 'float32', dims: ['N', 48] } }),
      'text_model.onnx': imageFile({ input_ids: { dtype: 'int64', dims: ['N', 6] } }),
    });
    expect((await refusal(folder)).message).toMatch(/takes patches, float32 \(\?, 48\), which is neither/);
  });
});

describe('operators and versions that the runtime does not have', () => {
  it.each<[string, Partial<FileSpec>, RegExp]>([
    [
      'a domain',
      {
        nodes: [{ type: 'Fancy', domain: 'com.acme', inputs: ['pixel_values'], outputs: ['last_hidden_state'] }],
        outputs: ['last_hidden_state'],
      },
      /operators of the domain com\.acme are none of the runtime's/,
    ],
    [
      'an operator',
      { nodes: [{ type: 'Softmoox', inputs: ['pixel_values'], outputs: ['last_hidden_state'] }], outputs: ['last_hidden_state'] },
      /has no Softmoox/,
    ],
  ])('%s', async (_, more, said) => {
    const { code, message } = await refusal(newFolder(withImages(pixels, more)));
    expect(code).toBe('RUNTIME');
    expect(message).toMatch(said);
  });
});

describe('text files with other inputs', () => {
  const { tokenizer, config } = byteTokenizer(514, 6);
  const settings = { 'tokenizer.json': tokenizer, 'tokenizer_config.json': config };
  const ids: Inputs = { input_ids: { dtype: 'int64', dims: ['N', 'L'] } };

  it.each<[string, Inputs, RegExp]>([
    [
      'a mask of another type',
      { ...ids, attention_mask: { dtype: 'float32', dims: ['N', 'L'] } },
      /attention_mask as float32 and input_ids as int64/,
    ],
    [
      'positions',
      { ...ids, position_ids: { dtype: 'int64', dims: ['N', 'L'] } },
      /limn does not give position_ids\. Export it with input_ids/,
    ],
    [
      'names of its own',
      { tokens: { dtype: 'int64', dims: ['N', 'L'] }, mask: { dtype: 'int64', dims: ['N', 'L'] } },
      /takes tokens \(int64\), mask \(int64\): limn tells them by their names\. Call them input_ids, attention_mask/,
    ],
  ])('%s', async (_, inputs, said) => {
    expect((await refusal(newFolder({ 'model.onnx': imageFile(inputs), ...settings }))).message).toMatch(said);
  });

  it('says how to come by a tokenizer', async () => {
    const folder = newFolder({ 'model.onnx': imageFile(ids), 'vocab.txt': '[PAD]', 'tokenizer_config.json': config });
    expect((await refusal(folder)).message).toMatch(/has no tokenizer\.json, which its encoder needs\. In Python, AutoTokenizer/);
  });
});
