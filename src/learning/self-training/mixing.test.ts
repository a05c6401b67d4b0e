import { expect, test } from 'vitest';
import type { Split, Triplet } from '../data/triplets.js';
import { type MixOptions, mixSettings, mixTriplets } from './mixing.js';

const aTriplet = (reference: string, target: string, text: string, source: string): Triplet => ({
  reference,
  targets: [target],
  text,
  captions: [text],
  source,
});
const image = (id: string) => ({ id, path: `${id}.jpg` });

const labelled: Split = {
  name: 'train',
  images: ['a', 'b', 'unused'].map(image),
  triplets: [aTriplet('a', 'b', 'one', 'labels row 1'), aTriplet('b', 'a', 'two', 'labels row 2')],
  missing: ['gone'],
};
const pseudo = Array.from({ length: 12 }, (_, i) => ({
  ...aTriplet('a', `p${i}`, 'is much darker , and longer', `pseudo row ${i + 1}`),
  weight: 0.5,
}));
const pool = ['other', ...pseudo.map((_, i) => `p${11 - i}`), 'a'].map(image);

const mix = (settings: object = {}, more: Partial<MixOptions> = {}) =>
  mixTriplets({ labelled, pseudo, pool, settings: mixSettings.parse(settings), seed: 1, ...more });
const sources = (split: Split) => split.triplets.map(({ source }) => source);

test('every labelled triplet, the ratio of pseudo triplets, and the pictures that they need', () => {
  const mixed = mix({ ratio: 1.5, weight: 0.5 });
  expect(sources(mixed).slice(0, 2)).toEqual(['labels row 1', 'labels row 2']);
  expect(mixed.triplets.map(({ weight }) => weight)).toEqual([1, 1, 0.25, 0.25, 0.25]);
  const targets = new Set(mixed.triplets.slice(2).flatMap((triplet) => triplet.targets));
  expect(targets.size).toBe(3);
  expect(mixed.images.slice(0, 3)).toEqual(labelled.images);
  expect(new Set(mixed.images.slice(3).map(({ id }) => id))).toEqual(targets);
  expect(mixed).toMatchObject({ name: 'train', missing: ['gone'] });
});

test('the choice follows the seed', () => {
  expect(mix()).toEqual(mix());
  expect([1, 2, 3, 4].some((seed) => sources(mix({}, { seed })).join() !== sources(mix()).join())).toBe(true);
  expect(sources(mix({ ratio: 0 }))).toEqual(['labels row 1', 'labels row 2']);
  expect(sources(mix({ ratio: 99 }))).toEqual([...labelled.triplets, ...pseudo].map(({ source }) => source));
});

test('without labels all pseudo triplets are taken', () => {
  const none = { ...labelled, triplets: [] };
  expect(sources(mix({ ratio: 0.5 }, { labelled: none }))).toHaveLength(12);
  expect(() => mix({}, { labelled: none, pseudo: [] })).toThrow('There are neither labelled nor accepted pseudo triplets');
});

test('words are left out of pseudo triplets alone, and one stays', () => {
  const texts = (wordDrop: number) => mix({ ratio: 6, wordDrop }).triplets.map(({ captions }) => captions[0]?.split(' ') ?? []);
  const all = ['is', 'much', 'darker', 'and', 'longer'];
  for (const chance of [0.5, 0.99]) {
    const [first, second, ...drawn] = texts(chance);
    expect([first, second]).toEqual([['one'], ['two']]);
    expect(drawn).toHaveLength(12);
    for (const words of drawn) {
      expect(words.length).toBeGreaterThan(0);
      expect(words).toEqual(all.filter((word) => words.includes(word)));
    }
    const kept = drawn.reduce((sum, words) => sum + words.length, 0);
    expect(kept).toBeLessThan(chance === 0.5 ? 50 : 20);
  }
  expect(mix().triplets[2]?.text).toBe('is much darker , and longer');
});

test('a picture that is nowhere is an error', () => {
  expect(() => mix({ ratio: 9 }, { pool: [] })).toThrow('pseudo row 1 names the picture "p0", which is not in the pool');
});
