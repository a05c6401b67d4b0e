import { describe, expect, it } from 'vitest';
import { compared, memoryNoHigher, ofPeak, within } from './goals.js';
import type { Line } from './line.js';
import { completed, growthTable, speedTable, withTable } from './table.js';

const floor = { gigaflops: 100, gigabytesPerSecond: 20 };
const line: Line = {
  row: 'a',
  what: 'a step',
  limn: { milliseconds: 40, quartiles: [39, 41] },
  rival: { name: 'PyTorch', milliseconds: 60 },
  // 20 ms of computing, 5 ms of reading
  work: { operations: 2e9, bytes: 1e8 },
  memory: { limn: 200, rival: 100 },
  goals: [compared(1.3), memoryNoHigher, ofPeak(0.7), within('ms', ({ line: { limn } }) => limn.milliseconds, 40)],
};

describe('completed', () => {
  it('has the longer of computing and reading as the floor', () => {
    expect(completed(line, floor)).toMatchObject({ timesAsFast: 1.5, floor: 20, bound: 'computing', timesFloor: 2 });
    const reading = completed({ ...line, work: { operations: 2e8, bytes: 1e8 } }, floor);
    expect(reading).toMatchObject({ floor: 5, bound: 'reading', timesFloor: 8 });
  });

  it('tells which goals are met', () => {
    const { goals } = completed(line, floor);
    expect(goals.map(({ value, met }) => [value, met])).toEqual([
      [1.5, true],
      [2, false],
      [50, false],
      [40, true],
    ]);
  });

  it('leaves open what it cannot know', () => {
    const { goals, floor: none } = completed({ ...line, rival: undefined, memory: { limn: 200 } }, undefined);
    expect(none).toBeUndefined();
    expect(goals.map(({ met }) => met)).toEqual([null, null, null, true]);
  });
});

describe('tables', () => {
  it('say what was missed and what was not measured', () => {
    const [, , measured, failed] = speedTable([completed(line, floor), { row: 'c', what: 'encoder', failed: 'no | file' }]).split(
      '\n',
    );
    expect(measured).toMatch(
      /^\| a \| a step \| 40 \(39 – 41\) \| 60 PyTorch \| 1\.50 \| 20 computing \| 2\.00 \| 200 \| 100 \|/,
    );
    expect(measured).toMatch(/met: 1\.5<br>\*\*missed\*\*: 2<br>\*\*missed\*\*: 50<br>met: 40 \|$/);
    const [, , alone] = speedTable([completed({ ...line, rival: undefined, lacks: 'torch' }, floor)]).split('\n');
    expect(alone).toContain('| not measured: no torch in Python | – |');
    expect(failed).toContain('| c | encoder | not measured: no \\| file |');
  });

  it('say how something grows', () => {
    const result = { sizes: [1000, 2000], milliseconds: [10, 30], peakMiB: [100, 100], exponents: { time: 1.58, memory: 0 } };
    const rows = growthTable([
      { what: 'writing', ...result, goal: 1.1 },
      { what: 'searching', ...result, goal: null },
    ]).split('\n');
    expect(rows[2]).toContain('| 1,000, 2,000 | 10, 30 | 1.58 | 100, 100 | 0.00 |');
    expect(rows[2]).toContain('**missed**: 1.58');
    expect(rows[3]).toMatch(/\| – \| – \|$/);
  });
});

describe('withTable', () => {
  const page = 'before\n<!-- table: written by npm run bench -->\nold\n<!-- end of the table -->\nbehind\n';

  it('replaces what is between the markers, and only that', () => {
    const once = withTable(page, 'new');
    expect(once).toBe('before\n<!-- table: written by npm run bench -->\n\nnew\n\n<!-- end of the table -->\nbehind\n');
    expect(withTable(once, 'new')).toBe(once);
  });

  it('refuses a page without markers', () => {
    expect(() => withTable('nothing', 'new')).toThrow('lacks the lines');
  });
});
