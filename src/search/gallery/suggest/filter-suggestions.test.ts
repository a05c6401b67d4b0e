import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matcherOf } from '../../store/filter-match.js';
import { parseFilter } from '../../store/filter-parse.js';
import type { Field } from '../explain/fields.js';
import { FilterSuggester } from './filter-suggestions.js';

const fields: Field[] = [
  { name: 'brand', type: 'string', values: ['Adidas', "Levi's", 'NIKE', 'Nike', 'Under Armour', 'Zoë'] },
  { name: 'colour', type: 'string', values: ['Red', 'blue', 'dark blue', 'green', '红色'] },
  { name: 'material', type: 'string', values: ['red', 'silk'] },
  { name: 'size', type: 'string', values: ['A', 'M', '42'] },
  { name: 'on_sale', type: 'boolean', values: [false, true] },
  { name: 'is_waterproof', type: 'boolean', values: [true] },
  { name: 'price', type: 'number', values: [5, 300] },
  { name: 'former_price', type: 'number', values: [5, 400] },
  { name: 'year', type: 'number', values: [2010, 2020] },
  { name: 'heelHeight_cm', type: 'number', values: [0, 12] },
];
const suggester = new FilterSuggester(fields);
const filters = (...texts: string[]) => suggester.suggest(texts).map(({ filter }) => filter);

describe('values that a text names', () => {
  it.each([
    ['nike shoes', ["brand in ('NIKE', 'Nike')"]],
    ['ADIDAS', ["brand = 'Adidas'"]],
    ['a dress by zoe', ["brand = 'Zoë'"]],
    ['LEVI’S jeans', ["brand = 'Levi''s'"]],
    ['under armour', ["brand = 'Under Armour'"]],
    ['in dark blue', ["colour = 'dark blue'"]],
    ['红色的连衣裙', ["colour = '红色'"]],
    ['nikes and reddish, unred', []],
    // Both fields have it; the name of one says which is meant.
    ['in red', ["colour = 'Red'", "material = 'red'"]],
    ['the colour is red', ["colour = 'Red'"]],
    ['red colour', ["colour = 'Red'"]],
    // Too common to mean a size by itself.
    ['a dress, M, 42', []],
    ['in size M', ["size = 'M'"]],
    ['size: 42', ["size = '42'"]],
    ['on sale', ['on_sale = true']],
    ['a waterproof jacket', ['is_waterproof = true']],
    ['green or dark blue', ["colour in ('green', 'dark blue')"]],
    ['adidas in green', ["brand = 'Adidas'", "colour = 'green'"]],
  ])('%s', (text, expected) => {
    expect(filters(text)).toEqual(expected);
  });

  it.each([
    ['not adidas', ["brand != 'Adidas'"]],
    ['not nike', ["brand != 'NIKE' and brand != 'Nike'"]],
    ['anything other than adidas', ["brand != 'Adidas'"]],
    ["isn't green", ["colour != 'green'"]],
    ['is not the colour green', ["colour != 'green'"]],
    ['without silk', ["material != 'silk'"]],
    ['non-waterproof', ['is_waterproof = false']],
    ['not on sale', ['on_sale = false']],
    ['green rather than blue', ["colour = 'green'"]],
    ['neither green nor blue', ["colour != 'green'", "colour != 'blue'"]],
    ['not green or blue', ["colour != 'green'", "colour != 'blue'"]],
    // What is meant of the second is open, and so nothing is said of it.
    ['not green and blue', ["colour != 'green'"]],
    ['no green, blue or dark blue', ["colour != 'green'"]],
    ['not green, adidas', ["colour != 'green'", "brand = 'Adidas'"]],
    ['less green', []],
    ['darker than blue', []],
    ['cheaper than nike', []],
    ['not only adidas', ["brand = 'Adidas'"]],
  ])('%s', (text, expected) => {
    expect(filters(text)).toEqual(expected);
  });
});

describe('numbers that a text names', () => {
  it.each([
    ['price below 50', ['price < 50']],
    ['Price: under €50', ['price < 50']],
    ['the price should be at most 49.90', ['price <= 49.9']],
    ['under 50', ['price < 50']],
    ['cheaper than 20 €', ['price < 20']],
    ['cheaper than 20', ['price < 20']],
    ['up to 49,99 euros', ['price <= 49.99']],
    ['over 1,000 dollars', ['price > 1000']],
    ['more than 1.000,50 EUR', ['price > 1000.5']],
    ['at least EUR 30', ['price >= 30']],
    ['> 30', ['price > 30']],
    ['price<=30', ['price <= 30']],
    ['price ≥ 30', ['price >= 30']],
    ['former price below 20', ['former_price < 20']],
    ['between 20 and 50', ['price >= 20 and price <= 50']],
    ['between €50 and €20', ['price >= 20 and price <= 50']],
    ['from 20 to 50 euros', ['price >= 20 and price <= 50']],
    ['price 20-50', ['price >= 20 and price <= 50']],
    ['20 - 50€', ['price >= 20 and price <= 50']],
    ['not over 50', ['price <= 50']],
    ['no more than 50', ['price <= 50']],
    ['not less than 50', ['price >= 50']],
    ['not between 20 and 50', ['(price < 20 or price > 50)']],
    ['year 2015', ['year = 2015']],
    ['newer than 2015', ['year > 2015']],
    ['since 2015', ['year >= 2015']],
    ['not year 2015', ['year != 2015']],
    ['heel height above 5 cm', ['heelHeight_cm > 5']],
    ['under 8cm', ['heelHeight_cm < 8']],
    ['under 2k', ['price < 2000']],
    ['price under 2k', ['price < 2000']],
    ['price above -5', ['price > -5']],
    // No number of a price: it is of something else, or nothing compares with it.
    ['under 3 kg', []],
    ['5 buttons', []],
    ['about 50', []],
    ['under 1.2.3', []],
    ['over 5000', []],
    ['under', []],
  ])('%s', (text, expected) => {
    expect(filters(text)).toEqual(expected);
  });

  it('are of the only field with numbers, or of none where several could be meant', () => {
    const of = (...names: string[]) =>
      new FilterSuggester(names.map((name) => ({ name, type: 'number', values: [0, 100] })))
        .suggest(['under 50'])
        .map(({ filter }) => filter);
    expect(of('length')).toEqual(['length < 50']);
    expect(of('length', 'width')).toEqual([]);
    expect(of()).toEqual([]);
  });
});

it('says which words mean the filter, each filter once and in the order of the texts', () => {
  expect(suggester.suggest(['Adidas shoes under 50 €', 'not in GREEN', 'adidas'])).toEqual([
    { filter: "brand = 'Adidas'", field: 'brand', words: 'Adidas' },
    { filter: 'price < 50', field: 'price', words: 'under 50 €' },
    { filter: "colour != 'green'", field: 'colour', words: 'not in GREEN' },
  ]);
});

describe('any text and any fields', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.string({ unit: fc.constantFrom(...'0123456789.,-–€$<>=≤≥\'"kK \u0301'), maxLength: 8 }),
    fc.constantFrom(
      'not',
      'under',
      'between',
      'and',
      'or',
      'no more than',
      'price',
      'red',
      'Nike',
      'size',
      '50',
      '€',
      "isn't",
      '\0',
      '\ud800',
    ),
  );
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(' '));
  const value = fc.oneof(text, fc.double({ noNaN: true }), fc.boolean());
  const anyField = fc
    .record({ name: fc.stringMatching(/^[A-Za-z_]\w{0,8}$/), values: fc.array(value, { maxLength: 6 }) })
    .map(({ name, values }): Field => {
      const types = new Set(values.map((one) => typeof one));
      return { name, values, type: types.size === 1 ? ([...types][0] as Field['type']) : 'mixed' };
    });

  it('give filters that the language has, of fields that there are, and words that the text has', () => {
    fc.assert(
      fc.property(fc.array(anyField, { maxLength: 4 }), fc.array(text, { maxLength: 3 }), (some, texts) => {
        const all = [...fields, ...some];
        const found = new FilterSuggester(all).suggest(texts);
        expect(found.length).toBeLessThanOrEqual(6);
        expect(new Set(found.map(({ filter }) => filter)).size).toBe(found.length);
        for (const { filter, field, words } of found) {
          expect(() => matcherOf(parseFilter(filter))({})).not.toThrow();
          expect(all.map(({ name }) => name)).toContain(field);
          expect(texts.some((one) => one.includes(words))).toBe(true);
          expect(words).not.toBe('');
        }
      }),
      { numRuns: 300 },
    );
  });

  it('name a value wherever it stands among other words, and what has it passes the filter', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Adidas', "Levi's", 'Zoë', 'Under Armour'),
        fc.constantFrom('', 'a bag by', 'shoes,'),
        (brand, head) => {
          const found = suggester.suggest([`${head} ${brand.toUpperCase()} please`]);
          expect(found.map(({ field }) => field)).toEqual(['brand']);
          expect(matcherOf(parseFilter(found[0]?.filter ?? ''))({ brand })).toBe(true);
        },
      ),
    );
  });

  it('are read in steps that do not grow with the number of values', () => {
    let asked = 0;
    const count = (values: string[]) => {
      const many = new FilterSuggester([{ name: 'brand', type: 'string', values }]);
      // biome-ignore lint/suspicious/noExplicitAny: look-ups are counted from outside
      const index = (many as any).index;
      const find = index.find.bind(index);
      asked = 0;
      index.find = (words: readonly string[]) => {
        asked++;
        return find(words);
      };
      many.suggest(['a b c d e f '.repeat(500)]);
      return asked;
    };
    const few = count(['north wind', 'x']);
    expect(count(Array.from({ length: 20_000 }, (_, at) => `maker ${at}`))).toBe(few);
  });
});
