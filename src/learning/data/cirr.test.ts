import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readCirr } from './cirr.js';
import type { ReadOptions } from './dataset-format.js';
import { absent, failureOf, folderOf, real, removeFolders, sharedData } from './testing/folders.js';

afterAll(removeFolders);

const img_set = { id: 1, members: ['a', 'b', 'c'], reference_rank: 0 };
const row = { pairid: 12, reference: 'a', target_hard: 'b', target_soft: { b: 1 }, caption: 'Fewer towels ', img_set };
const paths = { a: './dev/a.png', b: './dev/b.png', c: './dev/c.png' };
const val = (captions: unknown) => ({ 'captions/cap.rc2.val.json': captions, 'image_splits/split.rc2.val.json': paths });
const read = async (captions: unknown, options: Partial<ReadOptions> = {}) =>
  readCirr({ directory: await folderOf(val(captions)), split: 'val', onMissing: 'ignore', ...options });

test('pairid is the id and img_set the subset; pictures lie by their paths in images/, img_raw/ or the folder', async () => {
  const files = { 'images/dev/a.png': 'x', 'img_raw/dev/b.png': 'x', 'dev/c.png': 'x' };
  const directory = await folderOf({ ...val([row]), ...files });
  const split = await readCirr({ directory, split: 'val' });
  expect(split.triplets).toEqual([
    {
      reference: 'a',
      targets: ['b'],
      text: 'fewer towels',
      captions: ['Fewer towels'],
      source: `${directory}/captions/cap.rc2.val.json row 1`,
      id: '12',
      subset: ['a', 'b', 'c'],
    },
  ]);
  expect(split.images.map(({ path }) => path)).toEqual(Object.keys(files).map((path) => join(directory, path)));
});

test('annotations in cirr/ beside the pictures are found; a missing member of a subset skips its triplet', async () => {
  const parts = Object.entries(val([row])).map(([path, content]) => [`cirr/${path}`, content]);
  const directory = await folderOf({ ...Object.fromEntries(parts), 'dev/a.png': 'x', 'dev/b.png': 'x' });
  const split = await readCirr({ directory, split: 'val', onMissing: 'skip' });
  expect([split.images.map(({ id }) => id), split.triplets, split.missing]).toEqual([['a', 'b'], [], ['c']]);
});

test('the test split is test1, without targets; an empty caption is kept with a word for it', async () => {
  const { target_hard, ...open } = row;
  const directory = await folderOf({
    'captions/cap.rc2.test1.json': [open, { ...open, pairid: 13, caption: ' ' }],
    'image_splits/split.rc2.test1.json': paths,
  });
  const { triplets } = await readCirr({ directory, split: 'test', onMissing: 'ignore' });
  expect(triplets.map(({ id, targets, text, captions }) => [id, targets, text, captions])).toEqual([
    ['12', [], 'fewer towels', ['Fewer towels']],
    ['13', [], 'unchanged', []],
  ]);
  expect(await failureOf(readCirr({ directory, split: 'train' }))).toMatch(/^CIRR in \S+ has no split "train"; found: test\.$/);
});

test.each<[string, unknown, RegExp]>([
  ['no list', {}, /cap\.rc2\.val\.json must be a list of \{ pairid, /],
  ['no target', [{ ...row, target_hard: undefined }], /row 1: "target_hard" is missing/],
  ['no set', [row, { ...row, img_set: undefined }], /row 2: "img_set" is missing; without it/],
  ['set of one', [{ ...row, img_set: { members: ['a'] } }], /row 1: "img_set"\[members\] is wrong/],
  ['unknown reference', [{ ...row, reference: 'z' }], /row 1: "reference" has "z", which image_splits\/ does not/],
  ['unknown member', [{ ...row, img_set: { members: ['a', 'y'] } }], /row 1: "img_set" has "y", which image_splits/],
  ['own target', [{ ...row, target_hard: 'a' }], /row 1: "reference" and "target_hard" are both "a"/],
  ['no text', [{ ...row, caption: '' }], /row 1: "caption" is empty/],
])('%s: one line that names file and row', async (_, captions, expected) => {
  const message = await failureOf(read(captions));
  expect(message).toMatch(expected);
  expect(message).not.toContain('\n');
});

test('paths that are none, and a folder without captions', async () => {
  const directory = await folderOf({ ...val([row]), 'image_splits/split.rc2.val.json': { a: 1 } });
  expect(await failureOf(readCirr({ directory, split: 'val' }))).toMatch(/must be an object of \{ id: path \}: "a" is wrong/);
  expect(await failureOf(readCirr({ directory: '/nowhere', split: 'val' }))).toMatch(/^\/nowhere has no captions\/cap\.rc2/);
});

describe.skipIf(absent)(real, () => {
  test.each([
    ['val', 4_181, 2_297],
    ['test', 4_148, 2_315],
  ] as const)('%s', async (split, triplets, images) => {
    const all = await readCirr({ directory: join(sharedData, 'cirr'), split, onMissing: 'ignore' });
    expect([all.triplets.length, all.images.length, all.missing.length]).toEqual([triplets, images, images]);
    expect(
      all.triplets.every(({ subset, targets }) => subset?.length === 6 && targets.length === (split === 'val' ? 1 : 0)),
    ).toBe(true);
  });

  test('train, from a rebuilt file without pairid and img_set', async () => {
    const directory = await folderOf({});
    await mkdir(join(directory, 'captions'));
    await mkdir(join(directory, 'image_splits'));
    const place = (from: string, to: string) => copyFile(join(sharedData, 'cirr', from), join(directory, to));
    await place('derived/cap.train.reconstructed-from-dqu-cir.json', 'captions/cap.rc2.train.json');
    await place('image_splits/split.rc2.train.json', 'image_splits/split.rc2.train.json');
    const { triplets, images } = await readCirr({ directory, split: 'train', onMissing: 'ignore' });
    expect([triplets.length, images.length]).toEqual([28_225, 16_939]);
    expect(triplets[0]).toMatchObject({ reference: 'train-11041-2-img0', targets: ['train-11041-0-img1'] });
  });
});
