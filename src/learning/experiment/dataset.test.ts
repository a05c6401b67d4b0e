import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFolder } from '../../core/files.js';
import { parseExperiment } from './config.js';
import { openMaterial } from './dataset.js';

let work: string;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'limn-experiment-data-'));
  const write = async (folder: string, split: string, text: string) => {
    await makeFolder(join(work, folder));
    await writeFile(
      join(work, folder, `triplets.${split}.jsonl`),
      `${JSON.stringify({ reference: 'a.jpg', target: 'b.jpg', text })}\n`,
    );
  };
  await write('annotated', 'train', 'annotated to train on');
  await write('annotated', 'val', 'annotated to measure with');
  await write('made', 'train', 'made to train on');
  await write('made', 'val', 'made to choose by');
  await writeFile(join(work, 'captions.json'), JSON.stringify({ 'a.jpg': 'a red shirt', 'b.jpg': 'a blue shirt' }));
});
afterAll(() => rm(work, { recursive: true, force: true }));

const materialOf = async (changes: object) => {
  const raw = {
    ...{ name: 'mine', title: 'Mine', protocol: 'triplets', methods: [{ id: 'limn' }] },
    ...{ dataset: { format: 'triplets', directory: 'annotated' }, images: { captions: 'captions.json' } },
    ...changes,
  };
  const open = () => Promise.reject(new Error('captions need no encoder'));
  return openMaterial(parseExperiment(raw, join(work, 'mine.json')), undefined, open);
};
const textsOf = ({ train, validation, measured }: Awaited<ReturnType<typeof materialOf>>) =>
  [train, validation, measured].map(({ triplets }) => triplets[0]?.text);

test('learns from, and is measured on, the dataset, or learns from another one', async () => {
  const [own, other] = [await materialOf({}), await materialOf({ trainOn: { format: 'triplets', directory: 'made' } })];
  expect(textsOf(own)).toEqual(['annotated to train on', 'annotated to measure with', 'annotated to measure with']);
  expect(textsOf(other)).toEqual(['made to train on', 'made to choose by', 'annotated to measure with']);
  expect(own.hash).not.toBe(other.hash);
});
