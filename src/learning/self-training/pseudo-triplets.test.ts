import { type FileHandle, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { acceptedTriplets, type PseudoTriplet, PseudoTripletFile, readPseudoTriplets } from './pseudo-triplets.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-pseudo-'));
});
afterAll(() => rm(folder, { recursive: true }));

const aRecord = (more: Partial<PseudoTriplet> = {}): PseudoTriplet => ({
  format: 'limn-pseudo-1',
  round: 1,
  reference: 'a.jpg',
  target: 'b.jpg',
  strategy: 'twoHop',
  text: 'größer, in Blau.',
  likelihood: -0.75,
  rank: 2,
  margin: 0.25,
  verdict: 'accepted',
  reason: 'accepted',
  weight: 0.5,
  ...more,
});
const three = [
  aRecord(),
  aRecord({ verdict: 'refused', reason: 'rank', weight: 0, rank: 40 }),
  aRecord({ reference: 'c.jpg', round: 2 }),
];

test('what is added is read again, and a new file is empty', async () => {
  const path = join(folder, 'new', 'round.jsonl');
  expect(await readPseudoTriplets(path)).toEqual([]);
  const file = await PseudoTripletFile.open(path);
  expect(file.records).toEqual([]);
  await file.append(three.slice(0, 2));
  await file.append([]);
  await file.append(three.slice(2));
  expect(await readPseudoTriplets(path)).toEqual(three);
  expect((await PseudoTripletFile.open(path)).records).toEqual(three);
});

test('wherever a kill cuts the file, whole lines stay and the rest is written again', async () => {
  const path = join(folder, 'cut.jsonl');
  await rm(path, { force: true });
  await (await PseudoTripletFile.open(path)).append(three);
  const whole = await readFile(path);
  const ends = [...whole.keys()].filter((at) => whole[at] === 10);
  for (let bytes = 0; bytes <= whole.length; bytes += 7) {
    await writeFile(path, whole.subarray(0, bytes));
    const kept = ends.filter((end) => end < bytes).length;
    const file = await PseudoTripletFile.open(path);
    expect(file.records).toEqual(three.slice(0, kept));
    await file.append(three.slice(kept));
    expect(await readFile(path)).toEqual(whole);
  }
});

test('a whole line that is no pseudo triplet is an error that names the row, and the file stays as it was', async () => {
  const path = join(folder, 'broken.jsonl');
  const first = `${JSON.stringify(three[0])}\n`;
  const cases: [string, string][] = [
    ['{"format":\n', 'row 2: it is not valid JSON'],
    ['\n', 'row 2: it is not valid JSON'],
    [`${JSON.stringify({ ...three[0], format: 'limn-pseudo-2' })}\n`, 'row 2: "format" is wrong'],
    [`${JSON.stringify({ ...three[0], colour: 'red' })}\n`, 'colour'],
    [`${JSON.stringify({ ...three[0], reason: 'rank' })}\n`, 'the reason does not fit the verdict'],
  ];
  for (const [line, message] of cases) {
    await writeFile(path, first + line);
    await expect(PseudoTripletFile.open(path)).rejects.toThrow(message);
    expect(await readFile(path, 'utf8')).toBe(first + line);
  }
});

test('a place that cannot be read or written is an error', async () => {
  await writeFile(join(folder, 'plain'), 'x');
  await expect(PseudoTripletFile.open(folder)).rejects.toThrow(`Cannot read pseudo triplets at ${folder}`);
  await expect(readPseudoTriplets(join(folder, 'plain', 'x.jsonl'))).rejects.toThrow('Cannot read pseudo triplets');
});

test('a disk that is full in the middle of a line costs the records of that call alone', async () => {
  const path = join(folder, 'full.jsonl');
  const file = await PseudoTripletFile.open(path);
  await file.append(three.slice(0, 1));
  const whole = await readFile(path);
  const handle = await open(path);
  const full = vi.spyOn(Object.getPrototypeOf(handle) as FileHandle, 'appendFile');
  await handle.close();
  full.mockImplementationOnce(async function (this: FileHandle, data) {
    await this.write((data as Buffer).subarray(0, whole.length + 40));
    throw new Error('ENOSPC: no space left on device');
  });
  await expect(file.append(three)).rejects.toThrow(/Cannot write pseudo triplets to .*ENOSPC.*free space/);
  expect(full).toHaveBeenCalled();
  full.mockRestore();
  expect(await readFile(path)).toEqual(whole);
  await file.append(three.slice(1));
  expect(await readPseudoTriplets(path)).toEqual(three);
});

test('a record that is none is never written', async () => {
  const path = join(folder, 'never.jsonl');
  const file = await PseudoTripletFile.open(path);
  await expect(file.append([aRecord(), aRecord({ margin: Number.NaN })])).rejects.toThrow();
  expect(await readFile(path, 'utf8')).toBe('');
});

test('accepted ones are triplets that name their row', () => {
  const [first, second, ...more] = acceptedTriplets(three, 'run/pseudo.jsonl');
  expect(first).toEqual({
    reference: 'a.jpg',
    targets: ['b.jpg'],
    text: 'größer, in blau',
    captions: ['größer, in Blau.'],
    source: 'run/pseudo.jsonl row 1',
    weight: 0.5,
  });
  expect(second).toMatchObject({ reference: 'c.jpg', source: 'run/pseudo.jsonl row 3' });
  expect(more).toEqual([]);
});
