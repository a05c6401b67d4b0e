import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDelimited } from './delimited.js';

async function* pieces(text: string, size: number) {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

const records = async (text: string, size = text.length || 1) => {
  const all: { fields: string[]; line: number }[] = [];
  for await (const record of readDelimited(pieces(text, size), 'list.csv')) all.push(record);
  return all;
};
const fields = async (text: string, size?: number) => (await records(text, size)).map((record) => record.fields);

describe('readDelimited', () => {
  it('reads what RFC 4180 says, and every kind of line end', async () => {
    expect(await fields('a,b\r\nc,d\r\n')).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(await fields('a,b\nc,d\re,f')).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f'],
    ]);
    expect(await fields('"a ""b"", c","d\r\ne",\n')).toEqual([['a "b", c', 'd\r\ne', '']]);
    expect(await fields('\uFEFFa,""\n\n\nb,c"d\n')).toEqual([
      ['a', ''],
      ['b', 'c"d'],
    ]);
    expect(await fields('')).toEqual([]);
    expect(await fields('""')).toEqual([['']]);
    expect(await fields(',\n')).toEqual([['', '']]);
  });

  it('says on which line a record starts', async () => {
    expect((await records('a\n"b\nc"\r\n\nd')).map(({ line }) => line)).toEqual([1, 2, 5]);
  });

  it('refuses quotes that are not closed, or have something behind them', async () => {
    await expect(fields('a\n"b\nc')).rejects.toThrow(/^list\.csv line 2: the quote is never closed/);
    await expect(fields('"a"b')).rejects.toThrow('line 1: "b" stands behind a closing quote');
  });

  it('gives back whatever was written, cut into pieces of any size', async () => {
    const value = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é') });
    const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const table = fc.array(fc.array(value, { minLength: 1, maxLength: 4 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(table, fc.integer({ min: 1, max: 5 }), async (rows, size) => {
        const text = rows.map((row) => `${row.map(quote).join(',')}\r\n`).join('');
        expect(await fields(text, size)).toEqual(rows);
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});
