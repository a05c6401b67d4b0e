/** Reads the numbers of a column: with a currency, and with points and commas as the column as a whole uses them. */
import { valueText } from './catalogue-row.js';

export interface ColumnNumbers {
  /** NaN where a value says no number. */
  readonly values: Float64Array;
  /** Currencies that the values name, in small letters. */
  readonly currencies: readonly string[];
}

/** Longer marks before those that they end with. */
const currencies = [
  ...['us$', 'ca$', 'au$', 'nz$', 'hk$', 'r$', '$', '€', '£', '¥', '₹', '₩', '₽', '₺', 'zł', 'kč', 'rs.', 'rs', 'kr.', 'kr'],
  ...'usd eur euro gbp chf jpy cny inr aud cad nzd hkd sek nok dkk pln czk huf try brl mxn krw sgd'.split(' '),
];
const digits = /^\d[\d.,]*$/;
const spacedGroups = /^\d{1,3}( \d{3})+([.,]\d{1,6})?$/;
const mostDigits = 20;

type Decimal = '.' | ',';
interface Written {
  readonly text: string;
  readonly isNegative: boolean;
  readonly currency: string | undefined;
}

/** How a column writes its numbers, learned value by value, so that a table may be larger than memory. */
export class NumberFormat {
  /** Currencies that the values name, in small letters. */
  readonly currencies = new Set<string>();
  /** Values that say no number, though they say something. */
  others = 0;
  private readonly decimals = new Set<Decimal>();

  /** @param isPrice of a price, three digits behind a point are thousands, where nothing else in the column tells */
  constructor(private readonly isPrice = false) {}

  add(value: unknown): void {
    if (typeof value === 'number') return;
    const written = writtenNumber(value);
    // "1.2.3" and "36,37,38" are none, whatever stands before decimals.
    if (!written || (Number.isNaN(readDigits(written.text, '.')) && Number.isNaN(readDigits(written.text, ',')))) {
      if (valueText(value) !== undefined) this.others++;
      return;
    }
    if (written.currency !== undefined) this.currencies.add(written.currency);
    const decimal = decimalOf(written.text);
    if (decimal) this.decimals.add(decimal);
  }

  /** NaN for a value that says no number. To be asked once all values were added. */
  read(value: unknown): number {
    if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN;
    const written = writtenNumber(value);
    if (!written) return Number.NaN;
    const { text, isNegative } = written;
    const [only] = this.decimals.size === 1 ? this.decimals : [];
    const number = readDigits(text, decimalOf(text) ?? only ?? this.guessed(text));
    return isNegative ? -number : number;
  }

  /** A lone separator before three digits, of which nothing tells what it is: a comma is before thousands, a point only in a price. */
  private guessed(text: string): Decimal {
    if (text.includes(',')) return '.';
    return this.isPrice || this.currencies.size > 0 ? ',' : '.';
  }
}

/** @param isPrice as {@link NumberFormat} has it */
export function numbersOf(given: readonly unknown[], isPrice = false): ColumnNumbers {
  const format = new NumberFormat(isPrice);
  for (const value of given) format.add(value);
  return { values: Float64Array.from(given, (value) => format.read(value)), currencies: [...format.currencies] };
}

/** The number that a single value says; NaN where it says none. */
export const numberOf = (value: unknown): number => numbersOf([value]).values[0] as number;

/** Without its sign, its currency, and the spaces and apostrophes between thousands. */
function writtenNumber(value: unknown): Written | undefined {
  let text = valueText(value)?.replaceAll('−', '-').replaceAll('’', "'");
  if (text === undefined) return undefined;
  const isNegative = text.startsWith('-');
  if (isNegative) text = text.slice(1).trim();
  // "1299,-" has no cents.
  if (text.endsWith(',-') || text.endsWith('.-')) text = text.slice(0, -2);
  const currency = currencies.find((mark) => text?.startsWith(mark) || text?.endsWith(mark));
  if (currency !== undefined) {
    text = (text.startsWith(currency) ? text.slice(currency.length) : text.slice(0, -currency.length)).trim();
    if (text.endsWith(',-') || text.endsWith('.-')) text = text.slice(0, -2);
  }
  if (spacedGroups.test(text)) text = text.replaceAll(' ', '');
  if (/^\d{1,3}('\d{3})+/.test(text)) text = text.replaceAll("'", '');
  return text.length <= mostDigits && digits.test(text) ? { text, isNegative, currency } : undefined;
}

/** What stands before the decimals, where the text alone tells. */
function decimalOf(text: string): Decimal | undefined {
  const [dots, commas] = [text.split('.').length - 1, text.split(',').length - 1];
  if (dots > 0 && commas > 0) return text.lastIndexOf('.') > text.lastIndexOf(',') ? '.' : ',';
  if (dots + commas === 0) return undefined;
  if (dots + commas > 1) return dots > 0 ? ',' : '.';
  const own: Decimal = dots > 0 ? '.' : ',';
  const [whole = '', rest = ''] = text.split(own);
  return rest.length !== 3 || whole.length > 3 || whole.startsWith('0') ? own : undefined;
}

function readDigits(text: string, decimal: Decimal): number {
  const group = decimal === '.' ? ',' : '.';
  const [whole = '', rest = '', ...more] = text.split(decimal);
  const groups = whole.split(group);
  const areThousands =
    groups.length === 1 || (/^\d{1,3}$/.test(groups[0] ?? '') && groups.slice(1).every((part) => /^\d{3}$/.test(part)));
  if (more.length > 0 || rest.includes(group) || !areThousands) return Number.NaN;
  return Number(`${groups.join('')}.${rest || '0'}`);
}
