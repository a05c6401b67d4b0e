import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readCirr } from '../../data/cirr.js';
import { readFashionIQ } from '../../data/fashioniq.js';
import { readShoes } from '../../data/shoes.js';
import { aSplit, aTriplet } from '../testing/hand-scores.js';
import { applyProtocol, checkFits, findProtocol, protocols } from './index.js';

const split = aSplit('a b c d', [aTriplet('d', ['b']), aTriplet('b', ['d', 'b'])]);

test.each([
  ['fashioniq-val', ['b', 'd'], [[1], [0]]],
  ['fashioniq-original', ['a', 'b', 'c', 'd'], [[], []]],
  ['fashioniq-original-ref-excluded', ['a', 'b', 'c', 'd'], [[3], [1]]],
])('%s: gallery and exclusions', (id, gallery, excluded) => {
  const applied = applyProtocol(findProtocol(id), split);
  expect(applied.gallery).toEqual(gallery);
  expect(applied.queries.map((query) => query.excluded)).toEqual(excluded);
});

test('an unknown protocol, a split without targets and one without pictures are errors', () => {
  expect(() => findProtocol('fashioniq')).toThrow(
    'There is no protocol "fashioniq"; choose one of fashioniq-val, fashioniq-original, fashioniq-original-ref-excluded, shoes, birds-to-words, birds-to-words-ref-excluded, cirr-val, cirr-test, fashion200k, triplets.',
  );
  expect(() => applyProtocol(findProtocol('fashioniq-original'), aSplit('a', [aTriplet('a', [])]))).toThrow(
    'file row 1: no target is in the gallery of fashioniq-original',
  );
  expect(() => applyProtocol(findProtocol('shoes'), { ...split, images: [] })).toThrow('The gallery of shoes is empty');
});

test('a protocol is refused for a dataset that it is not for, with those that are', () => {
  for (const protocol of protocols)
    for (const dataset of protocol.datasets) expect(() => checkFits(protocol, dataset)).not.toThrow();
  expect(() => checkFits(findProtocol('shoes'), 'cirr')).toThrow(
    'Protocol shoes is for shoes, not for cirr: choose cirr-val or cirr-test.',
  );
  expect(() => checkFits(findProtocol('fashioniq-val'), 'mine')).toThrow(
    'Protocol fashioniq-val is for fashioniq and wardrobe, not for mine: no protocol is for that dataset.',
  );
});

test('ids are unique and a metric that chooses is one that is reported', () => {
  expect(new Set(protocols.map(({ id }) => id)).size).toBe(protocols.length);
  for (const { ks, selectBy, metrics } of protocols) {
    const names = [...ks.map((k) => `R@${k}`), ...Object.keys(metrics?.({ ranks: [], subsetRanks: [] }) ?? {})];
    if (selectBy === undefined) expect(names).toEqual([]);
    else expect(names).toContain(selectBy);
  }
});

const shared = process.env.LIMN_SHARED_DATA || fileURLToPath(new URL('../../../../../shared/data', import.meta.url));

describe.skipIf(!existsSync(shared))('real annotations (skipped where LIMN_SHARED_DATA or ../shared/data is absent)', () => {
  test.each([
    ['dress', 2_628, 3_817, 2_017],
    ['shirt', 3_089, 6_346, 2_038],
    ['toptee', 2_902, 5_373, 1_961],
  ])('galleries of FashionIQ %s', async (category, union, all, queries) => {
    const options = { directory: join(shared, 'fashioniq'), category, split: 'val', onMissing: 'ignore' } as const;
    const real = await readFashionIQ(options);
    for (const [id, size] of [
      ['fashioniq-val', union],
      ['fashioniq-original', all],
      ['fashioniq-original-ref-excluded', all],
    ] as const) {
      const applied = applyProtocol(findProtocol(id), real);
      expect([applied.gallery.length, applied.queries.length]).toEqual([size, queries]);
    }
  });

  test('counts of Shoes, of which one query asks for its own reference', async () => {
    const real = await readShoes({ directory: join(shared, 'shoes'), split: 'val', onMissing: 'ignore' });
    const { gallery, queries } = applyProtocol(findProtocol('shoes'), real);
    expect([gallery.length, queries.length]).toEqual([4_658, 1_761]);
    expect(queries.filter(({ targets, excluded }) => targets[0] === excluded[0])).toHaveLength(1);
  });

  test('CIRR: five others in every img_set, the target among them where it is known', async () => {
    const read = (split: 'val' | 'test') => readCirr({ directory: join(shared, 'cirr'), split, onMissing: 'ignore' });
    const val = applyProtocol(findProtocol('cirr-val'), await read('val'));
    expect([val.gallery.length, val.queries.length]).toEqual([2_297, 4_181]);
    const test = applyProtocol(findProtocol('cirr-test'), await read('test'));
    expect([test.gallery.length, test.queries.length]).toEqual([2_315, 4_148]);
    for (const { targets, subset, excluded } of [...val.queries, ...test.queries]) {
      expect([subset?.length, excluded.length]).toEqual([5, 1]);
      expect(subset).toEqual(expect.arrayContaining(targets));
      expect(subset).not.toContain(excluded[0]);
    }
    expect(val.queries.every(({ targets }) => targets.length === 1)).toBe(true);
  });
});
