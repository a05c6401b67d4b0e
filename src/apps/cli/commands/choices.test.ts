import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Choice } from '../../../search/choices/choice.js';
import { appendChoices, readChoices } from '../../../search/choices/choice-files.js';
import { madeChoice } from '../../../search/choices/testing/made-choice.js';
import { runProgram } from '../program.js';

let folder: string;
let out = '';
let error = '';

const one = (day: string, changes: Partial<Choice> = {}) => madeChoice({ day, ...changes });

beforeEach(async () => {
  [out, error] = ['', ''];
  const into = (take: (text: string) => void) => (text: unknown) => {
    take(String(text));
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(into((text) => (out += text)));
  vi.spyOn(process.stderr, 'write').mockImplementation(into((text) => (error += text)));
  folder = await mkdtemp(join(tmpdir(), 'limn-choices-command-'));
  await appendChoices(folder, [
    one('2026-01-01'),
    one('2026-02-01', { references: [], otherReferences: 1 }),
    one('2026-03-01', { chosen: 'c.jpg', references: ['z.jpg'] }),
  ]);
});
afterEach(async () => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
  await rm(folder, { recursive: true, force: true });
});

const choices = (...words: string[]) => runProgram(['choices', folder, ...words]);

it('counts and shows what is kept', async () => {
  expect(await choices()).toBe(0);
  expect(out).toBe('3 choices from 2026-01-01 to 2026-03-01. 2 can be learned from; the others cannot:\n  1: own image\n');
  out = '';
  expect(await choices('--show', '--json')).toBe(0);
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual((await readChoices(folder)).choices);
  out = '';
  expect(await choices('--show')).toBe(0);
  expect(out.split('\n')[0]).toBe('"2026-01-01"  "shop"  "a.jpg"  "in red"  "b.jpg (number 1)"');
});

it('deletes by item, by day, and all', async () => {
  expect(await choices('--delete-item', 'z.jpg')).toBe(0);
  expect(out).toBe(`Deleted 1 choice; 2 left in ${folder}.\n`);
  out = '';
  expect(await choices('--delete-before', '2026-02-01', '--json')).toBe(0);
  expect(JSON.parse(out)).toEqual({ deleted: 1, left: 1 });
  expect(await choices('--delete-all')).toBe(0);
  expect(await readdir(folder)).toEqual([]);
  out = '';
  expect(await choices()).toBe(0);
  expect(out).toBe(`${folder} has no choices.\n`);
});

it('refuses two ways at once, days that are none, and folders that are not there', async () => {
  expect(await choices('--delete-all', '--delete-item', 'a.jpg')).toBe(2);
  expect(await choices('--delete-before', '2026-13-45')).toBe(2);
  expect(error).toContain('is not a day: write it as 2026-01-31');
  expect((await readChoices(folder)).choices).toHaveLength(3);
  expect(await runProgram(['choices', join(folder, 'none')])).toBe(1);
  expect(error).toContain('"limn serve --keep-choices" makes one');
});
