/** A terminal for tests: keeps the rows that a person would see, wraps what is too long, and wraps anew when it is resized. */
import { EventEmitter } from 'node:events';
import { displayWidth } from '../display-width.js';

const escapeCharacter = '\u001b';
const sequence = new RegExp(`${escapeCharacter}\\[(\\d*)([A-Za-z])|[^${escapeCharacter}]`, 'gu');

export class FakeTerminal extends EventEmitter {
  readonly isTTY = true;
  /** Each row, and whether it goes on in the next one. */
  private rows: { text: string; goesOn: boolean }[] = [{ text: '', goesOn: false }];
  private row = 0;
  /** Whether the cursor is before the first character: what is written then takes the place of the whole row. */
  private atStart = true;

  constructor(public columns: number) {
    super();
  }

  get stream(): NodeJS.WriteStream {
    return this as unknown as NodeJS.WriteStream;
  }

  get screen(): string[] {
    return this.rows.map(({ text }) => text);
  }

  write(text: string): boolean {
    for (const [character, count, command] of text.matchAll(sequence)) this.obey(character, Number(count || 1), command);
    return true;
  }

  resize(columns: number): void {
    const lines: string[] = [];
    let goesOn = false;
    for (const row of this.rows) {
      if (goesOn) lines.push((lines.pop() as string) + row.text);
      else lines.push(row.text);
      goesOn = row.goesOn;
    }
    const atLast = this.row === this.rows.length - 1;
    if (!atLast) throw new Error('Only a cursor in the last line is known.');
    this.columns = columns;
    this.rows = [{ text: '', goesOn: false }];
    this.row = 0;
    for (const [i, line] of lines.entries()) {
      if (i > 0) this.newRow(false);
      for (const character of line) this.put(character);
    }
    this.emit('resize');
  }

  private obey(character: string, count: number, command: string | undefined): void {
    if (command === 'K') this.current.text = '';
    else if (command === 'A') this.row = Math.max(0, this.row - count);
    else if (command === 'J') {
      this.rows.length = this.row + 1;
      this.current.text = '';
      this.current.goesOn = false;
    } else if (command === undefined && character === '\n') this.newRow(false);
    else if (command === undefined && character === '\r') this.atStart = true;
    else if (command === undefined) this.put(character);
  }

  private put(character: string): void {
    if (this.atStart) this.current.text = '';
    this.atStart = false;
    if (displayWidth(this.current.text + character) > this.columns) this.newRow(true);
    this.atStart = false;
    this.current.text += character;
  }

  private newRow(goesOn: boolean): void {
    this.current.goesOn = goesOn;
    this.row++;
    if (this.row === this.rows.length) this.rows.push({ text: '', goesOn: false });
    this.atStart = true;
  }

  private get current() {
    return this.rows[this.row] as { text: string; goesOn: boolean };
  }
}
