import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { exchangeAnimals, readBirdsToWords } from './birds-to-words.js';
import { failureOf, folderOf, removeFolders } from './testing/folders.js';

afterAll(removeFolders);

const head =
  'img1ObservationURL\timg1ImgURL\timg1Species\timg1Selection\timg2ObservationURL\timg2ImgURL\timg2Species\timg2Selection\tsplit\tannN\tdescription';
const side = (photo: number) =>
  `https://www.inaturalist.org/photos/${photo}\thttps://static.inaturalist.org/photos/${photo}/large.jpg?${photo}9\tParus major\tbase`;
const line = (left: number, right: number, split: string, text: string) => `${side(left)}\t${side(right)}\t${split}\t1\t${text}`;
const read = async (lines: string[], split: 'train' | 'val' | 'test' = 'val', files: object = {}) =>
  readBirdsToWords({
    directory: await folderOf({ 'birds-to-words-v1.0.tsv': lines.join('\n'), ...files }),
    split,
    onMissing: 'ignore',
  });

test('each description is a query; in train the reversed pair is one too', async () => {
  const lines = [
    head,
    line(1, 2, 'train', 'Animal1 is brown. animal2 is not.'),
    line(1, 2, 'train', 'They are alike'),
    line(3, 4, 'val', '"Animal 1 has a ""cap""."'),
  ];
  const train = await read(lines, 'train');
  expect(train.triplets.map(({ reference, targets, text }) => [reference, targets, text])).toEqual([
    ['1', ['2'], 'animal1 is brown. animal2 is not'],
    ['2', ['1'], 'animal2 is brown. animal1 is not'],
    ['1', ['2'], 'they are alike'],
    ['2', ['1'], 'they are alike'],
  ]);
  expect(train.images.map(({ id }) => id)).toEqual(['1', '2']);
  const val = await read(lines, 'val');
  expect(val.triplets).toHaveLength(1);
  expect(val.triplets[0]).toMatchObject({ reference: '3', targets: ['4'], text: 'animal 1 has a "cap"' });
  expect(val.triplets[0]?.source).toMatch(/birds-to-words-v1\.0\.tsv line 4$/);
  expect(val.missing).toEqual(['3', '4']);
});

test('pictures lie as photo number or under the name they were downloaded with', async () => {
  const files = { 'images/1.png': 'x', 'images/large.jpg?29': 'x' };
  const split = await read([head, line(1, 2, 'test', 'x'), line(2, 3, 'test', 'x')], 'test', files);
  expect(split.images.map(({ path }) => path.slice(path.indexOf('images')))).toEqual([
    ...Object.keys(files),
    join('images', '3.jpg'),
  ]);
  expect(split.missing).toEqual(['3']);
});

test('animals change places', () => {
  expect(exchangeAnimals('Animal 1 and ANIMAL2, animal12, animal1.')).toBe('Animal 2 and ANIMAL1, animal12, animal2.');
});

test.each<[string, string[], RegExp]>([
  ['no header', [line(1, 2, 'val', 'x')], /tsv line 1: the first line must name the columns, .*img1ObservationURL.* not found/],
  ['empty file', [], /is empty; get it again/],
  ['cut line', [head, line(1, 2, 'val', 'x'), side(3)], /line 3: it has 4 columns and no "img2ObservationURL"/],
  ['no description', [head, line(1, 2, 'val', '')], /line 2: it has 10 columns and no "description"/],
  ['no words', [head, line(1, 2, 'val', '.')], /line 2: "description" is empty/],
  ['wrong split', [head, line(1, 2, 'dev', 'x')], /line 2: "split" is "dev" and none of train, val, test/],
  ['no number', [head, line(1, 2, 'val', 'x').replace('photos/2\t', 'photos/\t')], /line 2: "img2ObservationURL" is ".*", which/],
  ['own target', [head, line(1, 1, 'val', 'x')], /line 2: both pictures are 1/],
])('%s: one line that names file and line', async (_, lines, expected) => {
  const message = await failureOf(read(lines));
  expect(message).toMatch(expected);
  expect(message).not.toContain('\n');
});
