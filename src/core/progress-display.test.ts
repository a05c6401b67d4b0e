import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { displayWidth } from './display-width.js';
import { progressDisplay } from './progress-display.js';
import { FakeTerminal } from './testing/fake-terminal.js';

const event = (done: number, note = 'loss 2.316, best R@10 41.86 (epoch 3), and 連衣裙 👗 of which more is said than fits') => ({
  stage: 'LIMN, image and text: train',
  done,
  total: 3,
  note,
});

/** What is shown of a whole stage, whatever pause there is between two lines. */
function showAll(terminal: FakeTerminal, between: (step: number) => void = () => {}): void {
  for (const step of [0, 1, 2, 3]) {
    // A display writes at most every tenth of a second, but at once for a new stage and at the end.
    const display = progressDisplay(terminal.stream);
    display({ ...event(step), total: step < 3 ? 4 : 3 });
    between(step);
    display({ ...event(4), total: 4 });
  }
}

describe('progressDisplay on a terminal', () => {
  it.each([20, 80, 200])('takes one row a stage with %i columns', (columns) => {
    const terminal = new FakeTerminal(columns);
    showAll(terminal);
    const rows = terminal.screen;
    expect(rows).toHaveLength(5);
    expect(rows[4]).toBe('');
    for (const row of rows.slice(0, 4)) {
      expect(row.startsWith('LIMN, image and te')).toBe(true);
      expect(displayWidth(row)).toBeLessThan(columns);
    }
  });

  it('shows the end of a line that fits, and marks one that is cut', () => {
    const [wide, narrow] = [new FakeTerminal(200), new FakeTerminal(40)];
    for (const terminal of [wide, narrow]) progressDisplay(terminal.stream)(event(3, 'loss 1'));
    expect(wide.screen[0]).toBe('LIMN, image and text: train 3/3, loss 1, took 0 s');
    expect(narrow.screen[0]).toBe('LIMN, image and text: train 3/3, loss 1…'.slice(0, 38).concat('…'));
  });

  it('says one time to come: that of all, where the work knows it', () => {
    const terminal = new FakeTerminal(80);
    const display = progressDisplay(terminal.stream);
    display({ stage: 'train', done: 1, total: 4, note: 'loss 1', leftInAll: 130 });
    expect(terminal.screen).toEqual(['train 1/4, loss 1, about 2 min 10 s left in all']);
    display({ stage: 'train', done: 4, total: 4, leftInAll: 40 });
    expect(terminal.screen).toEqual(['train 4/4, took 0 s, about 40 s left in all', '']);
  });

  it.each([
    [80, 20],
    [120, 33],
    [20, 80],
    [80, 7],
  ])('leaves no row behind when %i columns become %i amid a stage', (before, after) => {
    const terminal = new FakeTerminal(before);
    const display = progressDisplay(terminal.stream);
    display(event(1));
    terminal.resize(after);
    expect(terminal.screen).toHaveLength(1);
    expect(displayWidth(terminal.screen[0] as string)).toBe(after - 1);
    display(event(3));
    expect(terminal.screen).toHaveLength(2);
    expect(terminal.listenerCount('resize')).toBe(0);
  });

  it('keeps the lines above when the terminal becomes narrower', () => {
    const terminal = new FakeTerminal(60);
    terminal.write('a line that was there before\n');
    progressDisplay(terminal.stream)(event(1));
    terminal.resize(30);
    expect(terminal.screen[0]).toBe('a line that was there before');
    expect(terminal.screen).toHaveLength(2);
  });

  it('takes ends of lines and tabs in a note for spaces', () => {
    const terminal = new FakeTerminal(80);
    progressDisplay(terminal.stream)({ stage: 'read', done: 2, total: 2, note: 'a\tb\r\nc' });
    expect(terminal.screen).toEqual(['read 2/2, a b c, took 0 s', '']);
  });

  it('is 80 columns wide where the terminal does not say', () => {
    // As a terminal does whose size nobody has set.
    const written: string[] = [];
    const stream = { isTTY: true, write: (text: string) => written.push(text), on: () => {} };
    progressDisplay(stream as unknown as NodeJS.WriteStream)(event(1));
    expect(displayWidth(written.join('').replace('\r', ''))).toBe(79);
  });
});

describe('progressDisplay elsewhere', () => {
  it('writes whole lines without escape sequences', () => {
    const stream = new PassThrough();
    const note = `${'long '.repeat(60)}\x1b[31mred\x1b[0m`;
    progressDisplay(stream as unknown as NodeJS.WriteStream)(event(3, note));
    const text = String(stream.read());
    expect(text).toBe(`LIMN, image and text: train 3/3, ${'long '.repeat(60)}red, took 0 s\n`);
  });
});
