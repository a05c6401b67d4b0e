/**
 * scripts/kill-trials.mjs in small: commands of the built program, killed where a file says how far they are. What comes of it in the end is
 * what comes of a run that nobody killed, and nothing else lies in the folder.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../src/core/random.js';
import { filesIn, killRuns } from './support/kill-runs.js';
import { indexScenario, prepareKills, trainScenario } from './support/kill-scenarios.js';

let root: string;
const at = (...parts: string[]) => join(root, ...parts);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-kills-test-'));
  await prepareKills(root);
});
afterAll(() => rm(root, { recursive: true, force: true }));

it('a training that is killed as it begins, and behind a checkpoint, ends in the same weights and files', async () => {
  // First where nothing but its config is there, then where there is something to go on from.
  const wanted = ['config.json', 'checkpoints/last.safetensors'];
  const killWhen = async (name: string, kill: number) => existsSync(at(name, wanted[kill % 2] as string));
  const { kills, problems } = await killRuns(root, { ...(await trainScenario(root)), killWhen }, 2, Random.derive(1, 'kills'));
  expect(problems).toEqual([]);
  expect(kills).toBe(2);
});

it('a gallery whose indexing is killed has every image once, and no other files, when the command is given again', async () => {
  const scenario = indexScenario((name) => `memory:${at(name)}`, at);
  const killWhen = async (name: string) => (await filesIn(at(name))) !== '';
  const { kills, problems } = await killRuns(root, { ...scenario, killWhen }, 1, Random.derive(1, 'kills'));
  expect(problems).toEqual([]);
  expect(kills).toBe(1);
});
