import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { listCategories, readFashionIQ } from './fashioniq.js';

const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

const rows = [
  { target: 'b', candidate: 'a', captions: ['Is red.', 'has sleeves '] },
  { target: 'c', candidate: 'b', captions: ['', 'is longer'] },
];

interface Parts {
  captions?: unknown;
  ids?: unknown;
  files?: string[];
  split?: string;
}

async function folder({
  captions = rows,
  ids = ['a', 'b', 'c'],
  files = ['a.jpg', 'b.PNG', 'c.webp'],
  split = 'val',
}: Parts = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'limn-fashioniq-'));
  made.push(directory);
  const write = async (path: string, value: unknown) => {
    await mkdir(join(directory, path, '..'), { recursive: true });
    await writeFile(join(directory, path), typeof value === 'string' ? value : JSON.stringify(value));
  };
  await write(`captions/cap.hat.${split}.json`, captions);
  await write(`image_splits/split.hat.${split}.json`, ids);
  for (const file of files) await write(`images/${file}`, 'x');
  return directory;
}

const read = async (parts: Parts, options: object = {}) =>
  readFashionIQ({ directory: await folder(parts), category: 'hat', split: 'val', ...options });
const failure = (parts: Parts, options: object = {}) =>
  read(parts, options).then(
    () => 'no error',
    (error: Error) => error.message,
  );

test('has its images under their former name too, in what is read and in what is skipped from it', async () => {
  for (const options of [{}, { files: ['a.jpg'] }]) {
    const split: object = await read(options, { onMissing: 'skip' });
    expect(split).toHaveProperty('pictures', (split as { images: unknown }).images);
    expect(Object.keys(split)).toEqual(['name', 'images', 'triplets', 'missing']);
  }
});

test('reads pictures in file order and triplets with their text and source', async () => {
  const directory = await folder({ files: ['c.webp', 'b.PNG', 'a.png', 'a.jpg', 'a.txt', 'other.jpg'] });
  const split = await readFashionIQ({ directory, category: 'hat', split: 'val' });
  expect(split.images.map((image) => image.path)).toEqual(['a.jpg', 'b.PNG', 'c.webp'].map((f) => join(directory, 'images', f)));
  expect(split.missing).toEqual([]);
  expect(split.triplets).toEqual([
    {
      reference: 'a',
      targets: ['b'],
      text: 'is red and has sleeves',
      captions: ['Is red.', 'has sleeves'],
      source: `${directory}/captions/cap.hat.val.json row 1`,
    },
    {
      reference: 'b',
      targets: ['c'],
      text: 'is longer',
      captions: ['is longer'],
      source: `${directory}/captions/cap.hat.val.json row 2`,
    },
  ]);
  expect([...(await listCategories(directory))]).toEqual([['hat', ['val']]]);
});

test('missing pictures stop, are skipped, or are ignored', async () => {
  expect(await failure({ files: ['a.jpg', 'b.jpg'] })).toMatch(
    /^1 of 3 pictures are missing in \S+images \(c\); put them there as \{id\}\.jpg, .* or choose to skip missing pictures\.$/,
  );
  const skipped = await read({ files: ['a.jpg', 'b.jpg'] }, { onMissing: 'skip' });
  expect(skipped.images.map((image) => image.id)).toEqual(['a', 'b']);
  expect(skipped.triplets.map((triplet) => triplet.reference)).toEqual(['a']);
  expect(skipped.missing).toEqual(['c']);
  const ignored = await read({ files: [] }, { onMissing: 'ignore' });
  expect([ignored.images.length, ignored.triplets.length, ignored.missing.length]).toEqual([3, 2, 3]);
});

test.each<[string, Parts, RegExp]>([
  ['not JSON', { captions: '[{' }, /cap\.hat\.val\.json is not valid JSON/],
  ['not a list', { captions: {} }, /cap\.hat\.val\.json must be a list of \{ candidate, target, captions \}/],
  ['missing key', { captions: [rows[0], { target: 'a', captions: ['x'] }] }, /row 2: "candidate" is missing; correct the row/],
  ['missing captions', { captions: [{ target: 'a', candidate: 'b' }] }, /row 1: "captions" is missing/],
  ['no target', { captions: [{ candidate: 'b', captions: ['x'] }] }, /row 1: "target" is missing; .* use the val split/],
  ['wrong type', { captions: [{ target: 7, candidate: 'b', captions: ['x'] }] }, /row 1: "target" is wrong \(.*expected string/],
  ['wrong caption', { captions: [{ target: 'a', candidate: 'b', captions: ['x', 1] }] }, /row 1: "captions"\[1\] is wrong/],
  ['row of null', { captions: [null] }, /row 1: the row is wrong/],
  [
    'unknown id',
    { captions: [{ target: 'z', candidate: 'b', captions: ['x'] }] },
    /row 1: "target" is "z", which image_splits\/ does not/,
  ],
  ['empty captions', { captions: [{ target: 'a', candidate: 'b', captions: ['', ' .'] }] }, /row 1: "captions" are all empty/],
  [
    'own target',
    { captions: [{ target: 'a', candidate: 'a', captions: ['x'] }] },
    /row 1: "candidate" and "target" are both "a"/,
  ],
  ['ids not a list', { ids: { a: 1 } }, /split\.hat\.val\.json must be a list of picture ids/],
  ['id not a string', { ids: ['a', 2] }, /split\.hat\.val\.json must be a list of picture ids: entry 2 is wrong/],
  ['id twice', { ids: ['a', 'b', 'a'] }, /split\.hat\.val\.json has the id "a" twice/],
])('%s: one line that names file, row and key', async (_, parts, expected) => {
  const message = await failure(parts);
  expect(message).toMatch(expected);
  expect(message).not.toContain('\n');
});

test('a wrong category, split or folder is answered with what is there', async () => {
  expect(await failure({}, { category: 'dress' })).toMatch(/^There is no category "dress" in \S+; found: hat\.$/);
  expect(await failure({}, { split: 'train' })).toMatch(/has no split "train"; found: val\.$/);
  expect(await failure({}, { directory: '/nowhere' })).toMatch(/^\/nowhere has no captions\/cap\.\{category\}/);
});

test('a test file without targets is read when that is asked for', async () => {
  const split = await read({ captions: [{ candidate: 'b', captions: ['x'] }] }, { targets: 'optional' });
  expect(split.triplets[0]?.targets).toEqual([]);
});

const shared = process.env.LIMN_SHARED_DATA || fileURLToPath(new URL('../../../../shared/data', import.meta.url));

describe.skipIf(!existsSync(shared))('real annotations (skipped where LIMN_SHARED_DATA or ../shared/data is absent)', () => {
  test.each([
    ['train', 11_544, 5_772],
    ['val', 1_699, 1_699],
  ] as const)('product photographs, %s', async (name, triplets, images) => {
    const split = await readFashionIQ({ directory: join(shared, 'product-photos'), category: 'product', split: name });
    expect([split.triplets.length, split.images.length, split.missing.length]).toEqual([triplets, images, 0]);
  });

  test.each([
    ['dress', 2_017, 3_817],
    ['shirt', 2_038, 6_346],
    ['toptee', 1_961, 5_373],
  ] as const)('FashionIQ %s, val', async (category, triplets, images) => {
    const options = { directory: join(shared, 'fashioniq'), category, split: 'val' } as const;
    const all = await readFashionIQ({ ...options, onMissing: 'ignore' });
    expect([all.triplets.length, all.images.length, all.missing.length]).toEqual([triplets, images, images]);
    const none = await readFashionIQ({ ...options, onMissing: 'skip' });
    expect([none.triplets.length, none.images.length, none.missing.length]).toEqual([0, 0, images]);
  });
});
