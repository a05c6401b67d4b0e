import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { checkDataset } from './check.js';
import { datasetFormats, findDataset } from './datasets.js';
import { absent, failureOf, folderOf, real, removeFolders, sharedData } from './testing/folders.js';

afterAll(removeFolders);

const fashionIQ = findDataset('fashioniq');
const row = (candidate: string, target: string, ...captions: string[]) => ({ candidate, target, captions });
const hats = {
  'captions/cap.hat.train.json': [row('a', 'b', 'is red'), row('b', 'a', 'is blue')],
  'captions/cap.hat.val.json': [row('c', 'd', 'is red')],
  'image_splits/split.hat.train.json': ['a', 'b'],
  'image_splits/split.hat.val.json': ['c', 'd'],
};
const check = async (parts: object = {}, options: { category?: string; limit?: number } = {}) =>
  checkDataset({ format: fashionIQ, directory: await folderOf({ ...hats, ...parts }), ...options });
const none = { count: 0, first: [] };

test('a sound dataset with missing pictures', async () => {
  const report = await check({ 'images/a.jpg': 'x', 'images/b.jpg': 'x', 'images/c.jpg': 'x' });
  expect(report).toEqual({
    dataset: 'fashioniq',
    directory: report.directory,
    splits: [
      { category: 'hat', split: 'train', pictures: 2, triplets: 2, texts: 2, missing: none },
      { category: 'hat', split: 'val', pictures: 2, triplets: 1, texts: 1, missing: { count: 1, first: ['d'] } },
    ],
    broken: none,
    duplicates: none,
    leaks: none,
    remarks: [],
    pictures: fashionIQ.images,
    sound: true,
  });
});

test('every broken row and every id that is listed twice is named, up to the limit', async () => {
  const wrong = [row('a', 'z', 'x'), row('a', 'b', 'is red'), row('a', 'b'), row('b', 'b', 'x')];
  const parts = { 'captions/cap.hat.train.json': wrong, 'image_splits/split.hat.val.json': ['c', 'd', 'c'] };
  const report = await check(parts);
  expect(report.splits.map(({ triplets }) => triplets)).toEqual([1, 1]);
  expect(report.broken.count).toBe(3);
  const [first, second, third] = report.broken.first;
  expect(first).toMatch(/cap\.hat\.train\.json row 1: "target" is "z"/);
  expect(second).toMatch(/row 3: "captions" is wrong/);
  expect(third).toMatch(/row 4: "candidate" and "target" are both "b"/);
  expect(report.duplicates).toMatchObject({ count: 1, first: [expect.stringMatching(/has the id "c" twice/)] });
  expect(report.sound).toBe(false);
  expect((await check(parts, { limit: 1 })).broken).toEqual({ count: 3, first: [expect.stringMatching(/row 1/)] });
});

test('a file that cannot be read, and a split without triplets, are broken', async () => {
  const report = await check({ 'captions/cap.hat.train.json': '[{', 'captions/cap.hat.val.json': [] });
  expect(report.broken.first).toEqual([
    expect.stringMatching(/train\.json is not valid JSON/),
    expect.stringMatching(/^hat val: /),
  ]);
  expect(report.splits.map(({ split }) => split)).toEqual(['val']);
  expect(report.sound).toBe(false);
});

test('equal triplets are told, and harm nothing', async () => {
  const report = await check({ 'captions/cap.hat.val.json': [row('c', 'd', 'Is red.'), row('c', 'd', 'is red')] });
  expect(report.duplicates.first).toEqual([expect.stringMatching(/val\.json row 2: reference, target and text .*row 1\.$/)]);
  expect(report.sound).toBe(true);
});

test('pictures and triplets in two splits leak', async () => {
  const report = await check({
    'captions/cap.hat.val.json': [row('a', 'b', 'is red')],
    'image_splits/split.hat.val.json': ['a', 'b', 'c'],
  });
  expect(report.leaks.first).toEqual([
    'picture "a" is in both train and val.',
    'picture "b" is in both train and val.',
    expect.stringMatching(/train\.json row 1: the same triplet is in val \(\S+val\.json row 1\)\.$/),
  ]);
  expect(report.sound).toBe(false);
});

test('val and test may share a gallery but no queries', async () => {
  const line = (reference: string, target: string) => JSON.stringify({ reference, target, text: 'in red' });
  const format = findDataset('triplets');
  const files = { 'triplets.val.jsonl': line('a', 'b'), 'triplets.test.jsonl': line('c', 'd'), 'gallery.txt': 'a\nb\nc\nd\ne' };
  expect(await checkDataset({ format, directory: await folderOf(files) })).toMatchObject({ leaks: none, sound: true });
  const directory = await folderOf({ ...files, 'triplets.test.jsonl': line('c', 'b') });
  const { leaks } = await checkDataset({ format, directory });
  expect(leaks.first).toEqual(['picture "b" is used by queries of both val and test.']);
});

test('all categories are checked, or one', async () => {
  const coats = Object.fromEntries(Object.entries(hats).map(([path, content]) => [path.replace('hat', 'coat'), content]));
  const splits = async (category?: string) =>
    (await check(coats, category ? { category } : {})).splits.map(({ category, split }) => `${category} ${split}`);
  expect(await splits()).toEqual(['coat train', 'coat val', 'hat train', 'hat val']);
  expect(await splits('hat')).toEqual(['hat train', 'hat val']);
  expect(await failureOf(splits('shoe'))).toMatch(/^There is no category "shoe"/);
});

test('every format refuses a folder without its files', async () => {
  const directory = await folderOf({});
  for (const format of datasetFormats) {
    expect(await failureOf(format.read({ directory, split: 'val' })), format.id).toMatch(
      /^\S+ has no \S+.*; give the folder that holds/,
    );
  }
  expect(() => findDataset('fashionIQ')).toThrow(/^There is no dataset "fashionIQ"\. Did you mean "fashioniq"\?$/);
});

test('a folder without its files is not sound', async () => {
  const directory = await folderOf({});
  for (const format of datasetFormats) {
    const sound = await checkDataset({ format, directory }).then(
      (report) => report.sound,
      () => false,
    );
    expect(sound, format.id).toBe(false);
  }
});

describe.skipIf(absent)(real, () => {
  test.each([
    ['fashioniq', 'fashioniq', 6_016],
    ['shoes', 'shoes', 1_761],
    ['cirr', 'cirr', 4_181],
    ['fashion200k', 'product-photos', 541],
  ])('%s is sound', async (id, folder, queries) => {
    const report = await checkDataset({ format: findDataset(id), directory: join(sharedData, folder) });
    const { broken, leaks, sound } = report;
    expect({ broken, leaks, sound }).toEqual({ broken: none, leaks: none, sound: true });
    const val = report.splits.filter(({ split }) => split === 'val');
    expect(val.reduce((sum, { triplets }) => sum + triplets, 0)).toBe(queries);
    if (id === 'shoes') expect(report.remarks).toContain('val: 1 of 1761 triplets have their reference as target.');
  });
});
