import { expect, it } from 'vitest';
import { Random } from '../../core/random.js';
import { readAttributes } from './attributes.js';
import { Differences } from './changes.js';
import { typeColumns } from './columns.js';
import { subjectOf } from './subject.js';
import type { Wording } from './wording.js';
import { writeText } from './write-text.js';

const any = { any: { says: ['ist {to}'], as: ['{to}'] } };
const german: Wording = {
  language: 'de',
  joins: [' und ', ' aber '],
  verbs: ['ist'],
  prepositions: ['in', 'ohne'],
  frames: { says: ['{text}', '{type}, {text}'], as: ['gleich, aber {text}'], asks: ['{text}'] },
  changed: {
    ...any,
    colour: { says: ['ist {to}'], as: ['in {to}'] },
    type: { says: ['ist {to}', 'ist {to} mit {kept} wie vorher'], as: ['{to}'] },
  },
  added: { ...any, frill: { as: ['gerüscht'] } },
  removed: { ...any, frill: { as: ['ohne rüschen'] } },
  more: any,
  less: any,
  values: { red: ['rot'], blue: ['blau'] },
};

const table = [
  { type: 'kleid', colour: 'red', length: 'lang', frill: 'yes' },
  { type: 'kleid', colour: 'blue', length: 'kurz', frill: 'yes' },
  { type: 'rock', colour: 'red', length: 'lang', frill: 'yes' },
  { type: 'rock', colour: 'blue', length: 'lang', frill: 'no' },
];
const rows = Array.from({ length: 16 }, (_, i) => ({ id: `${i}`, path: `${i}`, values: table[i % 4] as Record<string, string> }));
const { attributes } = readAttributes(rows, typeColumns(rows));

function texts(reference: number, target: number): Set<string> {
  const changes = new Differences(attributes).changes(reference, target);
  const random = new Random(2);
  const subject = subjectOf(attributes, { reference, target, changes });
  return new Set(Array.from({ length: 300 }, () => writeText(random.shuffle(changes), german, random, subject)));
}

it('a language says shared verbs once, and phrases with prepositions last', () => {
  const found = texts(0, 1);
  expect(found).toContain('ist blau und kurz');
  expect(found).toContain('ist blau und ist kurz');
  expect(found).toContain('gleich, aber kurz und in blau');
  for (const text of found) {
    expect(text).not.toMatch(/^gleich, aber in blau/);
    // "aber" is in the frame.
    expect(text).not.toMatch(/aber.*aber/);
  }
});

it('the type is named where it stays, and what stays where it changes alone', () => {
  expect([...texts(0, 1)].some((text) => text.startsWith('kleid, ist '))).toBe(true);
  expect(texts(0, 2)).toContain('ist rock mit colour wie vorher');
  for (const text of texts(0, 2)) expect(text).not.toMatch(/^rock,/);
  for (const text of texts(0, 3)) expect(text).not.toMatch(/wie vorher|^rock,/);
});

it('a column has words of its own by its name', () => {
  const found = [...texts(2, 3)];
  expect(found.some((text) => text.endsWith('ohne rüschen'))).toBe(true);
  for (const text of found) expect(text).not.toMatch(/frill/);
});
