import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Random } from '../../../core/random.js';
import { ReadAhead } from './read-ahead.js';

it('gives the bytes of any places in any order, and asks for many small ones once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'limn-read-ahead-'));
  const path = join(folder, 'file');
  const random = Random.derive(1, 'read ahead');
  const whole = Buffer.from(Array.from({ length: 300_000 }, () => random.below(256)));
  await writeFile(path, whole);
  const file = await open(path, 'r');
  try {
    const end = whole.length - 100;
    const some = new ReadAhead(file, end);
    for (let i = 0; i < 500; i++) {
      const at = random.below(whole.length);
      const length = random.below(i % 5 === 0 ? 200_000 : 3000);
      const found = await some.bytes(at, length);
      expect(found.equals(whole.subarray(Math.min(at, end), Math.min(at + length, end)))).toBe(true);
    }
    let reads = 0;
    const read: typeof file.read = (...words: unknown[]) => {
      reads++;
      return Reflect.apply(file.read, file, words);
    };
    const inOrder = new ReadAhead({ read } as typeof file, whole.length);
    for (let at = 0; at < whole.length; at += 100) {
      const found = await inOrder.bytes(at, 100);
      expect(found.equals(whole.subarray(at, at + 100))).toBe(true);
      // The caller may keep and change what it is given.
      found.fill(0);
    }
    expect(reads).toBeLessThan(10);
  } finally {
    await file.close();
    await rm(folder, { recursive: true });
  }
});
