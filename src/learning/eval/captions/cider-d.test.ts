import { expect, test } from 'vitest';
import { ciderD } from './cider-d.js';

const words = (text: string) => text.split(' ').filter((word) => word !== '');
const of = (...pairs: [string, ...string[]][]) =>
  ciderD(
    pairs.map(([caption]) => words(caption)),
    pairs.map(([, ...references]) => references.map(words)),
  );

test('n words that are right score 10 n / 4, four and more score 10', () => {
  const scores = of(['a b', 'a b'], ['c', 'c'], ['d e f g', 'd e f g'], ['h i j k l', 'h i j k l']);
  scores.forEach((score, caption) => {
    expect(score).toBeCloseTo([5, 2.5, 10, 10][caption]!, 12);
  });
});

test('counts are clipped and other lengths cost', () => {
  // Every run is in one of two documents, so all weigh ln 2. Words: (2, 1) and (1, 1); pairs: (1, 1) and (0, 1).
  const [score] = of(['a a b', 'a b'], ['', 'c']);
  expect(score).toBeCloseTo((10 / 4) * (2 / Math.sqrt(5 * 2) + 1 / Math.sqrt(2)) * Math.exp(-1 / 72), 12);
});

test('rarer words weigh more', () => {
  // "red" is in two of three documents, the others in one.
  const [common, rare] = [Math.log(3 / 2), Math.log(3)];
  const documents: [string, string][] = [
    ['', 'red shirt'],
    ['', 'blue'],
  ];
  const [byCommon] = of(['red hat', 'red dress'], ...documents);
  const [byRare] = of(['a dress', 'red dress'], ...documents);
  expect(byCommon).toBeCloseTo((10 / 4) * (common ** 2 / (common ** 2 + rare ** 2)), 12);
  expect(byRare).toBeCloseTo((10 / 4) * (rare ** 2 / (Math.SQRT2 * rare * Math.hypot(common, rare))), 12);
  expect(byRare).toBeGreaterThan(byCommon!);
});

test('words of every document weigh nothing', () => {
  expect(of(['red hat', 'red dress'], ['red', 'red'])).toEqual([0, 0]);
});

test('references are averaged, and one document however many hold a run', () => {
  const [different, equal] = [of(['a', 'a', 'b'], ['', 'c']), of(['a', 'a', 'a'], ['', 'c'])];
  expect(different[0]).toBeCloseTo(1.25, 12);
  expect(equal[0]).toBeCloseTo(2.5, 12);
});

test('one document alone gives 0: no word is rarer than another', () => {
  expect(of(['a b c d', 'a b c d', 'a b c d'])).toEqual([0]);
});

test('empty captions and references give 0', () => {
  expect(of(['', 'a'], ['b', ''], ['', ''])).toEqual([0, 0, 0]);
});
