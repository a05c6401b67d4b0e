import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { Random } from '../../../core/random.js';
import { units } from '../testing/items.js';
import { Matrix } from './matrix.js';
import { type ScanOptions, ScanThreads } from './scan-threads.js';

const [count, width] = [3000, 20];
const opened: ScanThreads[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((threads) => threads.close()));
});

function open(options: ScanOptions) {
  const matrix = new Matrix(width);
  matrix.append(units(new Random(1), count, width));
  const threads = new ScanThreads(matrix, options);
  opened.push(threads);
  const query = units(new Random(2), 1, width);
  const search = async () => (await threads.scan(query, new Uint8Array(matrix.count), 10)).map(({ rows }) => [...rows].sort());
  return { matrix, threads, search };
}

it('gives rows codes behind a search that threads do, also rows that come later', async () => {
  const { matrix, search } = open({ threads: 2, inlineFloats: 0 });
  expect(matrix.coded).toBe(0);
  const plain = await search();
  while (matrix.coded < count) await setImmediate();
  expect(await search()).toEqual(plain);
  matrix.append(units(new Random(3), 500, width));
  await search();
  while (matrix.coded < count + 500) await setImmediate();
});

it('goes on without codes where there is no memory for them', async () => {
  const { matrix, search } = open({ threads: 2, inlineFloats: 0 });
  let asked = 0;
  matrix.roomForCodes = () => {
    asked++;
    throw new RangeError('no memory');
  };
  const plain = await search();
  for (let turn = 0; turn < 50; turn++) await setImmediate();
  expect(await search()).toEqual(plain);
  expect({ asked, coded: matrix.coded }).toEqual({ asked: 1, coded: 0 });
});

it('makes no codes where galleries are small, where they are not wanted, and when it was closed', async () => {
  const small = open({ threads: 2 });
  const unwanted = open({ threads: 1, inlineFloats: 0, codes: false });
  const closed = open({ threads: 1, inlineFloats: 0 });
  for (const { search } of [small, unwanted, closed]) await search();
  await closed.threads.close();
  const { coded } = closed.matrix;
  expect(coded).toBeLessThan(count);
  for (let turn = 0; turn < 50; turn++) await setImmediate();
  expect([small.matrix.coded, unwanted.matrix.coded, closed.matrix.coded]).toEqual([0, 0, coded]);
});
