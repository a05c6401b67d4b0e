import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { onFullDisk } from '../../core/testing/failing-disk.js';
import { type Choice, namesItem, unusable } from './choice.js';
import { appendChoices, deleteChoices, readChoices } from './choice-files.js';
import { ChoiceKeeper } from './choice-keeper.js';
import { madeChoice as one } from './testing/made-choice.js';

let folder: string;
const newest = () => join(folder, 'choices.jsonl');
const read = async () => (await readChoices(folder)).choices;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-choices-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('choices on disk', () => {
  it('are read as they were written, for their owner alone', async () => {
    expect(await readChoices(folder)).toEqual({ choices: [], damaged: 0, torn: false });
    const choices = [one(), one({ texts: ['línea\n"x"'], filter: "a = 'b'", turn: 3 })];
    await appendChoices(folder, [choices[0] as Choice]);
    await appendChoices(folder, [choices[1] as Choice]);
    expect(await readChoices(folder)).toEqual({ choices, damaged: 0, torn: false });
    if (process.platform !== 'win32') expect((await stat(newest())).mode & 0o077).toBe(0);
    await expect(readChoices(join(folder, 'none'))).rejects.toMatchObject({ code: 'IO' });
  });

  it('lose no more than the line that a kill has cut off, which is counted and dropped', async () => {
    await appendChoices(folder, [one(), one({ chosen: 'c.jpg' })]);
    const whole = await readFile(newest(), 'utf8');
    const first = whole.indexOf('\n') + 1;
    for (let cut = first; cut < whole.length; cut += 37) {
      await writeFile(newest(), whole.slice(0, cut));
      expect(await readChoices(folder)).toEqual({ choices: [one()], damaged: 0, torn: cut > first });
      await appendChoices(folder, [one({ texts: ['next'] })]);
      expect((await readChoices(folder)).torn).toBe(false);
      expect((await read()).map(({ texts }) => texts[0])).toEqual(['in red', 'next']);
    }
  });

  it('that are damaged are counted, and go with the next deletion', async () => {
    await appendChoices(folder, [one(), one({ chosen: 'c.jpg' })]);
    const text = await readFile(newest(), 'utf8');
    await writeFile(newest(), text.replace('in red', 'in rod'));
    await appendFile(newest(), `{"format":"limn-choice-1"}\n\n`);
    expect(await readChoices(folder)).toMatchObject({ choices: [{ chosen: 'c.jpg' }], damaged: 3 });
    expect(await deleteChoices(folder, () => false)).toEqual({ deleted: 0, left: 1 });
    expect(await readChoices(folder)).toMatchObject({ choices: [{ chosen: 'c.jpg' }], damaged: 0 });
  });

  it('take a bounded place: the older half goes first', async () => {
    const size = JSON.stringify(one()).length + 30;
    for (let i = 0; i < 40; i++) await appendChoices(folder, [one({ turn: i + 1 })], 10 * size);
    const turns = (await read()).map(({ turn }) => turn as number);
    expect(turns.length).toBeGreaterThanOrEqual(4);
    expect(turns.length).toBeLessThanOrEqual(10);
    expect(turns).toEqual([...turns.keys()].map((i) => 40 - turns.length + 1 + i));
  });

  it('are deleted by item and by day, in both files, while others are written', async () => {
    const size = JSON.stringify(one()).length + 30;
    for (let i = 0; i < 6; i++) await appendChoices(folder, [one({ day: `2026-11-0${i + 1}` })], 8 * size);
    expect((await readdir(folder)).sort()).toEqual(['choices.1.jsonl', 'choices.jsonl']);
    const [deleted] = await Promise.all([
      deleteChoices(folder, ({ day }) => day < '2026-11-03'),
      appendChoices(folder, [one({ references: ['z.jpg'] })]),
    ]);
    expect(deleted.deleted).toBe(2);
    expect(await read()).toHaveLength(5);
    expect((await deleteChoices(folder, (choice) => namesItem(choice, 'z.jpg'))).deleted).toBe(1);
    expect((await deleteChoices(folder, (choice) => namesItem(choice, 'c.jpg'))).deleted).toBe(4);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('keeping choices', () => {
  const { format: _, day: __, ...given } = one();

  it('writes each once, together where they come together', async () => {
    const keeper = await ChoiceKeeper.open(folder, { onNote: () => {}, now: () => new Date('2026-01-02T23:00:00Z') });
    const kept = await Promise.all(Array.from({ length: 50 }, (_, turn) => keeper.keep({ ...given, turn: turn + 1 })));
    expect(kept).not.toContain(false);
    const found = await read();
    expect(found.map(({ turn }) => turn)).toEqual([...kept.keys()].map((at) => at + 1));
    expect(found[0]?.day).toBe('2026-01-02');
  });

  it('says once that they are lost and once that they are kept again, and leaves no half line', async () => {
    const notes: string[] = [];
    const keeper = await ChoiceKeeper.open(folder, { onNote: (note) => notes.push(note) });
    expect(await keeper.keep(given)).toBe(true);
    await onFullDisk(10, async () => {
      expect(await keeper.keep(given)).toBe(false);
      expect(await keeper.keep(given)).toBe(false);
    });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^Choices are lost until this is mended; searches go on\. Cannot write .*ENOSPC/);
    expect(await keeper.keep(given)).toBe(true);
    expect(notes[1]).toBe(`Choices are kept in ${folder} again.`);
    expect(await readChoices(folder)).toMatchObject({ choices: [{}, {}], damaged: 0, torn: false });
  });

  it('says the same of a folder that cannot be made', async () => {
    const notes: string[] = [];
    await writeFile(join(folder, 'file'), '');
    const keeper = await ChoiceKeeper.open(join(folder, 'file', 'choices'), { onNote: (note) => notes.push(note) });
    expect(await keeper.keep(given)).toBe(false);
    expect(notes).toHaveLength(1);
  });
});

it.each([
  [{}, undefined],
  [{ texts: [' '] }, 'no text'],
  [{ otherReferences: 1, references: [] }, 'own image'],
  [{ references: [] }, 'no reference'],
  [{ references: ['a.jpg', 'd.jpg'] }, 'several references'],
  [{ negatives: ['d.jpg'] }, 'negatives'],
  [{ chosen: 'a.jpg' }, 'itself'],
] as const)('a choice with %j can be no triplet: %s', (changes, reason) => {
  expect(unusable(one(changes as Partial<Choice>))).toBe(reason);
});
