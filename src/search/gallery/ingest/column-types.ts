/** Values of metadata: what the texts of a CSV file mean, and which values of other files may be kept. */
import { LimnError } from '../../../core/errors.js';
import type { MetadataValue } from '../../store/metadata.js';

/** A number that is no article number: those with zeros in front, or more digits than a number keeps, stay texts. */
const numeral = /^-?(0|[1-9]\d{0,14})(\.\d+)?([eE][+-]?\d{1,2})?$/;
const truth = /^(true|false)$/i;
/** Words for "there is no value" in columns of numbers, and of true and false. */
const missing = /^(n\/a|#n\/a|n\.a\.|na|nan|null|nil|none|-|--|–|—|\s*)$/i;
/** Article numbers: digits that are no numeral. */
const code = /^\d+$/;

const mostExamples = 3;

/** What a column holds. */
class Column {
  numbers = 0;
  truths = 0;
  missing: Counted = { count: 0, examples: [] };
  texts: Counted = { count: 0, examples: [] };
  codes = 0;

  see(value: unknown, place: string): void {
    const text = typeof value === 'string' ? value : undefined;
    if (typeof value === 'number' || typeof value === 'bigint') this.numbers++;
    else if (typeof value === 'boolean') this.truths++;
    else if (text !== undefined && missing.test(text)) add(this.missing, text, place);
    else if (text !== undefined) {
      add(this.texts, text, place);
      if (code.test(text)) this.codes++;
    }
  }

  /** In a file of texts alone, what a text says counts. */
  seeText(text: string, place: string): void {
    if (numeral.test(text)) this.numbers++;
    else if (truth.test(text)) this.truths++;
    else this.see(text, place);
  }

  get type(): 'number' | 'boolean' | 'text' {
    if (this.texts.count > 0) return 'text';
    if (this.numbers > 0 && this.truths === 0) return 'number';
    return this.truths > 0 && this.numbers === 0 ? 'boolean' : 'text';
  }
}

interface Counted {
  count: number;
  /** The first ones, with their places. */
  examples: string[];
}

function add(counted: Counted, text: string, place: string): void {
  const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
  if (counted.count++ < mostExamples) counted.examples.push(`${shown} (${place})`);
}

/**
 * Finds out what a column holds: it is of numbers, or of booleans, when all of its values are, but for words that say that there is no
 * value ("n/a", "null", "-"), which count as missing there.
 */
export class ColumnTypes {
  private readonly columns = new Map<string, Column>();

  /** @param texts whether all values of the file are texts @param place where the row is: "line 3" */
  constructor(private readonly texts = true) {}

  see(values: Readonly<Record<string, unknown>>, place = '', without: readonly string[] = []): void {
    for (const [name, value] of Object.entries(values)) {
      if (without.includes(name)) continue;
      const column = this.columns.get(name) ?? new Column();
      this.columns.set(name, column);
      if (this.texts) column.seeText(String(value), place);
      else column.see(value, place);
    }
  }

  /** The value of a text in its column; undefined where it says that there is none. */
  read(name: string, text: string): MetadataValue | undefined {
    const type = this.columns.get(name)?.type;
    if ((type === 'number' || type === 'boolean') && missing.test(text)) return undefined;
    if (!this.texts) return text;
    if (type === 'number') return Number(text);
    return type === 'boolean' ? /^true$/i.test(text) : text;
  }

  /** What a person should know of the columns, in sentences. @param file what to call it */
  notes(file: string): string[] {
    return [...this.columns].flatMap(([name, column]) => {
      const { numbers, type, texts, codes } = column;
      const known = type === 'boolean' ? column.truths : numbers;
      const kind = type === 'boolean' ? 'true and false' : 'numbers';
      if (type !== 'text' && column.missing.count > 0) {
        const { count, examples } = column.missing;
        return [`${file}: the column "${name}" has ${known} ${kind} and ${count} without a value: ${examples.join(', ')}.`];
      }
      if (type !== 'text' || codes > 0 || numbers <= texts.count || texts.count === 0) return [];
      const all = numbers + texts.count + column.missing.count;
      const what = this.texts ? 'is text' : 'is partly text';
      const effect = this.texts ? `"${name} < 50" would find nothing` : `"${name} < 50" does not find these`;
      return [
        `${file}: the column "${name}" ${what}, since ${texts.count} of its ${all} values are not numbers, so ${effect}: ${texts.examples.join(', ')}. To compare them, write only numbers in this column.`,
      ];
    });
  }
}

/**
 * A value of a JSON or Parquet file as metadata. Whole numbers of 64 bits that a number cannot keep, and times, become texts; what is
 * no number (NaN, infinite) is left out, as is what is not there.
 *
 * @throws LimnError DATA for lists, objects and bytes
 */
export function metadataValue(value: unknown, name: string, place: string): MetadataValue | undefined {
  if (value === undefined || value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
  throw new LimnError('DATA', `${place}: "${name}" is a list, an object or bytes. Metadata are texts, numbers and booleans.`);
}
