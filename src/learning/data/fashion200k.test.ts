import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Random } from '../../core/random.js';
import type { ReadOptions } from './dataset-format.js';
import { fashion200k, heldOut, readFashion200k, replacement } from './fashion200k.js';
import { drawPairs } from './one-word-apart.js';
import { absent, failureOf, folderOf, real, removeFolders, sharedData } from './testing/folders.js';

afterAll(removeFolders);

const labels = (...rows: [string, string][]) => rows.map(([path, caption]) => `${path}\t0.98\t${caption}`).join('\n');
const files = {
  'labels/dress_test_detect_all.txt': labels(['women/d/1.jpeg', 'red long dress'], ['women/d/2.jpeg', 'blue long dress ']),
  'labels/top_test_detect_all.txt': labels(['women/t/3.jpeg', 'red top']),
  'test_queries.txt': 'women/d/1.jpeg women/d/2.jpeg\nwomen/t/3.jpeg women/d/1.jpeg\n',
};
const read = async (parts: object = {}, options: Partial<ReadOptions> = {}) =>
  readFashion200k({ directory: await folderOf({ ...files, ...parts }), split: 'test', onMissing: 'ignore', ...options });

test('test queries are the published pairs, with all categories or one', async () => {
  const directory = await folderOf({ ...files, 'women/d/1.jpeg': 'x', 'images/women/d/2.jpeg': 'x' });
  const all = await readFashion200k({ directory, split: 'test', onMissing: 'ignore' });
  expect(all.images).toEqual([
    { id: 'women/d/1.jpeg', label: 'red long dress', path: join(directory, 'women/d/1.jpeg') },
    { id: 'women/d/2.jpeg', label: 'blue long dress', path: join(directory, 'images/women/d/2.jpeg') },
    { id: 'women/t/3.jpeg', label: 'red top', path: join(directory, 'women/t/3.jpeg') },
  ]);
  expect(all.missing).toEqual(['women/t/3.jpeg']);
  const source = `${directory}/test_queries.txt line`;
  expect(all.triplets).toEqual([
    {
      reference: 'women/d/1.jpeg',
      targets: ['women/d/2.jpeg'],
      text: 'replace red with blue',
      captions: ['replace red with blue'],
      source: `${source} 1`,
    },
    expect.objectContaining({ reference: 'women/t/3.jpeg', text: 'replace top with long', source: `${source} 2` }),
  ]);
  const dress = await readFashion200k({ directory, split: 'test', category: 'dress' });
  expect([dress.images.length, dress.triplets.length]).toEqual([2, 1]);
  expect([...((await fashion200k.categories?.(directory)) ?? [])]).toEqual([
    ['dress', ['test']],
    ['top', ['test']],
  ]);
});

test('the words that change', () => {
  expect(replacement('black short dress', 'black long dress')).toBe('replace short with long');
  expect(replacement('dress', 'skirt')).toBe('replace dress with skirt');
  expect(replacement('red red dress', 'red dress')).toBe('replace dress with dress');
});

test('pairs are one word apart, reproducible, and leave no choice out', () => {
  const of = (label: string, ...ids: string[]) => ids.map((id) => ({ id, label, source: 'file' }));
  const images = [
    ...of('red long dress', 'a', 'b'),
    ...of('blue long dress', 'c'),
    ...of('red short dress', 'd'),
    ...of('green new coat', 'e'),
    ...of('long red dress', 'f'),
  ];
  const drawn = new Map<string, Set<string>>();
  for (let seed = 0; seed < 100; seed++) {
    const pairs = drawPairs(images, 2, new Random(seed));
    expect(pairs).toEqual(drawPairs(images, 2, new Random(seed)));
    for (const { reference, target } of pairs) drawn.set(reference, (drawn.get(reference) ?? new Set()).add(target));
    expect(new Set(pairs.map(({ reference, target }) => reference + target)).size).toBe(pairs.length);
  }
  const found = [...drawn].map(([reference, targets]) => reference + [...targets].sort().join(''));
  expect(found.sort()).toEqual(['acd', 'bcd', 'cabf', 'dabf', 'fcd']);
});

test('val is held out of train by caption, whatever else is read', async () => {
  const captions = Array.from({ length: 400 }, (_, i) => `colour${i % 20} kind${Math.floor(i / 20)}`);
  const rows = captions.flatMap((caption, i) => [`p/${i}_0.jpeg`, `p/${i}_1.jpeg`].map((id): [string, string] => [id, caption]));
  const directory = await folderOf({ 'labels/top_train_detect_all.txt': labels(...rows) });
  const split = (split: 'train' | 'val') => readFashion200k({ directory, split, onMissing: 'ignore' });
  const [train, val] = [await split('train'), await split('val')];
  expect(await fashion200k.splits(directory)).toEqual(['train', 'val']);
  const labelsOf = ({ images }: typeof train) => new Set(images.map(({ label }) => label));
  expect(labelsOf(train).size + labelsOf(val).size).toBe(400);
  expect(train.images.length + val.images.length).toBe(800);
  expect(labelsOf(val).size).toBeGreaterThan(400 * heldOut * 0.6);
  expect(labelsOf(val).size).toBeLessThan(400 * heldOut * 1.4);
  expect(train.triplets.length).toBeGreaterThan(1.9 * train.images.length);
  const labelOf = new Map(train.images.map(({ id, label }) => [id, label ?? '']));
  for (const { reference, targets, text } of train.triplets) {
    const [from = '', to = ''] = [labelOf.get(reference), labelOf.get(targets[0] as string)];
    const [, a = '', b = ''] = /^replace (\S+) with (\S+)$/.exec(text) ?? [];
    expect(from.split(' ').map((word) => (word === a ? b : word))).toEqual(to.split(' '));
  }
  expect(await split('train')).toEqual(train);
});

test.each<[string, object, RegExp]>([
  [
    'label without tabs',
    { 'labels/top_test_detect_all.txt': 'women/t/3.jpeg 1.0 top' },
    /top_test_detect_all\.txt line 1: a line is/,
  ],
  ['no caption', { 'labels/top_test_detect_all.txt': 'women/t/3.jpeg\t1.0\t ' }, /line 1: "women\/t\/3\.jpeg" has no caption/],
  ['query of one', { 'test_queries.txt': 'women/d/1.jpeg' }, /test_queries\.txt line 1: a line is "reference-path target-path"/],
  ['unknown picture', { 'test_queries.txt': 'women/d/1.jpeg z.jpeg' }, /line 1: "z\.jpeg" is in no labels\//],
  ['own target', { 'test_queries.txt': 'women/d/1.jpeg women/d/1.jpeg' }, /line 1: "women\/d\/1\.jpeg" is reference and target/],
])('%s: one line that names file and line', async (_, parts, expected) => {
  const message = await failureOf(read(parts));
  expect(message).toMatch(expected);
  expect(message).not.toContain('\n');
});

test('what is not there is said; a picture listed again is ranked again', async () => {
  expect(await failureOf(read({}, { split: 'train' }))).toMatch(/ has no split "train"; found: test\.$/);
  expect(await failureOf(read({}, { category: 'hat' }))).toMatch(/no category "hat" in \S+; found: dress, top\.$/);
  expect(await failureOf(readFashion200k({ directory: '/nowhere', split: 'val' }))).toMatch(/^\/nowhere has no labels\//);
  const again = await read({
    'labels/top_test_detect_all.txt': labels(['women/t/3.jpeg', 'red top'], ['women/t/3.jpeg', 'a top']),
  });
  const listed = again.images.filter(({ id }) => id === 'women/t/3.jpeg').map(({ label }) => label);
  expect(listed).toEqual(['red top', 'a top']);
  // Queries mean the last line.
  expect(again.triplets[1]).toMatchObject({ reference: 'women/t/3.jpeg', text: 'replace a with red' });
});

describe.skipIf(absent)(real, () => {
  const directory = join(sharedData, 'product-photos');

  test('product photographs: test', async () => {
    const test = await readFashion200k({ directory, split: 'test' });
    expect([test.triplets.length, test.images.length, test.missing.length]).toEqual([1_548, 1_699, 0]);
  });

  test('product photographs: train and val', async () => {
    const [train, val] = [
      await readFashion200k({ directory, split: 'train' }),
      await readFashion200k({ directory, split: 'val' }),
    ];
    expect(train.images.length + val.images.length).toBe(5_772);
    expect([train.triplets.length, train.images.length]).toEqual([29_714, 5_227]);
    expect([val.triplets.length, val.images.length]).toEqual([541, 545]);
  });
});
