import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AsyncBuffer } from 'hyparquet';
import { parquetMetadataAsync } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LimnError } from '../../../core/errors.js';
import { Random } from '../../../core/random.js';
import { parquetFile } from '../testing/parquet-file.js';
import { checkParquet } from './parquet-checks.js';
import { parquetRows } from './parquet-rows.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-parquet-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const whole = () =>
  parquetFile([
    { name: 'path', type: 'text', values: Array.from({ length: 40 }, (_, i) => `${i}.jpg`) },
    { name: 'price', type: 'double', values: Array.from({ length: 40 }, (_, i) => i / 4) },
  ]);

async function outcome(bytes: Uint8Array): Promise<number | LimnError> {
  const file = join(folder, 'list.parquet');
  await writeFile(file, bytes);
  let rows = 0;
  try {
    for await (const _ of parquetRows(file)) rows++;
    return rows;
  } catch (error) {
    return error as LimnError;
  }
}

async function checked(bytes: Uint8Array): Promise<unknown> {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const file: AsyncBuffer = { byteLength: buffer.byteLength, slice: async (start, end) => buffer.slice(start, end) };
  return parquetMetadataAsync(file, { geoparquet: false }).then((metadata) => checkParquet(file, metadata));
}

describe('Parquet files of strangers', () => {
  it('give their rows, or one error that names the file', async () => {
    expect(await outcome(whole())).toBe(40);
    const random = new Random(7);
    let refused = 0;
    for (let i = 0; i < 25; i++) {
      const bytes = Buffer.from(whole());
      for (let k = 0; k <= i % 4; k++) bytes[random.below(bytes.length)] = random.below(256);
      const found = await outcome(bytes);
      if (typeof found === 'number') continue;
      refused++;
      expect(LimnError.isInstance(found), String(found)).toBe(true);
      expect(found.code).toMatch(/^(DATA|IO)$/);
      expect(found.message).toMatch(/^Cannot read the list \S+list\.parquet: [^\n]+; is it a whole Parquet file\?$/);
      expect(found.message).not.toMatch(/Cannot read properties|typed array|not a function/);
    }
    expect(refused).toBeGreaterThan(5);
  });

  it('cannot promise more than their bytes can hold', async () => {
    expect(await checked(whole())).toEqual(['path', 'price']);
    const file = Buffer.from(whole());
    // The count of rows: field 3 of the footer, a zigzag varint, behind the schema.
    const place = file.indexOf(Buffer.from([0x16, 80]), file.indexOf('schema'));
    file[place + 1] = 82;
    await expect(checked(file)).rejects.toThrow('it claims 41 rows, and its row groups have 40');
  });

  it('are missing, empty or something else', async () => {
    expect(await outcome(new Uint8Array(0))).toMatchObject({ code: 'DATA' });
    expect(await outcome(Buffer.from('path,price\na.jpg,3\n'))).toMatchObject({ code: 'DATA' });
    const missing = (async () => {
      for await (const _ of parquetRows(join(folder, 'none.parquet'))) expect.unreachable();
    })();
    await expect(missing).rejects.toMatchObject({ code: 'IO' });
  });

  it('stop being read when nobody wants more rows', async () => {
    const file = join(folder, 'long.parquet');
    const values = Array.from({ length: 9000 }, (_, i) => `${i}.jpg`);
    await writeFile(file, parquetFile([{ name: 'path', type: 'text', values }]));
    for await (const { values: first, place } of parquetRows(file)) {
      expect([first, place]).toEqual([{ path: '0.jpg' }, `${file} row 1`]);
      break;
    }
  });
});
