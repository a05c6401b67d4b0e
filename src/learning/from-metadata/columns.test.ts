import { describe, expect, it, test } from 'vitest';
import { readAttributes } from './attributes.js';
import type { CatalogueRow } from './catalogue-row.js';
import { numberOf, numbersOf } from './column-numbers.js';
import { elementsOf, typeColumns } from './columns.js';
import { languageOf, roleOf } from './roles.js';

const rowsOf = (columns: Record<string, readonly unknown[]>): CatalogueRow[] => {
  const count = Math.max(...Object.values(columns).map(({ length }) => length));
  return Array.from({ length: count }, (_, i) => ({
    id: `${i}.jpg`,
    path: `${i}.jpg`,
    values: Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[i % values.length]])),
  }));
};
const kindOf = (name: string, values: readonly unknown[], count = 60) => {
  const filled = Array.from({ length: count }, (_, i) => values[i % values.length]);
  return typeColumns(rowsOf({ [name]: filled }))[0];
};
const many = (of: (i: number) => unknown) => Array.from({ length: 60 }, (_, i) => of(i));

describe('the kind of a column', () => {
  it.each([
    ['colour', ['red', 'Blue', 'green'], 'category'],
    ['baseColour', ['Navy Blue', 'Off White'], 'category'],
    ['price', [12.5, '13', '99,90', 7], 'number'],
    ['heel_height', ['3', '5', '8.5'], 'number'],
    ['Product Title', many((i) => `Nike men running shoe number ${i}`), 'text'],
    ['tags', ['summer|beach', 'beach|red', 'red|summer|sale', 'sale|beach'], 'list'],
    ['tags', [['a', 'b'], ['b'], ['a', 'c']], 'list'],
    ['in_stock', [true, false], 'category'],
    ['sku', many((i) => `A-${i}`), 'none'],
    ['empty', ['', 'n/a', null], 'none'],
    ['shop', ['ours'], 'none'],
    ['season', ['fall', 'summer'], 'none'],
    ['article', many((i) => 4000 + i), 'number'],
    ['parent_id', many((i) => `p${i % 9}`), 'none'],
    ['notes', many((i) => `x${i}`), 'none'],
    ['price', ['1.299,00 €', '89,95 €', '45,00 €'], 'number'],
    ['cost', ['$12', '$1,299.99', '-$3'], 'number'],
    ['price', ['$12', '€15', '$9'], 'none'],
    ['price', ['12', 'n/a', 'NaN', 'None', ' ', '15'], 'number'],
    ['added', ['2024-01-05', '2024-03-05T10:00:00Z', '2023-12-31 08:15'], 'none'],
    ['added', ['05.01.2024', '6/1/24'], 'none'],
    ['added', [new Date(0), new Date(1e12)], 'none'],
    ['colour', ['red/blue', 'blue', 'red', 'green/red'], 'list'],
    ['colour', many((i) => `colour number${i}`), 'none'],
  ] as const)('%s', (name, values, kind) => {
    expect(kindOf(name, values)?.kind).toBe(kind);
  });

  it('a column that nothing is learned from says why', () => {
    expect(kindOf('shop', ['ours'])?.reason).toBe('all of its values are "ours"');
    expect(kindOf('season', ['fall', 'summer'])?.reason).toMatch(/images do not show it/);
    expect(typeColumns(rowsOf({ season: ['fall', 'summer'] }), ['season'])[0]?.kind).toBe('category');
  });

  it('numbers are read with a point or a comma, and nothing else', () => {
    expect(['1', '-2.5', '3,25', '1e3', '12 cm', ''].map(numberOf)).toEqual([1, -2.5, 3.25, Number.NaN, Number.NaN, Number.NaN]);
  });

  it('the elements of a list come once, in small letters', () => {
    expect(elementsOf('Red| blue |red|', '|')).toEqual(['red', 'blue']);
    expect(elementsOf(['A', 3, null, { b: 1 }], undefined)).toEqual(['a', '3']);
  });
});

test.each([
  [
    ['1.299,00 €', '89,95 €'],
    [1299, 89.95],
  ],
  [
    ['$12', '$1,299.99', '-$3', 'US$ 5'],
    [12, 1299.99, -3, 5],
  ],
  [
    ['CHF 1’299.50', '45.- CHF', "1'000.00"],
    [1299.5, 45, 1000],
  ],
  [
    ['1 299 kr', '49,-', '12 kr'],
    [1299, 49, 12],
  ],
  // The other values say what a point is.
  [
    ['1.299', '12,50'],
    [1299, 12.5],
  ],
  [
    ['1.299', '12.50'],
    [1.299, 12.5],
  ],
  [
    ['1,299', '45'],
    [1299, 45],
  ],
  [
    ['1.234.567', '1.2.3', '1,23,4'],
    [1_234_567, Number.NaN, Number.NaN],
  ],
  [
    ['0.125', '0.5'],
    [0.125, 0.5],
  ],
  [['12 cm', '', 'abc', 'Infinity'], Array(4).fill(Number.NaN)],
])('the numbers of %j', (written, expected) => {
  expect([...numbersOf(written).values]).toEqual(expected);
});

test('three digits behind a point are thousands of a price, and decimals of anything else', () => {
  expect([...numbersOf(['1.299', '2.499'], true).values]).toEqual([1299, 2499]);
  expect([...numbersOf(['1.299', '2.499']).values]).toEqual([1.299, 2.499]);
  expect([...numbersOf(['€ 1.299', '€ 2.499']).values]).toEqual([1299, 2499]);
});

test('"none" is a value of parts and patterns, and of what is empty elsewhere', () => {
  const valuesOf = (name: string, values: readonly unknown[]) => {
    const rows = rowsOf({ [name]: values, kind: many((i) => (i % 2 ? 'a' : 'b')) });
    const found = readAttributes(rows, typeColumns(rows)).attributes.find((attribute) => attribute.name === name);
    return found && 'values' in found ? found.values : [];
  };
  expect(valuesOf('sleeve', ['None', 'short', 'long'])).toEqual(['', 'long', 'short']);
  expect(valuesOf('pattern', ['none', 'striped'])).toEqual(['', 'striped']);
  expect(valuesOf('fringe', ['none', '', 'short', 'long'])).toEqual(['', 'long', 'short']);
  expect(valuesOf('fringe', ['none', 'short', 'long'])).toEqual(['long', 'short']);
  expect(valuesOf('colour', ['none', '', 'red', 'blue'])).toEqual(['blue', 'red']);
  expect(valuesOf('pocket', ['none', 'yes'])).toEqual(['', 'pocket']);
});

test('names say roles and languages', () => {
  expect(['Sleeve Length', 'collar_type', 'heel height', 'soleColour', 'length'].map(roleOf)).toEqual([
    'sleeve',
    'neckline',
    undefined,
    undefined,
    'length',
  ]);
  expect(['baseColour', 'articleType', 'Product-ID', 'productDisplayName', 'masterCategory', 'foo'].map(roleOf)).toEqual([
    'colour',
    'type',
    'product',
    'title',
    'type',
    undefined,
  ]);
  expect(['title_de', 'colour-fr', 'de', 'side'].map(languageOf)).toEqual(['de', 'fr', undefined, undefined]);
});

describe('attributes', () => {
  it('a title gives what columns lack, and says where a pattern is none', () => {
    const rows = rowsOf({
      title: [
        'Nike red striped t-shirt',
        'Puma blue t-shirt',
        'Nike red dress',
        'Levis blue checked shirt',
        'Levis red solid shirt',
      ].flatMap((t) =>
        Array(8)
          .fill(t)
          .map((x, i) => `${x} ${i}`),
      ),
    });
    const { attributes: found } = readAttributes(rows, typeColumns(rows));
    const of = (name: string) => found.find((attribute) => attribute.name === name);
    expect(of('colour')).toMatchObject({ source: 'words', values: ['blue', 'red'] });
    expect(of('type')).toMatchObject({ values: ['dress', 'shirt', 't-shirt'] });
    expect(of('pattern')).toMatchObject({ values: ['', 'checked', 'striped'] });
    // Few categories: words that come back are attributes too.
    expect(of('nike')).toMatchObject({ values: ['', 'nike'] });
  });

  it('a column of another language translates and is none of its own', () => {
    const rows = rowsOf({ colour: ['red', 'blue'], colour_de: ['rot', 'blau'], kind: ['a', 'a', 'b', 'b'] });
    const { attributes: found } = readAttributes(rows, typeColumns(rows));
    expect(found.map(({ name }) => name)).toEqual(['colour', 'kind']);
    expect(found[0]?.translations.get('de')).toEqual(
      new Map([
        ['red', 'rot'],
        ['blue', 'blau'],
      ]),
    );
  });

  it('spellings of one value are one value, and brands keep their plural', () => {
    const type = ['Dress', 'dresses', 'DRESS', ' dress ', 'T-shirt', 'T shirts', 'tshirt', 'T-shirt'];
    const rows = rowsOf({ type, tags: ['Boot|heels', 'boots|heel', 'boots', 'heels'], brand: ['Levi', 'Levis'] });
    const { attributes: found } = readAttributes(rows, typeColumns(rows));
    expect(found.map((attribute) => 'values' in attribute && attribute.values)).toEqual([
      ['dress', 't-shirt'],
      ['boots', 'heels'],
      ['levi', 'levis'],
    ]);
    expect(found[1]?.of[0]).toEqual([0, 1]);
  });

  it('a column of yes and no is whether something is there', () => {
    const rows = rowsOf({ has_belt: ['yes', 'no', ''], hooded: [true, false] });
    expect(
      readAttributes(rows, typeColumns(rows)).attributes.map((attribute) => 'values' in attribute && attribute.values),
    ).toEqual([
      ['', 'belt'],
      ['', 'hooded'],
    ]);
  });

  it('fields choose, and one that is not there is named', () => {
    const rows = rowsOf({ colour: ['red', 'blue'], kind: ['a', 'a', 'b', 'b'] });
    expect(readAttributes(rows, typeColumns(rows), { fields: ['kind'] }).attributes.map(({ name }) => name)).toEqual(['kind']);
    expect(() => readAttributes(rows, typeColumns(rows), { fields: ['color'] })).toThrow(
      'no column "color". Did you mean "colour"?',
    );
  });
});
