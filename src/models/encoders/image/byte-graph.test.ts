import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../../core/random.js';
import { cast, encodeModel, Graph, globalAveragePool, reshape, transpose } from '../../../engine/graph/index.js';
import { Session } from '../../../engine/runtime/session.js';
import { fromFloat16, writeFloat16 } from '../../../engine/tensor/float16.js';
import { featureRecords } from '../cache/feature-cache.js';
import { byteGraph } from './byte-graph.js';
import { parseDescription } from './description.js';
import { writeFeatures } from './encoder-features.js';
import { OnnxImageEncoder } from './image-encoder.js';
import { layoutOf, runGraph } from './image-graph.js';

const folder = mkdtempSync(join(tmpdir(), 'limn-byte-graph-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const size = 12;
const random = new Random(1);
const images = Array.from({ length: 5 }, () => Uint8Array.from({ length: size * size * 3 }, () => random.below(256)));

interface Form {
  layout?: 'NCHW' | 'NHWC';
  inputType?: 'float32' | 'float16';
  form?: 'tokens' | 'map';
  batch?: number;
}
let written = 0;

/** A graph whose local features are the pixels themselves, so that no rounding hides behind them. */
function writeGraph({ layout = 'NCHW', inputType = 'float32', form = 'tokens', batch = 2 }: Form): string {
  const graph = new Graph('pixels');
  const input = graph.input('image', inputType, layout === 'NCHW' ? [batch, 3, size, size] : [batch, size, size, 3]);
  const image = inputType === 'float16' ? cast(input, 'float32') : input;
  const first = layout === 'NCHW' ? image : transpose(image, [0, 3, 1, 2]);
  const tokens = transpose(reshape(first, [batch, 3, size * size]), [0, 2, 1]);
  graph.output('local', form === 'map' ? first : tokens);
  graph.output('global', reshape(globalAveragePool(first), [batch, 3]));
  const path = join(folder, `${written++}.onnx`);
  writeFileSync(path, encodeModel(graph));
  return path;
}

function describeGraph({ layout, inputType, form, batch = 2 }: Form, changes: Record<string, unknown> = {}) {
  const outputs = { local: 'local', global: 'global', localForm: form };
  const plain = { name: 'pixels', file: 'unused.onnx', input: 'image', size, layout, inputType, batch, outputs };
  return parseDescription({ ...plain, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], colour: true, ...changes }, 'test');
}

/** Pixels normalised and features rounded in JavaScript. */
async function plainRecords(description: ReturnType<typeof describeGraph>, path: string): Promise<Uint16Array[]> {
  const session = await Session.open(path);
  const records: Uint16Array[] = [];
  for (const image of images) {
    const outputs = await runGraph(session, description, [image]);
    const layout = layoutOf(description, outputs);
    const local = new Float32Array(layout.tokens * (layout.localChannels + 6));
    const global = new Float32Array(layout.globalChannels + 6);
    writeFeatures(description, layout, outputs, [image], { local, global });
    const record = new Uint16Array(local.length + global.length);
    writeFloat16(local, record, 0);
    writeFloat16(global, record, local.length);
    records.push(record);
  }
  await session.close();
  return records;
}

const names = images.map((_, i) => `${i}`);
const half = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

describe('byteGraph', () => {
  it.each<[string, Form, Record<string, unknown>]>([
    ['NCHW', {}, half],
    ['NHWC', { layout: 'NHWC' }, half],
    ['a map', { form: 'map', batch: 3 }, half],
    ['float16', { inputType: 'float16' }, half],
    ['BGR', {}, { ...imageNet, channelOrder: 'BGR' }],
    ['BGR and NHWC', { layout: 'NHWC' }, { ...imageNet, channelOrder: 'BGR' }],
    ['no colours', {}, { ...imageNet, colour: false }],
  ])('gives what JavaScript gives: %s', async (_, form, changes) => {
    const [description, path] = [describeGraph(form, changes), writeGraph(form)];
    if (changes.colour === false) description.colour = false;
    const encoder = await OnnxImageEncoder.fromWeights(description, path);
    expect(encoder.records).toBeDefined();
    const found = await featureRecords(encoder, images, names);
    const { local, global } = await encoder.encode(images);
    await encoder.close();
    const wanted = (await plainRecords(description, path)).map((record) =>
      description.colour ? record : Uint16Array.from([...record.subarray(0, 3 * size * size), ...record.slice(-9, -6)]),
    );
    expect(found.length).toBe(images.length);
    for (const [i, record] of found.entries()) {
      // A mean and a deviation of a half keep every bit.
      if (changes === half) expect(record).toEqual(wanted[i]);
      const [values, right] = [fromFloat16(record), fromFloat16(wanted[i]!)];
      expect(values.length).toBe(right.length);
      for (const [j, value] of values.entries())
        expect(Math.abs(value - right[j]!)).toBeLessThanOrEqual(2 ** -10 * Math.abs(right[j]!) + 1e-6);
      // Unrounded features are no coarser than before.
      const [tokens, channels] = [encoder.local.tokens, encoder.local.channels];
      const whole = [
        ...local.subarray(i * tokens * channels, (i + 1) * tokens * channels),
        ...global.subarray(i * encoder.global.channels, (i + 1) * encoder.global.channels),
      ];
      const rounded = new Uint16Array(whole.length);
      writeFloat16(Float32Array.from(whole), rounded, 0);
      expect(rounded).toEqual(record);
    }
  });

  it('leaves to JavaScript, and to what ONNX Runtime says, what does not fit', async () => {
    const path = writeGraph({});
    expect(await byteGraph(describeGraph({}), path)).toBeDefined();
    for (const wrong of [
      { size: 16 },
      { layout: 'NHWC' },
      { batch: 3 },
      { batch: undefined },
      { inputType: 'float16' },
      { input: 'images' },
    ]) {
      expect(await byteGraph(describeGraph({}, wrong), path)).toBeUndefined();
    }
    expect(await byteGraph(describeGraph({}, { outputs: { local: 'no', global: 'global' } }), path)).toBeUndefined();
    expect(await byteGraph(describeGraph({}), join(folder, 'nothing.onnx'))).toBeUndefined();
    writeFileSync(join(folder, 'broken.onnx'), 'no model');
    expect(await byteGraph(describeGraph({}), join(folder, 'broken.onnx'))).toBeUndefined();
  });

  it('says which image has features that are no finite numbers', async () => {
    // 1 / 255 over 1e-6 is beyond binary16.
    const description = describeGraph({}, { mean: [0, 0, 0], std: [1e-8, 1, 1].map((value) => Math.max(value, 1e-6)) });
    const encoder = await OnnxImageEncoder.fromWeights(description, writeGraph({}));
    expect(encoder.records).toBeDefined();
    const black = new Uint8Array(size * size * 3);
    await expect(featureRecords(encoder, [black, images[0]!, black], ['a', 'b', 'c'])).rejects.toThrow(
      /values over 65504 for b\./,
    );
    await encoder.close();
  });
});
