/** Values of metadata: what the texts of a CSV file mean, and which values of other files may be kept. */
import { LimnError } from '../../../core/errors.js';
import type { MetadataValue } from '../../store/metadata.js';

export type ColumnType = 'number' | 'boolean' | 'text';

/** A number that is no article number: those with zeros in front, or more digits than a number keeps, stay texts. */
const numeral = /^-?(0|[1-9]\d{0,14})(\.\d+)?([eE][+-]?\d{1,2})?$/;

/** Finds out what a column holds: it is of numbers or booleans when all of its texts are. */
export class ColumnTypes {
  private readonly types = new Map<string, ColumnType>();

  see(values: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(values)) {
      const type = typeOf(String(value));
      const known = this.types.get(name);
      this.types.set(name, known === undefined || known === type ? type : 'text');
    }
  }

  /** The value of a text in its column. */
  read(name: string, text: string): MetadataValue {
    const type = this.types.get(name);
    if (type === 'number') return Number(text);
    return type === 'boolean' ? /^true$/i.test(text) : text;
  }
}

function typeOf(text: string): ColumnType {
  if (numeral.test(text)) return 'number';
  return /^(true|false)$/i.test(text) ? 'boolean' : 'text';
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
  if (value instanceof Date) return value.toISOString();
  throw new LimnError('DATA', `${place}: "${name}" is a list, an object or bytes. Metadata are texts, numbers and booleans.`);
}
