import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { ReadOptions } from './dataset-format.js';
import { readShoes } from './shoes.js';
import { absent, failureOf, folderOf, real, removeFolders, sharedData } from './testing/folders.js';

afterAll(removeFolders);

const row = (reference: string, target: string, text = 'Is red.') => ({
  ImageName: target,
  ReferenceImageName: reference,
  RelativeCaption: text,
});
const files = {
  'relative_captions_shoes.json': [row('a.jpg', 'b.jpg', 'Is red. '), row('c.jpg', 'd.jpg'), row('b.jpg', 'b.jpg', 'has laces')],
  'train_im_names.txt': 'a.jpg\r\nb.jpg\r\n',
  'eval_im_names.txt': 'c.jpg\nd.jpg\ne.jpg\n\n',
};
const read = async (parts: object = {}, options: Partial<ReadOptions> = {}) =>
  readShoes({ directory: await folderOf({ ...files, ...parts }), split: 'train', onMissing: 'ignore', ...options });

test('a query belongs to the split of its reference; pictures are found by name in any folder', async () => {
  const parts = { 'womens_clogs/0/a.jpg': 'x', 'womens_clogs/0/descr_a.txt': 'x', 'b.jpg': 'x' };
  const directory = await folderOf({ ...files, ...parts });
  const train = await readShoes({ directory, split: 'train' });
  expect(train.images).toEqual([
    { id: 'a.jpg', path: join(directory, 'womens_clogs/0/a.jpg') },
    { id: 'b.jpg', path: join(directory, 'b.jpg') },
  ]);
  expect(train.triplets).toEqual([
    {
      reference: 'a.jpg',
      targets: ['b.jpg'],
      text: 'is red',
      captions: ['Is red.'],
      source: `${directory}/relative_captions_shoes.json row 1`,
    },
    expect.objectContaining({ reference: 'b.jpg', targets: ['b.jpg'], text: 'has laces' }),
  ]);
  expect(await failureOf(readShoes({ directory, split: 'val' }))).toMatch(
    /^3 of 3 pictures are missing in \S+ \(c\.jpg, d\.jpg, e\.jpg\); put the womens_\* folders there, .* skip missing pictures\.$/,
  );
  const val = await readShoes({ directory, split: 'val', onMissing: 'ignore' });
  expect([val.images.length, val.triplets.length, val.missing.length]).toEqual([3, 1, 3]);
});

test('two pictures of one name are refused, copies are one', async () => {
  const two = { 'x/a.jpg': 'one', 'y/a.jpg': 'two', 'b.jpg': 'x' };
  expect(await failureOf(read(two))).toMatch(/^Two pictures are called a\.jpg: \S+x\/a\.jpg and \S+y\/a\.jpg; remove the one/);
  const problems: string[] = [];
  await read(two, { onProblem: ({ message }) => problems.push(message) });
  expect(problems).toHaveLength(1);
  const { missing } = await read({ ...two, 'y/a.jpg': 'one', 'z/unlisted.jpg': 'p', 'y/unlisted.jpg': 'q' });
  expect(missing).toEqual([]);
});

test('a folder images/ is looked in alone', async () => {
  const directory = await folderOf({ ...files, 'a.jpg': 'x', 'images/0/b.jpg': 'x' });
  const { missing, images } = await readShoes({ directory, split: 'train', onMissing: 'skip' });
  expect(missing).toEqual(['a.jpg']);
  expect(images).toEqual([{ id: 'b.jpg', path: join(directory, 'images/0/b.jpg') }]);
});

test.each<[string, object, RegExp]>([
  ['no list', { 'relative_captions_shoes.json': {} }, /shoes\.json must be a list of \{ ImageName, /],
  ['no key', { 'relative_captions_shoes.json': [{ ImageName: 'a.jpg' }] }, /row 1: "ReferenceImageName" is missing; correct/],
  [
    'unknown reference',
    { 'relative_captions_shoes.json': [row('z.jpg', 'a.jpg')] },
    /row 1: .* "z\.jpg", which no list of names has/,
  ],
  [
    'target elsewhere',
    { 'relative_captions_shoes.json': [row('a.jpg', 'c.jpg')] },
    /row 1: .*"c\.jpg", which train_im_names\.txt does/,
  ],
  ['no text', { 'relative_captions_shoes.json': [row('a.jpg', 'b.jpg', ' .')] }, /row 1: "RelativeCaption" is empty/],
  [
    'name twice',
    { 'train_im_names.txt': 'a.jpg\nb.jpg\n\na.jpg' },
    /train_im_names\.txt line 4: the name "a\.jpg" is there twice/,
  ],
])('%s: one line that names file and row', async (_, parts, expected) => {
  const message = await failureOf(read(parts));
  expect(message).toMatch(expected);
  expect(message).not.toContain('\n');
});

test('what is not there is said', async () => {
  expect(await failureOf(read({}, { split: 'test' }))).toMatch(/^Shoes has no split "test"; found: train, val\. .* on "val"\.$/);
  const message = await failureOf(readShoes({ directory: '/nowhere', split: 'val' }));
  expect(message).toMatch(/^\/nowhere has no relative_captions_shoes\.json, train_im_names\.txt, eval_im_names\.txt; give/);
});

describe.skipIf(absent)(real, () => {
  test.each([
    ['train', 8_990, 10_000],
    ['val', 1_761, 4_658],
  ] as const)('%s', async (split, triplets, images) => {
    const all = await readShoes({ directory: join(sharedData, 'shoes'), split, onMissing: 'ignore' });
    expect([all.triplets.length, all.images.length, all.missing.length]).toEqual([triplets, images, images]);
  });
});
