import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addFilter,
  allowValue,
  type Choice,
  type Choices,
  filterText,
  readChoices,
  setRange,
  setText,
  toggleValue,
} from './filter.js';

const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const value = fc.oneof(fc.string(), number, fc.boolean());
const choice: fc.Arbitrary<Choice> = fc.oneof(
  fc.uniqueArray(value, { minLength: 1, maxLength: 4 }).map((values) => ({ kind: 'values' as const, values })),
  fc.record({ kind: fc.constant('range' as const), min: number, max: number }),
  fc.uniqueArray(value, { minLength: 1, maxLength: 4 }).map((values) => ({ kind: 'except' as const, values })),
  fc.record({
    kind: fc.constant('range' as const),
    min: number,
    max: number,
    above: fc.constant(true as const),
    below: fc.constant(true as const),
  }),
  number.map((max) => ({ kind: 'range' as const, max, below: true as const })),
  number.map((min) => ({ kind: 'range' as const, min })),
  number.map((max) => ({ kind: 'range' as const, max })),
  fc.string().map((text) => ({ kind: 'text' as const, text })),
);
const anyChoices: fc.Arbitrary<Choices> = fc
  .array(fc.tuple(fc.stringMatching(/^[A-Za-z_]\w{0,8}$/), choice), { maxLength: 4 })
  .map((entries) => new Map(entries));

describe('the filter builder', () => {
  it('writes the filter language', () => {
    let choices: Choices = new Map();
    expect(filterText(choices)).toBe('');
    choices = toggleValue(choices, 'colour', 'red');
    expect(filterText(choices)).toBe("colour = 'red'");
    choices = toggleValue(choices, 'colour', "Mary's");
    choices = setRange(choices, 'price', 'max', 50);
    choices = toggleValue(choices, 'on_sale', true);
    expect(filterText(choices)).toBe("colour in ('red', 'Mary''s') and price <= 50 and on_sale = true");
    choices = setRange(choices, 'price', 'min', 10);
    choices = toggleValue(toggleValue(choices, 'colour', 'red'), 'colour', "Mary's");
    expect(filterText(choices)).toBe('price >= 10 and price <= 50 and on_sale = true');
    choices = setRange(setRange(choices, 'price', 'min', undefined), 'price', 'max', undefined);
    expect(filterText(choices)).toBe('on_sale = true');
    choices = setText(choices, 'name', "men's");
    expect(filterText(choices)).toBe("on_sale = true and name contains 'men''s'");
    expect(filterText(setText(choices, 'name', ''))).toBe('on_sale = true');
  });

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(anyChoices, (choices) => {
        const text = filterText(choices);
        const read = readChoices(text);
        expect(read).toEqual(choices);
        expect(filterText(read as Choices)).toBe(text);
      }),
    );
  });

  it('reads the same filter in other spacing and case', () => {
    expect(readChoices(" colour IN('red','blue')  AND price>=-1.5e1 ")).toEqual(
      new Map<string, Choice>([
        ['colour', { kind: 'values', values: ['red', 'blue'] }],
        ['price', { kind: 'range', min: -15 }],
      ]),
    );
  });

  it.each([
    ['', 'price < 50', 'price < 50'],
    ["colour = 'red'", 'price < 50', "colour = 'red' and price < 50"],
    ['price >= 10 and price <= 90', 'price < 50', 'price < 50'],
    ["colour = 'red'", "colour = 'blue'", "colour = 'blue'"],
    ["colour != 'red'", "colour != 'blue'", "colour != 'red' and colour != 'blue'"],
    ['a = 1 or b = 2', 'price < 50', '(a = 1 or b = 2) and price < 50'],
    ['a = 1', '(price < 20 or price > 50)', '(a = 1) and (price < 20 or price > 50)'],
    ['(a = 1) and (price < 20 or price > 50)', '(price < 20 or price > 50)', '(a = 1) and (price < 20 or price > 50)'],
  ])('%s and %s become %s', (filter, added, expected) => {
    expect(addFilter(filter, added)).toBe(expected);
    expect(addFilter(expected, added)).toBe(expected);
  });

  it('lets a value that was kept out in again, and closes the end of a range that is set', () => {
    const choices = readChoices("colour != 'red' and colour != 'blue' and price > 10 and price < 50") as Choices;
    expect(filterText(allowValue(choices, 'colour', 'red'))).toBe("colour != 'blue' and price > 10 and price < 50");
    expect(filterText(setRange(choices, 'price', 'max', 60))).toContain('price > 10 and price <= 60');
  });

  it.each([
    "colour = 'red' or colour = 'blue'",
    "not colour = 'red'",
    'price < null',
    "colour != 'red' and colour != 'red'",
    "colour != 'red' and colour = 'blue'",
    'price < 50 and price <= 50',
    'name contains 3',
    "name contains 'x' and name contains 'y'",
    "name not contains 'x'",
    "(colour = 'red')",
    "colour = 'red' and colour = 'blue'",
    'price >= 1 and price >= 2',
    "colour = 'red",
    'colour =',
    'colour in (1,',
    'colour in ()',
    'price >= x',
    'brand = null',
    '= 3',
    'a = 1 and',
    'a = 1 b = 2',
    'a = –',
  ])('leaves %s as text', (text) => {
    expect(readChoices(text)).toBeUndefined();
  });
});
