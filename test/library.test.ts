/** Runs the programs that the documentation shows, as a user of the package would: in a folder that has limn installed. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Limn } from '../src/index.js';
import { saveTinyModel } from '../src/search/gallery/testing/tiny-model.js';

const repository = resolve(import.meta.dirname, '..');
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-library-'));
  await writeFile(join(root, 'package.json'), '{ "private": true }');
  await mkdir(join(root, 'node_modules'));
  await symlink(repository, join(root, 'node_modules', 'limn'));
  await saveTinyModel(join(root, 'runs', 'my-model'));
  await saveTinyModel(join(root, 'shop', 'limn'));
  await mkdir(join(root, 'pictures'));
  for (let i = 0; i < 12; i++) {
    const background = { r: i * 20, g: 255 - i * 20, b: 90 };
    await sharp({ create: { width: 32, height: 32, channels: 3, background } })
      .png()
      .toFile(join(root, 'pictures', `${i}.png`));
  }
  await copyFile(join(root, 'pictures', '3.png'), join(root, 'a.jpg'));
  const limn = await Limn.open(join(root, 'shop', 'limn'));
  await limn.index(join(root, 'pictures'), join(root, 'shop', 'gallery'));
  await limn.close();
});

afterAll(() => rm(root, { recursive: true, force: true }));

/** The programs in the docstring of src/index.ts and in the README that import limn. */
async function shownPrograms(): Promise<string[]> {
  const source = await readFile(join(repository, 'src', 'index.ts'), 'utf8');
  const example = /@example\n([\s\S]*?)\n \*\//.exec(source)?.[1]?.replace(/^ \* ?/gm, '') ?? '';
  const file = join(repository, 'README.md');
  const readme = existsSync(file) ? await readFile(file, 'utf8') : '';
  const blocks = [...readme.matchAll(/```(?:js|ts|javascript|typescript)\n([\s\S]*?)```/g)].map((match) => match[1] as string);
  return [example, ...blocks.filter((block) => block.includes("from 'limn'"))];
}

it('the programs of the documentation find pictures, in under ten lines', async () => {
  for (const program of await shownPrograms()) {
    expect(program.split('\n').filter((line) => line.trim() !== '').length).toBeLessThan(10);
    await writeFile(join(root, 'program.mjs'), program);
    const env = { ...process.env, LIMN_HOME: join(root, 'home') };
    const printed = execFileSync(process.execPath, ['program.mjs'], { cwd: root, env, encoding: 'utf8' });
    expect(printed).toMatch(/id: '\d+\.png'/);
  }
});
