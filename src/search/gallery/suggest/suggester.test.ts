import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokenize, Vocabulary } from '../../../models/encoders/text/vocabulary.js';
import type { Field } from '../explain/fields.js';
import { nearestWords, slipsBetween } from './nearest-words.js';
import { Suggester } from './suggester.js';

const texts = ['in blue', 'in red', 'with blue stripes', 'is more formal', 'has short sleeves', 'is yellow and dotted'];
const vocabulary = Vocabulary.build(texts);
const fields: Field[] = [
  { name: 'colour', type: 'string', values: ['blue', 'red', 'turquoise'] },
  { name: 'pattern', type: 'string', values: ['dotted', 'striped'] },
  { name: 'price', type: 'number', values: [1, 9] },
];
const parts = { vocabulary, texts, wholeWords: true, fields };
const suggester = new Suggester(parts);

describe('suggestions', () => {
  it('are training texts that change something about the picture, those that the gallery can show first', () => {
    const { suggestions } = suggester.suggest({ metadata: { colour: 'Red', pattern: 'dotted' }, seed: 'a', count: 3 });
    expect(suggestions).toHaveLength(3);
    for (const text of suggestions) expect(texts).toContain(text);
    expect(suggestions[0]).toMatch(/blue/);
    expect(suggestions).not.toContain('in red');
    expect(suggestions).not.toContain('is yellow and dotted');
    expect(suggester.suggest({ said: texts }).suggestions).toEqual([]);
  });

  it('go on from what is typed', () => {
    expect(suggester.suggest({ typed: 'in r' }).suggestions[0]).toBe('in red');
    expect(suggester.suggest({ typed: 'with bl' }).suggestions).toContain('with blue stripes');
    expect(suggester.suggest({ typed: 'sho' }).suggestions).toEqual(['short', 'has short sleeves']);
    expect(suggester.suggest({ typed: 'qqq' }).suggestions).toEqual([]);
  });

  it('of a model without texts are values that it has words for, else its words', () => {
    const made = new Suggester({ ...parts, texts: undefined });
    expect(made.suggest({ metadata: { colour: 'red' }, count: 9 }).suggestions.sort()).toEqual(['dotted', 'in blue']);
    const bare = new Suggester({ ...parts, texts: undefined, fields: [] }).suggest({ count: 30 }).suggestions;
    expect(bare.length).toBeGreaterThan(3);
    for (const word of bare) expect(vocabulary.has(word)).toBe(true);
  });
});

describe('unknown words', () => {
  it('are said, and the nearest known ones offered', () => {
    expect(suggester.unknownIn(['blu sripes', 'in red', 'Short SLEVES, zzzz'])).toEqual([
      {
        text: 'blu sripes',
        words: [
          { word: 'blu', nearest: ['blue'] },
          { word: 'sripes', nearest: ['stripes'] },
        ],
        corrected: 'blue stripes',
      },
      {
        text: 'Short SLEVES, zzzz',
        words: [
          { word: 'sleves', nearest: ['sleeves'] },
          { word: 'zzzz', nearest: [] },
        ],
        corrected: 'Short sleeves, zzzz',
      },
    ]);
    expect(new Suggester({ ...parts, wholeWords: false }).unknownIn(['blu'])).toEqual([]);
  });

  it('cost a bounded time, however many there are', () => {
    const many = Array.from({ length: 300 }, (_, at) => `bluq${at}`).join(' ');
    const [found] = suggester.unknownIn([many]);
    expect(found?.words).toHaveLength(300);
    expect(found?.words.filter(({ nearest }) => nearest.length > 0).length).toBeLessThanOrEqual(8);
  });

  it('of any text are those that the vocabulary does not hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        const words = suggester.unknownIn([text]).flatMap((one) => one.words.map(({ word }) => word));
        expect(words).toEqual([...new Set(tokenize(text))].filter((word) => !vocabulary.has(word)));
      }),
    );
  });
});

describe('slips', () => {
  /** One slip at a time, tried in all ways. */
  function plain(a: string, b: string, left = 3): number {
    if (a === b) return 0;
    if (left === 0) return Number.POSITIVE_INFINITY;
    if (a === '' || b === '') return a.length + b.length;
    const exchanged = a[0] === b[1] && a[1] === b[0] && a.length > 1 && b.length > 1;
    return Math.min(
      a[0] === b[0] ? plain(a.slice(1), b.slice(1), left) : Number.POSITIVE_INFINITY,
      1 + plain(a.slice(1), b.slice(1), left - 1),
      1 + plain(a.slice(1), b, left - 1),
      1 + plain(a, b.slice(1), left - 1),
      exchanged ? 1 + plain(a.slice(2), b.slice(2), left - 1) : Number.POSITIVE_INFINITY,
    );
  }

  it('are counted as trying all ways does', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 4 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const wanted = plain(a, b);
        if (wanted <= 3) expect(slipsBetween(a, b)).toBe(wanted);
        else expect(slipsBetween(a, b)).toBeGreaterThan(3);
      }),
    );
  });

  it('offer no word that is another', () => {
    expect(nearestWords('purpel', ['purple', 'people'])[0]).toBe('purple');
    expect(nearestWords('xx', ['xy'])).toEqual([]);
    expect(nearestWords('flor', ['floral', 'floor'])).toEqual(['floral', 'floor']);
  });
});
