import { describe, expect, it } from 'vitest';
import { checkFilter } from './filter-check.js';
import { matcherOf } from './filter-match.js';
import { parseFilter } from './filter-parse.js';
import type { ItemMetadata } from './metadata.js';
import { compareText, foldCase } from './text.js';

const items: ItemMetadata[] = [
  { colour: 'red', price: 20, on_sale: false, brand: 'a', name: 'Long DRESS', material: 'silk' },
  { colour: 'red', price: 80, on_sale: true, brand: 'b', name: 'Skirt', material: null },
  { colour: 'blue', price: 20, brand: 'a', name: 'maxi dress' },
  { colour: 7, price: '20' },
  {},
];
const found = (filter: string) => Array.from(items.keys()).filter((i) => matcherOf(parseFilter(filter))(items[i]!));

describe('parseFilter', () => {
  it.each([
    ["colour = 'red'", [0, 1]],
    ["colour != 'red'", [2]],
    ["not colour = 'red'", [2, 3, 4]],
    ['price = 20', [0, 2]],
    ['price < 50 AND Colour = null', [0, 2]],
    ["colour > 'blue'", [0, 1]],
    ['price >= 20 and price <= 80', [0, 1, 2]],
    ['material = null', [1, 2, 3, 4]],
    ['material != null', [0]],
    ['on_sale = true', [1]],
    ['on_sale != true', [0]],
    ["brand in ('a', 'b') and not name contains 'SKIRT'", [0, 2]],
    ["brand not in ('a')", [1, 3, 4]],
    ['brand in (null, 3)', [3, 4]],
    ["name contains 'dress'", [0, 2]],
    ["name not contains ''", [3, 4]],
    ["colour = 'blue' or colour = 'red' and price > 50", [1, 2]],
    ["(colour = 'blue' or colour = 'red') and price > 50", [1]],
    ['not not price = 2e1', [0, 2]],
    ['constructor = null and __proto__ = null', [0, 1, 2, 3, 4]],
    ["colour = 'r''ed'", []],
    ['price > -.5', [0, 1, 2]],
  ])('%s', (filter, expected) => {
    expect(found(filter)).toEqual(expected);
  });

  it('binds not before and, and before or', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((field) => ({ kind: 'compare', field, comparison: '=', value: 1 }));
    expect(parseFilter('not a = 1 and b = 1 or c = 1')).toEqual({
      kind: 'or',
      filters: [{ kind: 'and', filters: [{ kind: 'not', filter: a }, b] }, c],
    });
  });

  it.each([
    ['', 'wrong at character 1: expected a field, "not" or "(", found the end.'],
    ['colour', 'wrong at character 7: expected =, !=, <, <=, >, >=, "in" or "contains", found the end.'],
    ['colour = red', 'wrong at character 10: expected a value, found "red"; put texts between \' and \'.'],
    ['colour = "red"', "wrong at character 10: \" quotes nothing; put texts between ' and '."],
    ["colour = 'red", "wrong at character 10: the text that starts here has no end; close it with ' and write '' for a ' in it."],
    ['price == 3', 'wrong at character 8: expected a value'],
    ['price = 3 price = 4', 'wrong at character 11: expected "and", "or" or the end, found "price".'],
    ['(price = 3', 'wrong at character 11: expected "and", "or" or ")", found the end.'],
    ['price in 3', 'wrong at character 10: expected "(", found "3".'],
    ['price in (3 4)', 'wrong at character 13: expected "," or ")", found "4".'],
    ['price in ()', 'wrong at character 11: expected a value'],
    ['price < true', 'wrong at character 9: true can only be compared with = and !=.'],
    ['price >= null', 'wrong at character 10: null can only be compared with = and !=.'],
    ['name contains 3', 'wrong at character 15: expected a text between \' and \', found "3".'],
    ['price = 1e999', 'wrong at character 9: 1e999 is too large for a number.'],
    ['price; drop', 'wrong at character 6: ";" means nothing here.'],
    ['price = 3 -- x', 'wrong at character 11: "-" means nothing here.'],
    ['😀 = 3', 'wrong at character 1: "😀" means nothing here.'],
    ['and = 3', 'wrong at character 1: expected a field'],
    [`${'a'.repeat(65)} = 3`, 'wrong at character 1: a field has at most 64 characters.'],
    [`${'('.repeat(50)}a = 1${')'.repeat(50)}`, 'wrong at character 18: it is nested deeper than 16.'],
    [`${'not '.repeat(1000)}a = 1`, 'it is nested deeper than 16.'],
    [`a = '${'x'.repeat(4096)}'`, 'The filter has 4102 characters; at most 4096 are read.'],
    [`a in (${'1,'.repeat(1100)}1)`, 'it has more than 1000 parts and values.'],
    ["a = 'x\0'", 'a text in it has a NUL'],
  ])('%s is wrong', (filter, message) => {
    expect(() => parseFilter(filter)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) }),
    );
  });
});

it('a filter that a program built is checked too', () => {
  const wrong = (filter: unknown, message: string) => expect(() => checkFilter(filter as never)).toThrow(message);
  wrong({ kind: 'compare', field: "x' or 1=1 --", comparison: '=', value: 1 }, 'is not a valid field');
  wrong({ kind: 'compare', field: 'x', comparison: '= 1 or 1', value: 1 }, 'is not a comparison');
  wrong({ kind: 'compare', field: 'x', comparison: '<', value: null }, 'can only be compared');
  wrong({ kind: 'compare', field: 'x', comparison: '=', value: Number.NaN }, 'neither a text');
  wrong({ kind: 'compare', field: 'x', comparison: '=', value: { toString: () => '1' } }, 'neither a text');
  wrong({ kind: 'contains', field: 'x', text: 3 }, 'needs a text');
  wrong({ kind: 'sql' }, 'is not a kind of filter');
});

it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf'])('takes the word %s for no value', (word) => {
  for (const filter of [`x = ${word}`, `x in (${word})`, `x != ${word.toUpperCase()}`]) {
    expect(() => parseFilter(filter)).toThrow(
      /^The filter is wrong at character \d+: expected a value, found "\w+"; put texts between ' and '\.$/,
    );
  }
  expect(matcherOf(parseFilter(`${word} != null`))({})).toBe(false);
});

it('orders texts by code points, and folds case in all scripts', () => {
  const texts = ['a', 'b', 'z', '\ud7ff', '\ue000', '\uff01', '😀', '😀a', '\u{10ffff}'];
  for (const [i, a] of texts.entries()) {
    for (const [j, b] of texts.entries()) {
      expect(Math.sign(compareText(a, b))).toBe(Math.sign(i - j));
      expect(Math.sign(compareText(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }
  }
  expect(foldCase('ΣΊΣΥΦΟΣ')).toBe(foldCase('σίσυφος'));
  expect(foldCase('ÄÖ')).toBe('äö');
});
