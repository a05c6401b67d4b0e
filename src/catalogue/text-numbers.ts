/** Numbers of a column that a table writes as people do, for the metadata of a gallery. */
import { valueText } from '../learning/from-metadata/catalogue-row.js';
import { NumberFormat } from '../learning/from-metadata/column-numbers.js';
import { roleOf } from '../learning/from-metadata/roles.js';

const plainNumber = /^-?(?:0|[1-9]\d{0,14})(?:\.\d+)?$/;
const codeLike = /^0\d|\d{16}/;

/** A column whose texts are numbers as people write them: with currencies, separators, and words for "missing" among them. */
export class TextNumbers {
  private readonly format: NumberFormat;
  private numbers = 0;
  private unusual = 0;
  private codes = 0;

  constructor(name: string) {
    this.format = new NumberFormat(roleOf(name) === 'price');
  }

  add(value: unknown): void {
    this.format.add(value);
    if (typeof value !== 'string' || value.trim() === '') return;
    if (valueText(value) !== undefined) this.numbers++;
    if (!plainNumber.test(value.trim())) this.unusual++;
    if (codeLike.test(value.trim())) this.codes++;
  }

  get isToRead(): boolean {
    const { others, currencies } = this.format;
    return this.numbers > 0 && this.unusual > 0 && others === 0 && this.codes === 0 && currencies.size <= 1;
  }

  /** Undefined for a value that says there is none. */
  read(value: unknown): number | undefined {
    const number = this.format.read(value);
    return Number.isNaN(number) ? undefined : number;
  }
}
