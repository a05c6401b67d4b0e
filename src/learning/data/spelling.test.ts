import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { protocolText, readCorrections } from './spelling.js';
import { absent, failureOf, folderOf, real, removeFolders, sharedData } from './testing/folders.js';

afterAll(removeFolders);

test('whole words are corrected, each once', () => {
  const corrections = new Map([
    ['sleevs', 'sleeves'],
    ['red', 'blue'],
    ['blue', 'red'],
    ['vneck', 'v neck'],
    ['uh', ''],
  ]);
  expect(protocolText(['Has long Sleevs, sleevsless', 'uh red-blue VNECK.'], corrections)).toBe(
    'has long sleeves, sleevsless and blue-red v neck',
  );
  expect(protocolText(['uh'], corrections)).toBe('uh');
  expect(protocolText(['has constructor'], corrections)).toBe('has constructor');
  expect(protocolText(['Red.'])).toBe('red');
});

test('a word is corrected in quotes, and so is what is more than a word', () => {
  const corrections = new Map([
    ['guatever', 'whatever'],
    ["does'nt", "doesn't"],
    ['t-shrit', 't-shirt'],
    ['alot of', 'many'],
    ['(wth)', 'with'],
    ['grösse', 'size'],
  ]);
  for (const [written, right] of [
    ["has 'guatever' lettering", "has 'whatever' lettering"],
    ['has ‘guatever’, “Guatever”', 'has ‘whatever’, “whatever”'],
    ["'guatever", "'whatever"],
    ["it does'nt", "it doesn't"],
    ['a t-shrit, t-shrits', 'a t-shirt, t-shrits'],
    ['alot of red, alot', 'many red, alot'],
    ['(wth) dots (wth)in', 'with dots (wth)in'],
    ['a gro\u0308sse grösse', 'a gro\u0308sse size'],
  ] as const)
    expect(protocolText([written], corrections)).toBe(right);
});

test('a file of corrections must map words to words', async () => {
  const directory = await folderOf({ 'good.json': { Wth: ' with ' }, 'list.json': ['wth'], 'number.json': { wth: 1 } });
  expect([...(await readCorrections(join(directory, 'good.json')))]).toEqual([['wth', 'with']]);
  expect(await failureOf(readCorrections(join(directory, 'list.json')))).toMatch(/list\.json must be an object of/);
  expect(await failureOf(readCorrections(join(directory, 'number.json')))).toMatch(/: "wth" is wrong \(.*expected string/);
  expect(await failureOf(readCorrections(join(directory, 'none.json')))).toMatch(/^Cannot read spelling corrections at /);
});

describe.skipIf(absent)(real, () => {
  test.each([
    ['FashionIQ/captions/correction_dict_dress.json', 363],
    ['Shoes/correction_dict_shoes.json', 108],
  ])('%s', async (file, count) => {
    const corrections = await readCorrections(join(sharedData, 'dqu-cir-aux/data', file));
    expect(corrections.size).toBe(count);
  });
});
