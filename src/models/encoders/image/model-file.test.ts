import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onnxFile } from '../../../engine/graph/testing/onnx-file.js';
import { float32 } from '../../../engine/tensor/tensor.js';
import { readModelFile } from './model-file.js';

const megabytes = 48;
const weight = float32(
  [256, megabytes * 1024],
  Float32Array.from({ length: megabytes * 2 ** 18 }, (_, i) => Math.sin(i)),
);
let folder: string;
let path: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-model-file-'));
  path = join(folder, 'tower.onnx');
  await writeFile(
    path,
    onnxFile({
      inputs: { x: { dtype: 'float32', dims: ['rows', 256] } },
      outputs: ['y'],
      initializers: { weight },
      nodes: [{ type: 'MatMul', inputs: ['x', 'weight'], outputs: ['y'] }],
    }),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('an opened file takes no memory for its weights, and has them when they are asked for', async () => {
  const before = process.memoryUsage().arrayBuffers;
  const model = await readModelFile(path);
  const taken = process.memoryUsage().arrayBuffers - before;
  expect(taken).toBeLessThan((megabytes / 4) * 2 ** 20);
  expect(Buffer.compare(Buffer.from(model.weights.get('weight')!.content().data.buffer), Buffer.from(weight.data.buffer))).toBe(
    0,
  );
});
