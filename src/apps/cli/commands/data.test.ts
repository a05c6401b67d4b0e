import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { folderOf, removeFolders } from '../../../learning/data/testing/folders.js';
import { openDataset } from '../datasets.js';
import { runProgram } from '../program.js';

let out = '';
let error = '';
beforeEach(() => {
  [out, error] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    error += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});
afterAll(removeFolders);

const line = (reference: string, target: string, text = 'in red') => JSON.stringify({ reference, target, text });
const check = (...words: string[]) => runProgram(['data', 'check', ...words]);

test('triplets of a table and images, with a page to look at, are a sound dataset', async () => {
  const colours = ['red', 'blue', 'green', 'black', 'white'];
  const rows = Array.from({ length: 61 }, (_, i) => [i, colours[i % 5], `kind ${i % 3}`].join(','));
  const directory = await folderOf({ 'shop.csv': `sku,colour,type\n${rows.join('\n')}\n`, 'photos/60.png': 'broken' });
  for (let i = 0; i < 60; i++) {
    const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
    const image = sharp({ create: { width: 16, height: 16, channels: 3, background: colours[i % 5] as string, noise } });
    await image.png().toFile(join(directory, 'photos', `${i}.png`));
  }
  const place = ['--list', join(directory, 'shop.csv'), '--images', join(directory, 'photos'), '--out', join(directory, 'made')];
  vi.stubEnv('LIMN_HOME', join(directory, 'home'));
  const made = (...words: string[]) => runProgram(['data', 'from-metadata', ...place, '--encoder', 'patch', ...words]);
  expect(await made('--preview', '3')).toBe(0);
  expect(out).toMatch(/61 of 61 rows fit one of the 61 images/);
  expect(out).toMatch(/1 images cannot be read and are left out, the first: .*60\.png/);
  expect(out).toMatch(/triplets of \d+ products from colour, type/);
  expect((await readFile(join(directory, 'made', 'preview.html'), 'utf8')).split('src="data:image/')).toHaveLength(7);
  out = '';
  expect(await check('--dataset', 'triplets', '--data', join(directory, 'made'))).toBe(0);
  expect(out).toContain('The annotations are sound.');
  expect(await made('--fields', 'color')).toBe(2);
  expect(error).toMatch(/no column "color". Did you mean "colour"\?/);
});

test('counts, missing pictures with advice, and exit code 0', async () => {
  const directory = await folderOf({ 'triplets.val.jsonl': line('a.jpg', 'b.jpg'), 'images/a.jpg': 'x' });
  expect(await check('--dataset', 'triplets', '--data', directory)).toBe(0);
  expect(out.split('\n')).toEqual([
    `triplets in ${directory}`,
    'split  pictures  triplets     texts   missing',
    'val           2         1         1         1',
    'warning: val: 1 of 2 pictures are missing (b.jpg)',
    'To get them: the pictures are yours: put them in images/ or beside the triplets, by the paths that the triplets give.',
    'The annotations are sound.',
    '',
  ]);
});

test('broken rows end with 1 and are named by file and line, as text and as JSON', async () => {
  const directory = await folderOf({ 'triplets.val.jsonl': [line('a', 'b'), '{', line('c', 'c')].join('\n') });
  expect(await check('--dataset', 'triplets', '--data', directory)).toBe(1);
  expect(out).toMatch(/^broken: \S+triplets\.val\.jsonl line 2: it is not valid JSON/m);
  expect(out).toMatch(/^broken: \S+triplets\.val\.jsonl line 3: "c" is reference and target/m);
  expect(out).toMatch(/not sound: correct what is named above\.\n$/);
  out = '';
  expect(await check('--dataset', 'triplets', '--data', directory, '--json')).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ dataset: 'triplets', broken: { count: 2 }, sound: false });
});

test('--deep opens every image and names the damaged ones', async () => {
  const good = await sharp({ create: { width: 60, height: 60, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  const directory = await folderOf({ 'triplets.val.jsonl': line('a.jpg', 'b.jpg') });
  await mkdir(join(directory, 'images'));
  await writeFile(join(directory, 'images', 'a.jpg'), good);
  await writeFile(join(directory, 'images', 'b.jpg'), good);
  expect(await check('--dataset', 'triplets', '--data', directory, '--deep')).toBe(0);
  expect(out).toMatch(/\n2 images opened, 0 damaged\nThe annotations and the images are sound\.\n$/);
  await writeFile(join(directory, 'images', 'b.jpg'), good.subarray(0, good.length / 2));
  out = '';
  expect(await check('--dataset', 'triplets', '--data', directory)).toBe(0);
  expect(await check('--dataset', 'triplets', '--data', directory, '--deep', '--json')).toBe(1);
  expect(JSON.parse(out.slice(out.indexOf('{')))).toMatchObject({
    sound: false,
    images: { opened: 2, damaged: { count: 1, first: [expect.stringMatching(/b\.jpg is damaged or cut short/)] } },
  });
});

test('a wrong call is one line and exit code 2', async () => {
  const directory = await folderOf({ 'triplets.val.jsonl': line('a', 'b') });
  expect(await check('--dataset', 'triplets', '--data', directory, '--category', 'dress')).toBe(2);
  expect(await check('--dataset', 'triplets')).toBe(2);
  expect(await check('--dataset', 'shoos', '--data', directory)).toBe(2);
  const lines = error.trim().split('\n');
  expect(lines).toEqual([
    'limn: The dataset triplets has no categories: leave out --category.',
    expect.stringMatching(/^limn: limn data check needs --data\. /),
    expect.stringMatching(
      /^limn: option '--dataset <name>' argument 'shoos' is invalid\. Allowed choices are fashioniq, shoes, /,
    ),
  ]);
  expect(await check('--dataset', 'shoes', '--data', directory)).toBe(1);
});

test('a dataset is opened by name, with spelling corrections and its protocol', async () => {
  const files = { 'triplets.train.jsonl': line('a', 'b', 'in rde'), 'spelling.json': { rde: 'red' } };
  const directory = await folderOf(files);
  const spelling = `${directory}/spelling.json`;
  const dataset = await openDataset('train', { dataset: 'triplets', data: directory, spelling });
  expect(dataset.origin).toEqual({ name: 'triplets', directory, spelling });
  expect(dataset.defaultProtocol).toBe('triplets');
  await expect(dataset.split('train')).rejects.toThrow(/^2 of 2 pictures are missing/);
  expect((await dataset.split('train', { onMissing: 'ignore' })).triplets.map(({ text }) => text)).toEqual(['in red']);
});
