import { mkdtemp, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ContentMemo } from './content-memo.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-memo-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const hash = 'a'.repeat(64);
const old = { size: 7, mtimeMs: 1e12, ctimeMs: 1e12, ino: 5 };

it('knows a file only while size, times and inode are what they were', async () => {
  const memo = await ContentMemo.open(join(folder, 'memo'));
  memo.set('/a.jpg', old, hash);
  await memo.save();
  const again = await ContentMemo.open(join(folder, 'memo'));
  expect(again.get('/a.jpg', old)).toBe(hash);
  for (const change of [{ size: 8 }, { mtimeMs: 1e12 + 1 }, { ctimeMs: 1e12 + 1 }, { ino: 6 }]) {
    expect(again.get('/a.jpg', { ...old, ...change })).toBeUndefined();
  }
});

it('remembers nothing of files that have just changed, and reads no lines of another form', async () => {
  const memo = await ContentMemo.open(join(folder, 'fresh'));
  memo.set('/a.jpg', { ...old, ctimeMs: Date.now() }, hash);
  expect(memo.get('/a.jpg', { ...old, ctimeMs: Date.now() })).toBeUndefined();
  await writeFile(join(folder, 'old'), `${JSON.stringify(['/a.jpg', 7, 1e12, hash])}\nnull\n{"torn`);
  expect((await ContentMemo.open(join(folder, 'old'))).get('/a.jpg', old)).toBeUndefined();
});

it.skipIf(process.platform === 'win32')('sees another content of the same size and time of modification', async () => {
  const path = join(folder, 'picture.jpg');
  const time = new Date(1e12);
  await writeFile(path, 'content');
  await utimes(path, time, time);
  const before = await stat(path);
  await writeFile(path, 'CONTENT');
  await utimes(path, time, time);
  const written = await stat(path);
  await writeFile(`${path}.new`, 'third!!');
  await utimes(`${path}.new`, time, time);
  await rename(`${path}.new`, path);
  const moved = await stat(path);
  expect([before, written, moved].map(({ size, mtimeMs }) => [size, mtimeMs])).toEqual(Array(3).fill([7, 1e12]));
  expect(await readFile(path, 'utf8')).toBe('third!!');
  const memo = await ContentMemo.open(join(folder, 'memo-3'));
  // As if it had been read long ago.
  const settled = { ...before, ctimeMs: 1e12 };
  memo.set(path, settled, hash);
  expect(memo.get(path, settled)).toBe(hash);
  expect([memo.get(path, written), memo.get(path, moved)]).toEqual([undefined, undefined]);
});
