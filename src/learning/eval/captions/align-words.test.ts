import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alignWords } from './align-words.js';
import { porterStem } from './porter-stem.js';

const align = (caption: string, reference: string) => alignWords(caption.split(' '), reference.split(' '));

test('pairs and chunks', () => {
  expect(align('the hat sat on the mat', 'on the mat sat the hat')).toEqual({ pairs: 6, chunks: 3 });
  expect(align('a b', 'a x b')).toEqual({ pairs: 2, chunks: 2 });
  expect(align('a x b', 'a b')).toEqual({ pairs: 2, chunks: 2 });
  expect(align('a b a c', 'a c')).toEqual({ pairs: 2, chunks: 1 });
  expect(align('x', 'y')).toEqual({ pairs: 0, chunks: 0 });
});

test('stems pair what equal words leave over', () => {
  expect(align('striped sleeves', 'stripes sleeve')).toEqual({ pairs: 2, chunks: 1 });
  expect(align('red shirts shirt', 'red shirt shirts')).toEqual({ pairs: 3, chunks: 3 });
});

/** Tries every way to leave a word unpaired or to pair it. */
function exhaustive(caption: readonly string[], reference: readonly string[]): { pairs: number; chunks: number } {
  let best = { pairs: -1, equal: 0, chunks: 0 };
  const visit = (positions: readonly number[]) => {
    if (positions.length < caption.length) {
      const word = caption[positions.length]!;
      visit([...positions, -2]);
      reference.forEach((other, position) => {
        if (porterStem(other) === porterStem(word) && !positions.includes(position)) visit([...positions, position]);
      });
      return;
    }
    const paired = positions.filter((position) => position >= 0);
    const equal = positions.filter((position, at) => position >= 0 && reference[position] === caption[at]).length;
    const chunks = positions.filter((position, at) => position >= 0 && position !== (positions[at - 1] ?? -2) + 1).length;
    const found = { pairs: paired.length, equal, chunks };
    const ahead = found.pairs - best.pairs || found.equal - best.equal || best.chunks - found.chunks;
    if (ahead > 0) best = found;
  };
  visit([]);
  return { pairs: best.pairs, chunks: best.chunks };
}

test('is the best of all alignments', () => {
  const text = fc.array(fc.constantFrom('red', 'shirt', 'shirts', 'dot', 'dotted', 'a'), { minLength: 0, maxLength: 6 });
  fc.assert(
    fc.property(text, text, (caption, reference) => {
      expect(alignWords(caption, reference)).toEqual(exhaustive(caption, reference));
    }),
    { numRuns: 300 },
  );
});

test('a word that is said over and over does not multiply the alignments that are tried', () => {
  const many = new Array<string>(60).fill('very');
  expect(alignWords(many, many)).toEqual({ pairs: 60, chunks: 1 });
});
