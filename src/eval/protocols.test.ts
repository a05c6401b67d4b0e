import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readFashionIQ } from '../data/fashioniq.js';
import type { Split } from '../data/triplets.js';
import { applyProtocol, findProtocol } from './protocols.js';
import { rankOf } from './ranking.js';

const triplet = (reference: string, targets: string[]) => ({
  reference,
  targets,
  text: 't',
  captions: ['t'],
  source: 'file row 1',
});
const split: Split = {
  name: 'val',
  pictures: ['a', 'b', 'c', 'd'].map((id) => ({ id, path: id })),
  triplets: [triplet('d', ['b']), triplet('b', ['d', 'b'])],
  missing: [],
};

test.each([
  ['fashioniq-val', ['b', 'd'], [[1], [0]]],
  ['fashioniq-original', ['a', 'b', 'c', 'd'], [[], []]],
  ['fashioniq-original-ref-excluded', ['a', 'b', 'c', 'd'], [[3], [1]]],
])('%s: gallery and exclusions', (id, gallery, excluded) => {
  const applied = applyProtocol(findProtocol(id), split);
  expect(applied.gallery).toEqual(gallery);
  expect(applied.queries.map((query) => query.excluded)).toEqual(excluded);
});

test('the reference counts against the target only where the protocol keeps it', () => {
  const scores = Float32Array.of(0.1, 0.5, 0.2, 0.9);
  const ranks = ['fashioniq-original', 'fashioniq-original-ref-excluded'].map((id) =>
    rankOf({ scores, ...applyProtocol(findProtocol(id), split).queries[0]! }),
  );
  expect(ranks).toEqual([2, 1]);
});

test('an unknown protocol and a split without targets are errors', () => {
  expect(() => findProtocol('fashioniq')).toThrow(
    'There is no protocol "fashioniq"; choose one of fashioniq-val, fashioniq-original, fashioniq-original-ref-excluded.',
  );
  expect(() => applyProtocol(findProtocol('fashioniq-original'), { ...split, triplets: [triplet('a', [])] })).toThrow(
    'file row 1: no target is in the gallery of fashioniq-original',
  );
});

const shared = process.env.LIMN_SHARED_DATA || fileURLToPath(new URL('../../../shared/data', import.meta.url));

describe.skipIf(!existsSync(shared))('real annotations (skipped where LIMN_SHARED_DATA or ../shared/data is absent)', () => {
  test.each([
    ['dress', 2_628, 3_817],
    ['shirt', 3_089, 6_346],
    ['toptee', 2_902, 5_373],
  ])('galleries of FashionIQ %s', async (category, union, all) => {
    const options = { directory: join(shared, 'fashioniq'), category, split: 'val', onMissing: 'ignore' } as const;
    const real = await readFashionIQ(options);
    expect(findProtocol('fashioniq-val').gallery(real).length).toBe(union);
    expect(findProtocol('fashioniq-original').gallery(real).length).toBe(all);
  });
});
