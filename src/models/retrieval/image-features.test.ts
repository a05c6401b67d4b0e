/** A model's pictures are read by the encoder that it was trained with, or not at all. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeModel, Graph, mul, reduceMean, reshape } from '../../engine/graph/index.js';
import { ImageEncoderRuntime } from './image-encoder-runtime.js';

let folder: string;
let description: string;

/** An encoder that averages each quarter of a 16 x 16 picture, times a factor. */
function encoderFile(factor: number): Uint8Array {
  const graph = new Graph('averages');
  const image = mul(graph.input('image', 'float32', [1, 3, 16, 16]), factor);
  const quarters = reduceMean(reshape(image, [1, 3, 2, 8, 2, 8]), [3, 5]);
  graph.output('local', reshape(quarters, [1, 4, 3]));
  graph.output('global', reduceMean(image, [2, 3]));
  return encodeModel(graph);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-reader-'));
  description = join(folder, 'averages.json');
  const outputs = { local: 'local', global: 'global' };
  const fields = {
    name: 'averages',
    file: 'averages.onnx',
    input: 'image',
    size: 16,
    mean: [0, 0, 0],
    std: [1, 1, 1],
    batch: 1,
    outputs,
  };
  await writeFile(description, JSON.stringify(fields));
  await writeFile(join(folder, 'averages.onnx'), encoderFile(1));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('other weights under the same name are refused', async () => {
  const trained = await ImageEncoderRuntime.open(description);
  const restore = () => ImageEncoderRuntime.restore(trained.config, trained.id, trained.description, folder);
  const same = await restore();
  expect(same.id).toBe(trained.id);
  await Promise.all([trained.close(), same.close()]);
  await writeFile(join(folder, 'averages.onnx'), encoderFile(2));
  await expect(restore()).rejects.toThrow(
    /^The model was trained with the encoder averages-\w+, but the weights found are averages-\w+/,
  );
});

test('patches that do not fit the picture are refused', () => {
  expect(() => ImageEncoderRuntime.patch(60, 8, 1)).toThrow(
    'A picture of 60 pixels cannot be cut into patches of 8: choose a divisor.',
  );
});
