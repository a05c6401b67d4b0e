import { describe, expect, it } from 'vitest';
import type { Field } from '../api/types.js';
import { conditionsOf, fieldConditions } from './conditions.js';
import { facetsOf } from './fields.js';
import { filterText, readChoices } from './filter.js';
import { conflictIn, names, reasonIn } from './words.js';

const field = (name: string, values: Field['values'], more: Partial<Field> = {}): Field => ({
  name,
  type: 'string',
  values,
  ...more,
});
const fields = [field('colour', ['blue', 'dark blue', 'red']), field('pattern', ['dotted', 'striped'])];
const phrases = (...texts: string[]) => ({ phrases: texts.map((text) => ({ text, held: true })) });

describe('words', () => {
  it('name values in other forms, and no others', () => {
    expect([names('with blue stripes', 'striped'), names('in Dark Blue', 'dark blue'), names('dots', 'dotted')]).toEqual([
      true,
      true,
      false,
    ]);
    expect([names('in blue', 'dark blue'), names('a redder one', 'red'), names('', 'red')]).toEqual([false, false, false]);
  });

  it('conflict where two texts that hold say two values of a field', () => {
    expect(conflictIn(phrases('in red', 'striped', 'in blue'), fields)).toEqual({ field: 'colour', earlier: 0, later: 2 });
    expect(conflictIn(phrases('in red', 'striped'), fields)).toBeUndefined();
    expect(conflictIn(phrases('in red', 'red and striped'), fields)).toBeUndefined();
    const resting = {
      phrases: [
        { text: 'in red', held: false },
        { text: 'in blue', held: true },
      ],
    };
    expect(conflictIn(resting, fields)).toBeUndefined();
  });

  it('say why a hit fits', () => {
    const reference = { colour: 'red', pattern: 'striped' };
    expect(reasonIn(['in blue'], reference, { colour: 'blue', pattern: 'striped' }, fields)).toBe(
      'blue like your text, striped like your picture',
    );
    expect(reasonIn([], undefined, { colour: 'blue' }, fields)).toBeUndefined();
  });
});

describe('filters', () => {
  it('come most useful first, with what is chosen and without what tells nothing', () => {
    const counted = [
      field(
        'id',
        Array.from({ length: 90 }, (_, at) => `id${at}`),
        { counts: Array.from({ length: 90 }, () => 1) },
      ),
      field('maker', ['x'], { counts: [90] }),
      field('rare', ['a', 'b'], { counts: [2, 1] }),
      field('colour', ['blue', 'red'], { counts: [40, 50] }),
      field('price', [1, 9], { type: 'number' }),
    ];
    expect(facetsOf(counted, 90, new Map()).map(({ name }) => name)).toEqual(['colour', 'price', 'id', 'rare']);
    expect(facetsOf(counted, 90, new Map())[0]?.options).toEqual([
      { value: 'red', count: 50 },
      { value: 'blue', count: 40 },
    ]);
    expect(
      facetsOf(counted, 90, new Map([['maker', { kind: 'values' as const, values: ['x'] }]])).map(({ name }) => name),
    ).toContain('maker');
  });

  it('are taken away one by one, and say what each is', () => {
    const choices = readChoices(
      "colour in ('red', 'blue') and price >= 2 and price <= 5 and on_sale = true and name contains 'x'",
    );
    const found = conditionsOf(choices ?? new Map());
    expect(found.map(({ label }) => label)).toEqual([
      'colour: red',
      'colour: blue',
      'price 2 to 5',
      'on sale: yes',
      'name has “x”',
    ]);
    expect(filterText(found[0]?.without ?? new Map())).toBe(
      "colour = 'blue' and price >= 2 and price <= 5 and on_sale = true and name contains 'x'",
    );
    const [colour] = fieldConditions(choices ?? new Map());
    expect(colour?.label).toBe('colour: red or colour: blue');
    expect(filterText(colour?.without ?? new Map())).not.toContain('colour');
  });
});
