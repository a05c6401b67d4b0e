import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { takeLock } from './lock.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-lock-'));
});
afterAll(() => rm(folder, { recursive: true }));

const holdBy = async (name: string, holder: unknown) => {
  const path = join(folder, name);
  await writeFile(path, typeof holder === 'string' ? holder : JSON.stringify(holder));
  return path;
};

test('one holder at a time, and nothing left behind', async () => {
  const path = join(folder, 'mine');
  const lock = await takeLock(path);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ pid: process.pid, host: hostname() });
  expect(await takeLock(path)).toBeUndefined();
  await lock?.release();
  expect(await readdir(folder)).toEqual([]);
  await (await takeLock(path))?.release();
});

test('of many takers at once in one process one gets it', async () => {
  const path = join(folder, 'many');
  const locks = await Promise.all(Array.from({ length: 20 }, () => takeLock(path)));
  const taken = locks.filter((lock) => lock !== undefined);
  expect(taken).toHaveLength(1);
  await taken[0]?.release();
  expect(await readdir(folder)).toEqual([]);
});

test('the lock of a dead process, one cut short, and one from before a restart are taken over', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  const stale = [{ pid, host: hostname() }, '', '{"pid":', { pid: process.pid, host: hostname() }];
  for (const [at, holder] of stale.entries()) {
    const path = await holdBy(`stale${at}`, holder);
    const lock = await takeLock(path);
    expect(lock, JSON.stringify(holder)).toBeDefined();
    await lock?.release();
  }
  expect(await readdir(folder)).toEqual([]);
});

test('the lock of a living process, or of another machine, is respected', async () => {
  const living = await holdBy('living', { pid: process.ppid, host: hostname() });
  expect(await takeLock(living)).toBeUndefined();
  const elsewhere = await holdBy('elsewhere', { pid: 1, host: 'another-machine' });
  expect(await takeLock(elsewhere)).toBeUndefined();
  expect(await readdir(folder)).toEqual(['elsewhere', 'living']);
});
