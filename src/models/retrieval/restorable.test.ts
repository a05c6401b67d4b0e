import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { ImageEncoderRuntime } from './image-encoder-runtime.js';
import { lostWeights } from './restorable.js';

let work: string;
let reader: ImageEncoderRuntime;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'limn-restorable-'));
  vi.stubEnv('LIMN_HOME', join(work, 'home'));
  vi.stubEnv('LIMN_ENCODERS', '');
  vi.stubEnv('LIMN_SHARED_DATA', '');
  const weights = join(work, 'beside', 'tower.onnx');
  await mkdir(join(work, 'beside'));
  await writeFile(weights, '');
  reader = { description: { file: 'tower.onnx' }, weights } as unknown as ImageEncoderRuntime;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(work, { recursive: true, force: true });
});

it('weights that lie beside their description alone are named, with where they belong', () => {
  const lost = lostWeights(reader, join(work, 'model'));
  expect(lost?.code).toBe('ENCODER');
  expect(lost?.message).toContain(join(work, 'beside', 'tower.onnx'));
  expect(lost?.message).toContain(`copy them to ${join(work, 'home', 'encoders', 'tower.onnx')}`);
  expect(lost?.message).toContain(`LIMN_ENCODERS=${join(work, 'beside')}`);
});

it('weights that later commands find are none of it, nor is an encoder without a file', async () => {
  vi.stubEnv('LIMN_ENCODERS', join(work, 'beside'));
  expect(lostWeights(reader, join(work, 'model'))).toBeUndefined();
  vi.stubEnv('LIMN_ENCODERS', '');
  await mkdir(join(work, 'home', 'encoders'), { recursive: true });
  await writeFile(join(work, 'home', 'encoders', 'tower.onnx'), '');
  expect(lostWeights(reader, join(work, 'model'))).toBeUndefined();
  expect(lostWeights({ description: undefined } as unknown as ImageEncoderRuntime, work)).toBeUndefined();
});
