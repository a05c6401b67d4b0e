import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Random } from '../../../core/random.js';
import { readCirr } from '../../data/cirr.js';
import type { Split } from '../../data/triplets.js';
import { rankSplit } from '../report.js';
import { aSplit, aTriplet, handScores, rankByHand } from '../testing/hand-scores.js';
import { cirrSubmission, cirrTest, submissionDepth, writeCirrSubmission } from './cirr-test.js';
import { applyProtocol } from './index.js';

const subset = ['f', 'a', 'b', 'c', 'e'];
const split: Split = {
  ...aSplit('a b c d e f', [aTriplet('a', [], { id: '20', subset }), aTriplet('f', [], { id: '7', subset })]),
  name: 'test',
};
const scores = [
  // a is out; f, then b c d tie, then e.
  { a: 9, b: 5, c: 5, d: 5, e: 1, f: 6 },
  // f is out; e, d, c, b, a.
  { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 },
];

test('both files in the published form: version and metric first, then pairids in the order of the annotations', async () => {
  const report = await rankByHand('cirr-test', split, scores, { top: 4 });
  expect(report).toMatchObject({ ranks: [], subsetRanks: [], recall: {}, metrics: {}, queries: 2, gallery: 6 });
  expect(cirrSubmission(split, report.rankings!)).toEqual({
    'recall.json': '{"version": "rc2", "metric": "recall", "20": ["f","b","c","d"], "7": ["e","d","c","b"]}\n',
    'recall_subset.json': '{"version": "rc2", "metric": "recall_subset", "20": ["f","b","c"], "7": ["e","c","b"]}\n',
  });
});

test('both files are written whole', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'limn-cirr-'));
  try {
    const { rankings } = await rankByHand('cirr-test', split, scores, { top: 4 });
    const paths = await writeCirrSubmission(join(folder, 'new'), split, rankings!);
    expect(paths).toEqual([join(folder, 'new', 'recall.json'), join(folder, 'new', 'recall_subset.json')]);
    expect((await readdir(join(folder, 'new'))).sort()).toEqual(['recall.json', 'recall_subset.json']);
    expect(JSON.parse(await readFile(paths[1] as string, 'utf8'))).toEqual({
      ...{ version: 'rc2', metric: 'recall_subset' },
      ...{ 20: ['f', 'b', 'c'], 7: ['e', 'c', 'b'] },
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('another split is an error', () => {
  expect(() => rankByHand('cirr-test', { ...split, name: 'val' }, scores)).toThrow(
    'Protocol cirr-test is for the split test, not for val: choose that split.',
  );
});

test('a missing pairid and one that occurs twice are errors', () => {
  const rankings = { gallery: [[], []], subset: [[], []] };
  const withIds = (...ids: (string | undefined)[]) =>
    aSplit(
      'a',
      ids.map((id) => aTriplet('a', [], id === undefined ? {} : { id })),
    );
  expect(() => cirrSubmission(withIds('1', undefined), rankings)).toThrow('file row 1 has no pairid');
  expect(() => cirrSubmission(withIds('1', '1'), rankings)).toThrow('The pairid 1 is in the split twice');
});

const shared = process.env.LIMN_SHARED_DATA || fileURLToPath(new URL('../../../../../shared/data', import.meta.url));

describe.skipIf(!existsSync(shared))('real annotations (skipped where LIMN_SHARED_DATA or ../shared/data is absent)', () => {
  test('every pairid of the test split has 50 and 3 pictures, none its reference', async () => {
    const real = await readCirr({ directory: join(shared, 'cirr'), split: 'test', onMissing: 'ignore' });
    const names = real.images.map(({ id }) => id);
    const random = new Random(1);
    const rowScores = real.triplets.map(() => handScores(Float32Array.from(names, () => random.uniform())));
    const report = await rankSplit(cirrTest, real, applyProtocol(cirrTest, real), rowScores, { top: submissionDepth.recall });
    const files = cirrSubmission(real, report.rankings!);
    for (const [metric, depth] of Object.entries(submissionDepth)) {
      const text = files[`${metric}.json`] as string;
      expect(text.length).toBeLessThan(5_000_000);
      const { version, metric: written, ...lists } = JSON.parse(text);
      expect([version, written]).toEqual(['rc2', metric]);
      expect(Object.keys(lists)).toHaveLength(4_148);
      for (const { id, reference, subset } of real.triplets) {
        const list: string[] = lists[id as string];
        expect(new Set(list).size).toBe(depth);
        expect(list).not.toContain(reference);
        const allowed = new Set(metric === 'recall' ? names : subset);
        expect(list.every((name) => allowed.has(name))).toBe(true);
      }
    }
  });
});
