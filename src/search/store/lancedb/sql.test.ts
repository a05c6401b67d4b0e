import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseFilter } from '../filter-parse.js';
import { isStorable } from '../text.js';
import { lanceLocation } from './location.js';
import { importLance } from './peer.js';
import { columnOf, filterSql, textLiteral } from './sql.js';

describe('filterSql', () => {
  it('names nulls where they are to match, and leaves out columns that there are not', () => {
    const columns = new Set(['text_a', 'number_a', 'flag_b']);
    const sql = (filter: string) => filterSql(parseFilter(filter), columns);
    expect(sql("a = 'x'")).toBe("`text_a` = 'x'");
    expect(sql("not a = 'x'")).toBe("(`text_a` IS NULL OR `text_a` != 'x')");
    expect(sql('a >= 5 and not (a < 1e21 or b = true)')).toBe(
      '(`number_a` >= 5e0 AND ((`number_a` IS NULL OR `number_a` >= 1e21) AND (`flag_b` IS NULL OR `flag_b` != 1)))',
    );
    expect(sql('c = 1 or not c = 1')).toBe('(false OR true)');
    expect(sql('a = null')).toBe('(`text_a` IS NULL AND `number_a` IS NULL)');
    expect(sql('not a = null')).toBe('(`text_a` IS NOT NULL OR `number_a` IS NOT NULL)');
    expect(sql("a in ('x', 2, null, true)")).toBe(
      "(`text_a` IN ('x') OR `number_a` IN (2e0) OR (`text_a` IS NULL AND `number_a` IS NULL))",
    );
    expect(sql("a contains 'O''Ro'")).toBe("contains(replace(lower(`text_a`), 'ς', 'σ'), 'o''ro')");
    expect(() => columnOf('text', 'a` = 1 or `b')).toThrow('is not a valid field');
  });
});

describe('textLiteral', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'limn-literal-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  it('is that text and nothing else to LanceDB, whatever it is', async () => {
    const { lance, arrow } = await importLance();
    const schema = new arrow.Schema([new arrow.Field('x', new arrow.Utf8(), false)]);
    const connection = await lance.connect(root);
    const special = fc.constantFrom(
      "'",
      "''",
      '\\',
      "\\'",
      '"',
      '`',
      '--',
      '/*',
      ';',
      '\n',
      '%',
      '_',
      '$1',
      '?',
      '\u2019',
      '😀',
      'x',
    );
    const text = fc
      .oneof(
        fc.array(special).map((parts) => parts.join('')),
        fc.string({ unit: 'binary' }),
      )
      .filter(isStorable);
    const texts = [...new Set(fc.sample(text, { seed: 3, numRuns: 40 }))];
    const table = await connection.createEmptyTable('t', schema);
    await table.add(new arrow.Table(schema, { x: arrow.vectorFromArray(texts, new arrow.Utf8()) }) as never);
    for (const one of texts) {
      const rows = await table
        .query()
        .where(`x = ${textLiteral(one)}`)
        .toArray();
      expect(rows.map(({ x }) => x)).toEqual([one]);
    }
    expect(await table.countRows(`x IN (${texts.map(textLiteral).join(', ')})`)).toBe(texts.length);
    connection.close();
  });

  it('refuses what no database holds', () => {
    expect(() => textLiteral('a\0b')).toThrow('has a NUL');
    expect(() => textLiteral('\ud800')).toThrow('half of a surrogate pair');
  });
});

it('lanceLocation reads the table from the location', () => {
  expect(lanceLocation('lancedb:a/b')).toEqual({ uri: 'a/b', table: 'gallery' });
  expect(lanceLocation('s3://bucket/x?gallery=shop-2')).toEqual({ uri: 's3://bucket/x', table: 'shop-2' });
  expect(lanceLocation('a?b')).toEqual({ uri: 'a?b', table: 'gallery' });
  expect(() => lanceLocation('db://x?gallery=../y')).toThrow('is not a valid gallery name');
  expect(() => lanceLocation('lancedb:')).toThrow('names no folder');
});
