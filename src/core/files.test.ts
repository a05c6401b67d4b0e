import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeFolder } from './files.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-files-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

it('makes a folder with those above it, also where many make their parts at once', async () => {
  for (let round = 0; round < 60; round++) {
    const folders = Array.from({ length: 12 }, (_, i) => join(root, `${round}`, 'a', 'b', `${i % 4}`, `${i}`));
    await Promise.all(folders.map(makeFolder));
    for (const folder of folders) expect((await stat(folder)).isDirectory()).toBe(true);
  }
});

it('refuses a folder below a file', async () => {
  await writeFile(join(root, 'file'), '');
  await expect(makeFolder(join(root, 'file', 'a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(makeFolder(join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
});
