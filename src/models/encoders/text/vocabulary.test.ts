import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenize, Vocabulary } from './vocabulary.js';

describe('tokenize', () => {
  it.each([
    ["The Women's V-neck, in RED!", ['the', 'womens', 'v', 'neck', 'in', 'red']],
    ['3/4 sleeves & 2 pockets', ['3', '4', 'sleeves', '2', 'pockets']],
    ['plus élégant, ﬁne', ['plus', 'élégant', 'fine']],
    ['... !', []],
  ])('splits %j', (text, words) => {
    expect(tokenize(text)).toEqual(words);
  });
});

describe('Vocabulary', () => {
  const vocabulary = Vocabulary.build(['is red', 'is blue and red', 'is long']);

  it('orders words by count, then by the alphabet, after the padding and the buckets', () => {
    expect(vocabulary.words).toEqual(['is', 'red', 'and', 'blue', 'long']);
    expect(vocabulary.idOf('is')).toBe(33);
    expect(vocabulary.size).toBe(38);
  });

  it('encodes with padding, mask and a count of what did not fit', () => {
    const { ids, mask, truncated } = vocabulary.encode('Red and long', 5);
    expect([...ids]).toEqual([34, 35, 37, 0, 0]);
    expect([...mask]).toEqual([1, 1, 1, 0, 0]);
    expect(truncated).toBe(0);
    expect(vocabulary.encode('is red and long', 3).truncated).toBe(1);
  });

  it('keeps unknown words apart as far as the buckets go, the same way every time', () => {
    const ids = vocabulary.encode('purple green', 2).ids;
    expect([...ids]).toEqual([32, 29]);
    expect(Vocabulary.build([], { buckets: 1 }).idOf('anything')).toBe(1);
  });

  it('drops rare words and words beyond the limit', () => {
    expect(Vocabulary.build(['a b', 'a c', 'b'], { minCount: 2 }).words).toEqual(['a', 'b']);
    expect(Vocabulary.build(['a b', 'a c', 'b'], { maxWords: 1 }).words).toEqual(['a']);
  });

  it('survives JSON and gives every text the same ids', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
        const built = Vocabulary.build(texts);
        const read = Vocabulary.fromJSON(JSON.parse(JSON.stringify(built)));
        expect(read.size).toBe(built.size);
        for (const text of texts.filter((t) => tokenize(t).length > 0)) {
          const { ids } = read.encode(text, 8);
          expect(ids).toEqual(built.encode(text, 8).ids);
          expect(ids.every((id) => id >= 0 && id < read.size)).toBe(true);
        }
      }),
    );
  });

  it('makes tensors of a batch', () => {
    const { ids, mask, truncated } = vocabulary.encodeBatch(['is red', 'is blue and red'], 3);
    expect([ids.shape, mask.shape, truncated]).toEqual([[2, 3], [2, 3], 1]);
    expect([...ids.data]).toEqual([33, 34, 0, 33, 36, 35]);
  });

  it('says what to do about an empty text', () => {
    expect(() => vocabulary.encode(' ', 4)).toThrow('The text " " has no words: say what to change, e.g. "in red".');
  });

  it('refuses a damaged file', () => {
    expect(() => Vocabulary.fromJSON({ format: 'x' }, 'vocabulary.json')).toThrow(/^vocabulary\.json is damaged: /);
    const twice = { format: 'limn-vocabulary-1', buckets: 2, words: ['a', 'a'] };
    expect(() => Vocabulary.fromJSON(twice)).toThrow('a word is in it twice');
  });
});
