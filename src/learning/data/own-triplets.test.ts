import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { ReadOptions } from './dataset-format.js';
import { ownTriplets, readOwnTriplets } from './own-triplets.js';
import { failureOf, folderOf, removeFolders } from './testing/folders.js';

afterAll(removeFolders);

const jsonl = (...rows: unknown[]) => rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n');
const row = { reference: 'a.jpg', target: 'b/b.jpg', text: 'In red.' };
const read = async (rows: unknown[], options: Partial<ReadOptions> = {}) =>
  readOwnTriplets({
    directory: await folderOf({ 'triplets.val.jsonl': jsonl(...rows) }),
    split: 'val',
    onMissing: 'ignore',
    ...options,
  });

test('one file a split; the gallery adds pictures to val and test', async () => {
  const files = { 'images/a.jpg': 'x', 'b/b.jpg': 'x', 'images/c.jpg': 'x', 'gallery.txt': 'c.jpg\na.jpg\n' };
  const directory = await folderOf({
    ...files,
    'triplets.train.jsonl': jsonl(row),
    'triplets.val.jsonl': jsonl(row, '', { reference: 'b/b.jpg', targets: ['c.jpg', 'a.jpg', 'c.jpg'], text: 'longer' }),
  });
  expect(await ownTriplets.splits(directory)).toEqual(['train', 'val']);
  const train = await readOwnTriplets({ directory, split: 'train' });
  expect(train.images).toEqual([
    { id: 'a.jpg', path: join(directory, 'images/a.jpg') },
    { id: 'b/b.jpg', path: join(directory, 'b/b.jpg') },
  ]);
  const val = await readOwnTriplets({ directory, split: 'val' });
  expect(val.images.map(({ id }) => id)).toEqual(['a.jpg', 'b/b.jpg', 'c.jpg']);
  const source = `${directory}/triplets.val.jsonl line`;
  expect(val.triplets).toEqual([
    { reference: 'a.jpg', targets: ['b/b.jpg'], text: 'in red', captions: ['In red.'], source: `${source} 1` },
    { reference: 'b/b.jpg', targets: ['c.jpg', 'a.jpg'], text: 'longer', captions: ['longer'], source: `${source} 3` },
  ]);
  expect(await failureOf(readOwnTriplets({ directory, split: 'test' }))).toMatch(/ has no split "test"; found: train, val\.$/);
});

test('all splits in one file', async () => {
  const rows = jsonl({ ...row, split: 'train' }, row, { ...row, text: 'blue', split: 'val' });
  const directory = await folderOf({ 'triplets.jsonl': rows });
  expect(await ownTriplets.splits(directory)).toEqual(['train', 'val']);
  const texts = async (split: 'train' | 'val') =>
    (await readOwnTriplets({ directory, split, onMissing: 'ignore' })).triplets.map(({ text }) => text);
  expect([await texts('train'), await texts('val')]).toEqual([['in red'], ['in red', 'blue']]);
});

test.each<[string, unknown, RegExp]>([
  ['not JSON', '{"reference": ', /triplets\.val\.jsonl line 2: it is not valid JSON \(/],
  ['not an object', '[]', /line 2: the line is wrong/],
  ['no reference', { target: 'b', text: 'x' }, /line 2: "reference" is missing; correct the line or remove it/],
  ['unknown key', { ...row, caption: 'x' }, /line 2: the line is wrong \(Unrecognized key: "caption"\)/],
  ['no target', { reference: 'a', text: 'x' }, /line 2: "target" is missing; name the right answer/],
  ['no targets', { reference: 'a', targets: [], text: 'x' }, /line 2: "targets" is wrong/],
  ['both', { ...row, targets: ['c'] }, /line 2: both "target" and "targets" are given/],
  ['own target', { ...row, target: 'a.jpg' }, /line 2: "a\.jpg" is reference and target/],
  ['no text', { ...row, text: ' ' }, /line 2: "text" is empty/],
  ['other split', { ...row, split: 'train' }, /line 2: "split" is "train" in the file of val/],
])('%s: one line that names file and line', async (_, wrong, expected) => {
  const message = await failureOf(read([row, wrong]));
  expect(message).toMatch(expected);
  expect(message).not.toContain('\n');
});

test('a missing picture, a query without target, and a folder without triplets', async () => {
  expect(await failureOf(read([row], { onMissing: 'error' }))).toMatch(
    /^2 of 2 pictures are missing in \S+images \(a\.jpg, b\/b\.jpg\); put them there by the paths in the triplets, or/,
  );
  const open = await read([{ reference: 'a', text: 'x' }], { targets: 'optional' });
  expect(open.triplets[0]?.targets).toEqual([]);
  expect(await failureOf(readOwnTriplets({ directory: '/nowhere', split: 'val' }))).toMatch(/^\/nowhere has no triplets\./);
});
