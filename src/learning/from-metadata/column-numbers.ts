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

/** @param isPrice of a price, three digits behind a point are thousands, where nothing else in the column tells */
export function numbersOf(given: readonly unknown[], isPrice = false): ColumnNumbers {
  const written = given.map((value) => (typeof value === 'number' ? value : writtenNumber(value)));
  const texts = written.filter((value) => typeof value === 'object');
  const evidence = new Set(texts.flatMap(({ text }) => decimalOf(text) ?? []));
  const [only] = evidence.size === 1 ? evidence : [];
  const found = new Set(texts.flatMap(({ currency }) => currency ?? []));
  const values = Float64Array.from(written, (value) => {
    if (value === undefined) return Number.NaN;
    if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN;
    const decimal = decimalOf(value.text) ?? only ?? (isPrice || found.size > 0 || value.text.includes(',') ? ',.' : '.');
    // Nothing tells what a lone separator is: it stands before thousands if the other one, or none, is before decimals.
    const number = read(value.text, decimal === ',.' ? (value.text.includes(',') ? '.' : ',') : (decimal as Decimal));
    return value.isNegative ? -number : number;
  });
  return { values, currencies: [...found] };
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

function read(text: string, decimal: Decimal): number {
  const group = decimal === '.' ? ',' : '.';
  const [whole = '', rest = '', ...more] = text.split(decimal);
  const groups = whole.split(group);
  const areThousands =
    groups.length === 1 || (/^\d{1,3}$/.test(groups[0] ?? '') && groups.slice(1).every((part) => /^\d{3}$/.test(part)));
  if (more.length > 0 || rest.includes(group) || !areThousands) return Number.NaN;
  return Number(`${groups.join('')}.${rest || '0'}`);
}
