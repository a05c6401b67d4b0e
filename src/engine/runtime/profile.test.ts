import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { encodeModel, Graph, tanh } from '../graph/index.js';
import { float32 } from '../tensor/tensor.js';
import { Session } from './session.js';

afterEach(() => vi.unstubAllEnvs());

it('leaves the profile of every session in the folder LIMN_PROFILE', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'limn-profiles-'));
  vi.stubEnv('LIMN_PROFILE', join(folder, 'new'));
  const graph = new Graph();
  graph.output('y', tanh(graph.input('x', 'float32', [2])));
  for (const label of ['first model', 'second/model']) {
    const session = await Session.open(encodeModel(graph), { label, device: 'cpu' });
    await session.run({ x: float32([2], [0, 1]) });
    await session.close();
  }
  const files = (await readdir(join(folder, 'new'))).sort();
  expect(files).toEqual([expect.stringMatching(/^\d+-first-model_/), expect.stringMatching(/^\d+-second-model_/)]);
  const events = JSON.parse(await readFile(join(folder, 'new', files[0] as string), 'utf8')) as { args?: { op_name?: string } }[];
  expect(events.some(({ args }) => args?.op_name === 'Tanh')).toBe(true);
  await rm(folder, { recursive: true });
});
