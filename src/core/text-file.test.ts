import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LimnError } from './errors.js';
import { readJson } from './files.js';
import { OutsideText } from './text-decoder.js';
import { decodeText, readLines, readText, streamText } from './text-file.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-text-'));
});
afterAll(() => rm(folder, { recursive: true }));

const swapped = (bytes: Buffer) => Buffer.from(bytes).swap16();
/** A text as files hold it, by the encoding's name. */
const encodings: Record<string, (text: string) => Buffer> = {
  'UTF-8': (text) => Buffer.from(text),
  'UTF-8 with a mark': (text) => Buffer.from(`\uFEFF${text}`),
  'UTF-16LE with a mark': (text) => Buffer.from(`\uFEFF${text}`, 'utf16le'),
  'UTF-16BE with a mark': (text) => swapped(Buffer.from(`\uFEFF${text}`, 'utf16le')),
  'UTF-16LE': (text) => Buffer.from(text, 'utf16le'),
  'UTF-16BE': (text) => swapped(Buffer.from(text, 'utf16le')),
};

function errorOf(bytes: Uint8Array, step = bytes.length || 1): LimnError {
  try {
    inSteps(bytes, step);
  } catch (error) {
    if (LimnError.isInstance(error)) return error;
    throw error;
  }
  throw new Error('decoded without an error');
}

function inSteps(bytes: Uint8Array, step: number): string {
  const text = new OutsideText('a.csv');
  let read = '';
  for (let at = 0; at < bytes.length; at += step) read += text.push(bytes.subarray(at, at + step));
  return read + text.end();
}

const all = async <T>(items: AsyncIterable<T>) => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};

describe('text from outside', () => {
  const text = '[{"id": "kleid-grün", "note": "größer 👗\u2028 裙子"}]\r\n'.repeat(60);

  for (const [name, encode] of Object.entries(encodings)) {
    it(`is read in ${name}, whole and in pieces`, async () => {
      expect(decodeText(encode(text), 'a.csv')).toBe(text);
      for (const step of [1, 2, 3, 5, 64, 1023, 1024, 1025]) expect(inSteps(encode(text), step)).toBe(text);
      expect(decodeText(encode('ab'), 'a.csv')).toBe('ab');
      const file = join(folder, 'text');
      await writeFile(file, encode(text));
      expect(await readText(file, 'a text')).toBe(text);
      expect((await all(streamText(file, 'a text'))).join('')).toBe(text);
      expect(await all(readLines(file, 'a text'))).toEqual(text.slice(0, -2).split('\r\n'));
      await writeFile(file, encode(JSON.stringify({ größe: 1 })));
      expect(await readJson(file, 'a config')).toEqual({ größe: 1 });
    });
  }

  it('takes one mark away, and an empty file for an empty text', () => {
    expect(decodeText(encodings['UTF-8']!('\uFEFF\uFEFFa'), 'a')).toBe('\uFEFFa');
    for (const empty of ['', '\uFEFF']) expect(decodeText(Buffer.from(empty), 'a')).toBe('');
  });

  it('ends lines at line feeds alone, in whatever pieces they come', async () => {
    const file = join(folder, 'lines');
    const lines = Array.from({ length: 3000 }, (_, i) => (i % 7 === 0 ? '' : `${i} \u2028\u0085 ${'x'.repeat(i % 500)}`));
    await writeFile(file, `${lines.join('\r\n')}\r\nlast`);
    expect(await all(readLines(file, 'lines'))).toEqual([...lines, 'last']);
    await writeFile(file, 'a\n\nb\n');
    expect(await all(readLines(file, 'lines'))).toEqual(['a', '', 'b']);
    await writeFile(file, '');
    expect(await all(readLines(file, 'lines'))).toEqual([]);
  });

  it('names the line and the byte of what is Latin-1, and says what to do', () => {
    const bytes = Buffer.from(`path,note\n${'a.jpg,red\n'.repeat(300)}b.jpg,robe brod\xe9e\nc.jpg,x\n`, 'latin1');
    for (const step of [bytes.length, 1, 7, 1024]) {
      const error = errorOf(bytes, step);
      expect(error.code).toBe('DATA');
      expect(error.message).toContain(`a.csv is not UTF-8 in line 302 (byte ${bytes.indexOf(0xe9) + 1} of the file)`);
      expect(error.message).toContain('Save it as UTF-8');
      expect(error.details).toMatchObject({ line: 302, byte: bytes.indexOf(0xe9) });
    }
    expect(errorOf(bytes).message).toContain('Latin-1 or Windows-1252 ("brod\u00e9e")');
  });

  it('guesses no encoding where it cannot be known', () => {
    expect(errorOf(Buffer.from('837e8358835e815b', 'hex')).message).toContain('in another encoding');
    expect(errorOf(Buffer.from('PAR1\x15\x04\x15\xff\x00\x80', 'latin1')).message).toContain('binary file');
    expect(errorOf(Buffer.from('größer 👗').subarray(0, -1)).message).toContain('ends in the middle of a character');
    expect(errorOf(Buffer.from('\uFEFFab', 'utf16le').subarray(0, -1)).message).toContain('not UTF-16 in line 1 (byte 5');
    expect(errorOf(Buffer.from('\uFEFFa\n\ud83d b', 'utf16le')).message).toContain('not UTF-16 in line 2 (byte 7');
    expect(errorOf(Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0])).message).toContain('UTF-32');
  });

  it('tells right from wrong as the platform does, byte for byte and in any pieces', () => {
    const mostlyText = fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.array(fc.constantFrom(0x61, 0x0a, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x91, 0x97, 0xed, 0xa0, 0xf4, 0x90), {
        maxLength: 12,
      }),
    );
    fc.assert(
      fc.property(mostlyText, fc.integer({ min: 1, max: 5 }), (values, step) => {
        // With letters before it nothing is UTF-16, and there is no mark.
        const bytes = Buffer.concat([Buffer.from('a'.repeat(1100)), Uint8Array.from(values)]);
        let wanted: string | undefined;
        try {
          wanted = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
        } catch {}
        if (wanted !== undefined) expect(inSteps(bytes, step)).toBe(wanted);
        else {
          const found = errorOf(bytes, step).details.byte as number;
          expect(() => new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, found))).not.toThrow();
          expect(errorOf(bytes).details.byte).toBe(found);
        }
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('says which file cannot be read, and as what', async () => {
    const message = /Cannot read a list at .*absent: ENOENT/;
    await expect(readText(join(folder, 'absent'), 'a list')).rejects.toThrow(message);
    await expect(all(readLines(join(folder, 'absent'), 'a list'))).rejects.toThrow(message);
    await expect(readText(folder, 'a list')).rejects.toThrow(/Cannot read a list at .*EISDIR/);
  });
});
