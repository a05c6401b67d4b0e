import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../../core/random.js';
import { encodeModel, Graph, globalAveragePool, reduceMean, reshape, transpose } from '../../../engine/graph/index.js';
import { openFeatures } from '../cache/feature-cache.js';
import { colourStatistics } from './colour.js';
import { parseDescription } from './description.js';
import { OnnxImageEncoder } from './image-encoder.js';

const folder = mkdtempSync(join(tmpdir(), 'limn-encoder-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const size = 16;
const random = new Random(1);
const images = Array.from({ length: 5 }, () => Uint8Array.from({ length: size * size * 3 }, () => random.below(256)));

/** A graph that averages the colours of a picture's quarters and of the whole, in the form that is asked for. */
function writeGraph(options: { batch: number; layout: 'NCHW' | 'NHWC'; form: 'tokens' | 'map' }): string {
  const { batch, layout, form } = options;
  const graph = new Graph('averages');
  const image = graph.input('image', 'float32', layout === 'NCHW' ? [batch, 3, size, size] : [batch, size, size, 3]);
  const channelsFirst = layout === 'NCHW' ? image : transpose(image, [0, 3, 1, 2]);
  const blocks = reshape(channelsFirst, [batch, 3, 2, 8, 2, 8]);
  const map = reduceMean(blocks, [3, 5]);
  const tokens = reshape(transpose(reshape(map, [batch, 3, 4]), [0, 2, 1]), [batch, 4, 3]);
  graph.output('local', form === 'map' ? reshape(map, [batch, 3, 2, 2]) : tokens);
  graph.output('global', reshape(globalAveragePool(channelsFirst), [batch, 3]));
  const path = join(folder, `${batch}-${layout}-${form}.onnx`);
  writeFileSync(path, encodeModel(graph));
  return path;
}

function describeGraph(changes: Record<string, unknown> = {}) {
  const plain = {
    name: 'averages',
    file: 'unused.onnx',
    input: 'image',
    size,
    mean: [0.1, 0.2, 0.3],
    std: [0.5, 0.25, 1],
    outputs: { local: 'local', global: 'global' },
  };
  return parseDescription({ ...plain, ...changes }, 'test');
}

/** Means of quarters or the whole, normalised as the description says, from the colour statistics alone. */
function expectedMeans(image: Uint8Array, grid: number): number[] {
  const statistics = new Float32Array(grid * grid * 6);
  colourStatistics(image, size, grid, { out: statistics });
  const { mean, std } = describeGraph();
  return Array.from({ length: grid * grid * 3 }, (_, i) => {
    const channel = i % 3;
    const value = statistics[Math.floor(i / 3) * 6 + channel] as number;
    return (value - (mean[channel] as number)) / (std[channel] as number);
  });
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>) {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i] as number, 4);
}

describe('OnnxPictureEncoder', () => {
  it.each([
    { batch: 1, layout: 'NCHW', form: 'tokens' },
    { batch: 2, layout: 'NCHW', form: 'map' },
    { batch: 3, layout: 'NHWC', form: 'tokens' },
  ] as const)('runs a graph of $batch pictures, $layout, $form', async ({ batch, layout, form }) => {
    const outputs = { local: 'local', global: 'global', localForm: form };
    const encoder = await OnnxImageEncoder.fromWeights(
      describeGraph({ batch, layout, outputs }),
      writeGraph({ batch, layout, form }),
    );
    expect([encoder.local, encoder.global]).toEqual([{ tokens: 4, channels: 3 }, { channels: 3 }]);
    const { local, global } = await encoder.encode(images);
    images.forEach((image, i) => {
      expectClose(local.subarray(i * 12, (i + 1) * 12), expectedMeans(image, 2));
      expectClose(global.subarray(i * 3, (i + 1) * 3), expectedMeans(image, 1));
    });
    await encoder.close();
  });

  it('joins colour to each token and to the whole, and leaves tokens out', async () => {
    const weights = writeGraph({ batch: 1, layout: 'NCHW', form: 'tokens' });
    const encoder = await OnnxImageEncoder.fromWeights(describeGraph({ batch: 1, colour: true }), weights);
    expect([encoder.local, encoder.global]).toEqual([{ tokens: 4, channels: 9 }, { channels: 9 }]);
    const image = images[2] as Uint8Array;
    const { local, global } = await encoder.encode([image]);
    const statistics = new Float32Array(24);
    colourStatistics(image, size, 2, { out: statistics });
    for (let token = 0; token < 4; token++) {
      expectClose(local.subarray(token * 9, token * 9 + 3), expectedMeans(image, 2).slice(token * 3, token * 3 + 3));
      expectClose(local.subarray(token * 9 + 3, token * 9 + 9), statistics.subarray(token * 6, token * 6 + 6));
    }
    colourStatistics(image, size, 1, { out: statistics });
    expectClose(global.subarray(3), statistics.subarray(0, 6));
    const outputs = { local: 'local', global: 'global', skipTokens: 3 };
    const fewer = await OnnxImageEncoder.fromWeights(describeGraph({ batch: 1, outputs }), weights);
    expectClose((await fewer.encode([image])).local, expectedMeans(image, 2).slice(9));
    expect(fewer.id).not.toBe(encoder.id);
    await Promise.all([encoder.close(), fewer.close()]);
  });

  it('says what in the description does not fit the graph', async () => {
    const weights = writeGraph({ batch: 1, layout: 'NCHW', form: 'tokens' });
    const open = (changes: Record<string, unknown>) =>
      OnnxImageEncoder.fromWeights(describeGraph({ batch: 1, ...changes }), weights);
    await expect(open({ input: 'x' })).rejects.toThrow('The encoder averages has no input "x": its inputs are image.');
    await expect(open({ outputs: { local: 'tokens', global: 'global' } })).rejects.toThrow(
      'has no output "tokens": its outputs are local, global.',
    );
    await expect(open({ outputs: { local: 'local', global: 'global', localForm: 'map' } })).rejects.toThrow(
      'has shape [1,4,3], not [N, channels',
    );
    await expect(open({ outputs: { local: 'local', global: 'local' } })).rejects.toThrow(
      'the global output local has shape [1,4,3]',
    );
    await expect(open({ colour: true, outputs: { local: 'local', global: 'global', skipTokens: 1 } })).rejects.toThrow(
      '"colour" needs places in a square',
    );
    await expect(open({ size: 32 })).rejects.toMatchObject({ code: 'RUNTIME' });
  });
});

describe('colourStatistics', () => {
  it('agrees with the formula, also where the grid does not divide the size', () => {
    const out = new Float32Array(9 * 6);
    const image = images[0] as Uint8Array;
    colourStatistics(image, size, 3, { out });
    // Cell (2, 1) covers rows 10 to 15 and columns 5 to 9.
    const green: number[] = [];
    for (let y = 10; y < 16; y++) for (let x = 5; x < 10; x++) green.push((image[(y * size + x) * 3 + 1] as number) / 255);
    const mean = green.reduce((a, b) => a + b) / green.length;
    const std = Math.sqrt(green.reduce((sum, value) => sum + (value - mean) ** 2, 0) / green.length);
    expect(out[7 * 6 + 1]).toBeCloseTo(mean, 6);
    expect(out[7 * 6 + 4]).toBeCloseTo(std, 6);
  });
});

const shared = process.env.LIMN_SHARED_DATA ?? resolve('..', 'shared', 'data');
const mobilenet = existsSync(join(shared, 'weights', 'mobilenetv2_imagenet.onnx'));

describe.skipIf(!mobilenet)(`MobileNetV2${mobilenet ? '' : ` (skipped: no weights in ${shared})`}`, () => {
  const random224 = Array.from({ length: 11 }, () => Uint8Array.from({ length: 224 * 224 * 3 }, () => random.below(256)));

  it('gives 49 tokens with colour, the same bits in any batch', async () => {
    const encoder = await OnnxImageEncoder.open('configs/encoders/mobilenetv2.json');
    expect(encoder.id).toMatch(/^mobilenetv2-[0-9a-f]{16}$/);
    expect([encoder.local, encoder.global]).toEqual([{ tokens: 49, channels: 1286 }, { channels: 1286 }]);
    const all = await encoder.encode(random224);
    const one = await encoder.encode([random224[9] as Uint8Array]);
    expect(all.local.subarray(9 * 49 * 1286, 10 * 49 * 1286)).toEqual(one.local);
    expect(all.global.subarray(9 * 1286, 10 * 1286)).toEqual(one.global);
    // The pooled output is the mean of the tokens.
    for (let channel = 0; channel < 1280; channel += 97) {
      let sum = 0;
      for (let token = 0; token < 49; token++) sum += one.local[token * 1286 + channel] as number;
      expect(sum / 49).toBeCloseTo(one.global[channel] as number, 3);
    }
    await encoder.close();
  });

  const photos = join(shared, 'product-photos', 'images');
  it.skipIf(!existsSync(photos))('caches features of photographs', async () => {
    const encoder = await OnnxImageEncoder.open('configs/encoders/mobilenetv2.json');
    const list = readdirSync(photos)
      .slice(0, 10)
      .map((file) => ({ id: file, path: join(photos, file) }));
    const table = await openFeatures({
      encoder,
      images: list,
      directory: join(folder, 'cache'),
      memoFile: join(folder, 'memo'),
      batchSize: 4,
    });
    const global = new Uint16Array(10 * 1286);
    table.gather([...list.keys()], new Uint16Array(10 * 49 * 1286), global);
    expect(new Set(list.map((_, i) => global.subarray(i * 1286, (i + 1) * 1286).join())).size).toBe(10);
    await Promise.all([table.close(), encoder.close()]);
  });
});
