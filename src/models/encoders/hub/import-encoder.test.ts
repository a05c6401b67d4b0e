import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { readFixture } from '../../../../test/fixtures/fixture.js';
import { byteTokenizer } from '../../../../test/support/clip/byte-tokenizer.js';
import { clipSizes, writeRandomClip } from '../../../../test/support/clip/random-clip.js';
import { fromFloat16 } from '../../../engine/tensor/float16.js';
import { OnnxImageEncoder } from '../image/image-encoder.js';
import { OnnxTextEncoder } from '../text/text-encoder.js';
import { checkHubEncoder, findEncoderFolder, openHubEncoder, readEncoderFolder } from './encoder-folder.js';
import { importEncoder } from './import-encoder.js';

const scratch = mkdtempSync(join(tmpdir(), 'limn-import-'));
const fixtures = fileURLToPath(new URL('../../../../test/fixtures/', import.meta.url));
const golden = readFixture('clip-tiny').tensors;
const [mean, std] = [
  [0.48145466, 0.4578275, 0.40821073],
  [0.26862954, 0.26130258, 0.27577711],
] as const;

beforeAll(async () => {
  await writeRandomClip(join(scratch, 'random'), clipSizes.tiny);
  for (const way of ['script', 'dynamo']) {
    const folder = join(scratch, way);
    cpSync(`${fixtures}clip-tiny-${way}`, folder, { recursive: true });
    cpSync(join(scratch, 'random', 'preprocessor_config.json'), join(folder, 'preprocessor_config.json'));
    const { tokenizer, config } = byteTokenizer(514, 20);
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
    writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  }
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
beforeEach(() => {
  vi.stubEnv('LIMN_HOME', mkdtempSync(join(scratch, 'home-')));
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** The bytes that the golden pixels were made of, (size, size, 3). */
function goldenImages(): Uint8Array[] {
  const data = golden.pixels!.data as Float32Array;
  return Array.from({ length: 3 }, (_, image) =>
    Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => {
      const channel = i % 3;
      const value = data[(image * 3 + channel) * 1024 + Math.floor(i / 3)] as number;
      return Math.round((value * std[channel]! + mean[channel]!) * 255);
    }),
  );
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  expect(expected.length).toBeGreaterThan(0);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs((actual[i] as number) - (expected[i] as number)));
  expect(worst).toBeLessThan(tolerance);
}

describe.each(['script', 'dynamo'])('an export of transformers (%s) without hidden states', (way) => {
  it('gives the features that transformers computes', async () => {
    const encoder = await importEncoder(join(scratch, way), { name: 'org/tiny' });
    expect(readdirSync(join(encoder.folder, 'onnx')).sort()).toEqual([
      'text_model.limn.onnx',
      'text_model.onnx',
      'vision_model.limn.onnx',
      'vision_model.onnx',
    ]);
    expect(await checkHubEncoder('tiny')).toEqual([]);
    const ofImages = await OnnxImageEncoder.fromWeights(encoder.image!.description, encoder.image!.weights);
    expect(ofImages.description.outputs).toEqual({
      local: 'limn_local',
      global: 'image_embeds',
      localForm: 'tokens',
      skipTokens: 1,
    });
    const seen = await ofImages.encode(goldenImages());
    await ofImages.close();
    expectClose(seen.global, golden['vision.global']!.data as Float32Array, 1e-4);
    // Places only: the class token is left out.
    const local = golden['vision.local']!.data as Float32Array;
    const width = 24;
    const places = [0, 1, 2].flatMap((i) => [...local.subarray((i * 17 + 1) * width, (i + 1) * 17 * width)]);
    expectClose(seen.local, places, 1e-4);

    const texts = await OnnxTextEncoder.open(encoder.text!.description, encoder.text!.files, { tokens: 12 });
    const read = await texts.encode(['it is', 'a', 'abcdefg']);
    await texts.close();
    expect([...read.lengths]).toEqual([6, 3, 9]);
    expectClose(fromFloat16(read.global), golden['text.global']!.data as Float32Array, 5e-3);
    const expected = golden['text.local']!.data as Float32Array;
    const features = fromFloat16(read.local);
    read.lengths.forEach((length, i) => {
      const from = i * 12 * 16;
      expectClose(features.subarray(from, from + length * 16), expected.subarray(i * 9 * 16, (i * 9 + length) * 16), 5e-3);
      expect(features.subarray(from + length * 16, from + 12 * 16).every((value) => value === 0)).toBe(true);
    });
  });
});

describe('importEncoder', () => {
  it('finds the form of a convolutional tower', async () => {
    await writeRandomClip(join(scratch, 'resnet'), clipSizes['tiny-resnet'], { batch: 2 });
    const { image, text } = await importEncoder(join(scratch, 'resnet'));
    expect(image!.description).toMatchObject({ outputs: { localForm: 'map', skipTokens: 0 }, batch: 2, size: 64 });
    expect(text?.description).toMatchObject({ batch: 2, fixedLength: true, length: 20, padding: 513 });
    const encoder = await OnnxImageEncoder.fromWeights(image!.description, image!.weights);
    expect([encoder.local, encoder.global]).toEqual([{ tokens: 4, channels: 128 }, { channels: 12 }]);
    const images = Array.from({ length: 3 }, (_, i) => new Uint8Array(64 * 64 * 3).fill(50 * i + 20));
    const { global } = await encoder.encode(images);
    expect(global.every(Number.isFinite)).toBe(true);
    expect(global.subarray(0, 12)).not.toEqual(global.subarray(12, 24));
    await encoder.close();
  });

  it('exposes hidden states of graphs that limn wrote itself', async () => {
    await writeRandomClip(join(scratch, 'embeds'), clipSizes.tiny, { hiddenStates: false });
    const bare = await importEncoder(join(scratch, 'embeds'));
    const full = await importEncoder(join(scratch, 'random'));
    const images = [Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 37) % 256)];
    const features = [];
    for (const { image, text } of [bare, full]) {
      const ofImages = await OnnxImageEncoder.fromWeights(image!.description, image!.weights);
      const texts = await OnnxTextEncoder.open(text!.description, text!.files);
      features.push([await ofImages.encode(images), await texts.encode(['red', 'a longer text'])]);
      await Promise.all([ofImages.close(), texts.close()]);
    }
    expect(features[0]).toEqual(features[1]);
  });

  it('takes a folder of pictures alone, and one whose files lie flat', async () => {
    const folder = join(scratch, 'flat');
    mkdirSync(folder);
    for (const file of ['config.json', 'preprocessor_config.json']) cpSync(join(scratch, 'random', file), join(folder, file));
    cpSync(join(scratch, 'random', 'onnx', 'vision_model.onnx'), join(folder, 'model.onnx'));
    const encoder = await importEncoder(folder, { name: 'flat-one' });
    expect(encoder.text).toBeUndefined();
    expect(encoder.image!.weights).toBe(join(encoder.folder, 'model.onnx'));
    expect((await readEncoderFolder(encoder.folder)).source).toBeUndefined();
  });

  it('finds the weights of a trained model again, wherever LIMN_HOME is by then', async () => {
    const { image } = await importEncoder(join(scratch, 'random'), { name: 'org/moved' });
    expect(image!.description.file).toBe('org--moved/onnx/vision_model.onnx');
    const { findWeights } = await import('../image/description.js');
    expect(findWeights(image!.description.file, scratch)).toBe(image!.weights);
  });

  it.each([
    ['onnx/vision_model.onnx', 'cut', /vision_model\.onnx is not an ONNX model/],
    ['onnx/text_model.onnx', 'cut', /text_model\.onnx is not an ONNX model/],
    ['config.json', '{', /config\.json is not valid JSON/],
    ['tokenizer.json', '{}', /tokenizer\.json is not a tokenizer that limn can use/],
    ['preprocessor_config.json', '{"size": {"height": 32, "width": 48}}', /pictures that are not square/],
  ])('makes no encoder of a folder with a broken %s', async (file, content, message) => {
    const folder = mkdtempSync(join(scratch, 'broken-'));
    cpSync(join(scratch, 'random'), folder, { recursive: true });
    const old = readFileSync(join(folder, file));
    writeFileSync(join(folder, file), content === 'cut' ? old.subarray(0, old.length / 2) : content);
    const error = await importEncoder(folder, { name: 'broken' }).catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'LimnError', message: expect.stringMatching(message) });
    expect(error.message).not.toContain('\n');
    expect(await findEncoderFolder('broken')).toBeUndefined();
    await expect(openHubEncoder('broken')).rejects.toThrow('There is no encoder "broken"');
  });

  it('says what a folder lacks', async () => {
    await expect(importEncoder(join(scratch, 'nowhere'))).rejects.toThrow(/^Cannot read the folder .*nowhere: ENOENT/);
    const folder = mkdtempSync(join(scratch, 'lacking-'));
    await expect(importEncoder(folder, { name: 'x' })).rejects.toThrow(/lacking-\w+ has no ONNX files\. Export the model/);
    cpSync(join(scratch, 'random'), folder, { recursive: true });
    rmSync(join(folder, 'tokenizer.json'));
    await expect(importEncoder(folder, { name: 'x' })).rejects.toThrow('has no tokenizer.json, which its encoder needs.');
    await expect(importEncoder(folder, { name: 'x', dtype: 'q8' })).rejects.toThrow(
      'has no vision_model with dtype q8: it has fp32.',
    );
    await expect(importEncoder(folder, { name: '../x' })).rejects.toMatchObject({ code: 'USAGE' });
    expect(existsSync(join(process.env.LIMN_HOME!, 'encoders', 'x'))).toBe(false);
  });

  it('asks for the whole name where two share the short one', async () => {
    await importEncoder(join(scratch, 'random'), { name: 'a/clip' });
    await importEncoder(join(scratch, 'random'), { name: 'b/clip' });
    await expect(openHubEncoder('clip')).rejects.toThrow('"clip" could be a/clip or b/clip: give the whole name.');
    await expect(openHubEncoder('a/clipp')).rejects.toThrow(/There is no encoder "a\/clipp" in .*\. Did you mean "a\/clip"\?/);
  });
});
