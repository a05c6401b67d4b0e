/** Words that compare with a number, and numbers as people write them. English. */
import type { Comparison } from '../../store/filter.js';
import type { Word } from './words-of.js';

/** A comparison in words, and the fields it is about, by a word of their names; without these any field. */
export interface Comparing {
  words: readonly string[];
  comparison: Comparison;
  about?: ReadonlySet<string> | undefined;
}

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));
/** Words in the names of fields that hold amounts of money. */
export const money = set('price prices cost costs msrp rrp preis prix precio prezzo preco');
const weight = set('weight mass kg grams');
const lengths = set('length height');
const years = set('year years date');

const table: readonly [Comparison, ReadonlySet<string> | undefined, string][] = [
  ['<', undefined, 'below|under|less than|lower than|fewer than|smaller than|beneath'],
  ['<=', undefined, 'at most|up to|maximum|max|maximum of|max of|a maximum of|within|or less than'],
  ['>', undefined, 'over|above|more than|greater than|higher than|larger than|bigger than|exceeding'],
  ['>=', undefined, 'at least|minimum|min|minimum of|min of|a minimum of|starting at|starting from|from'],
  ['<', money, 'cheaper than|less expensive than'],
  ['>', money, 'more expensive than|dearer than|pricier than|costlier than'],
  ['<', weight, 'lighter than'],
  ['>', weight, 'heavier than'],
  ['<', lengths, 'shorter than'],
  ['>', lengths, 'longer than|taller than'],
  ['<', set('width'), 'narrower than'],
  ['>', set('width'), 'wider than'],
  ['<', years, 'before|older than|earlier than'],
  ['>', years, 'after|newer than|later than'],
  ['>=', years, 'since'],
];
/** The longest first, so that "a maximum of" is not read as "maximum of". */
export const comparings: readonly Comparing[] = table
  .flatMap(([comparison, about, phrases]) =>
    phrases.split('|').map((phrase): Comparing => ({ words: phrase.split(' '), comparison, about })),
  )
  .sort((a, b) => b.words.length - a.words.length);

/** The comparison that holds exactly where another does not. */
export const opposite: Readonly<Record<Comparison, Comparison>> = {
  '=': '!=',
  '!=': '=',
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
};

const currencyWords = set(
  'eur euro euros usd dollar dollars buck bucks gbp pound pounds quid chf franc francs jpy yen inr rupee rupees',
);
/** What else numbers are of. A number with one of them is no amount of money. */
const unitWords = set(
  'mm cm m km inch inches in ft feet g gram grams kg kilo kilos lb lbs oz ml l litre litres liter liters ' +
    'day days week weeks month months year years old percent pieces hits results images items',
);
export const isCurrency = (word: string | undefined): boolean => word !== undefined && currencyWords.has(word);
export const isUnit = (word: string | undefined): boolean => word !== undefined && unitWords.has(word);

/** A number of a text. */
export interface NumberAt {
  value: number;
  /** Its first word, and the first behind it. */
  from: number;
  to: number;
  start: number;
  end: number;
  /** A sign that compares, directly before. */
  sign?: Comparison | undefined;
  /** Whether a currency is named. */
  money: boolean;
  /** Letters that it is written together with, such as "cm". */
  unit?: string | undefined;
}

const written = /(\d+(?:[.,]\d+)*)(\p{L}*)/uy;
const before = /(<=|>=|[<>≤≥=])?\s?([$€£¥₹])?\s?(-)?$/u;
const signs: Readonly<Record<string, Comparison>> = { '≤': '<=', '≥': '>=' };

/** The numbers of a text whose words are these. */
export function numbersOf(text: string, words: readonly Word[]): NumberAt[] {
  const numbers: NumberAt[] = [];
  for (let from = 0; from < words.length; ) {
    const read = numberAt(text, words, from);
    if (read) numbers.push(read);
    from = read ? read.to : from + 1;
  }
  return numbers;
}

function numberAt(text: string, words: readonly Word[], from: number): NumberAt | undefined {
  const { start } = words[from] as Word;
  written.lastIndex = start;
  const [whole, digits = '', letters = ''] = written.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const thousands = letters === 'k' || letters === 'K';
  const unit = thousands || letters === '' ? undefined : letters.toLowerCase();
  const end = start + whole.length;
  const lead = text.slice(Math.max(0, start - 8), start);
  const [told = '', sign, currency, minus] = before.exec(lead) ?? [];
  // "20-50" is a range, and "-5" behind a space or a sign below zero.
  const negative = minus !== undefined && !/[\p{L}\p{N}]-$/u.test(lead) && !/\d\s?[$€£¥₹]?\s?-$/u.test(lead);
  const value = amountOf(digits) * (thousands ? 1000 : 1) * (negative ? -1 : 1);
  let to = from + 1;
  while (to < words.length && (words[to] as Word).start < end) to++;
  // "1.5x2" is no number.
  if (!Number.isFinite(value) || (words[to - 1] as Word).end > end) return undefined;
  const near = /^\s?[$€£¥₹]/u.exec(text.slice(end, end + 2));
  const named = isCurrency(unit) || isCurrency(words[to]?.word) || isCurrency(words[from - 1]?.word);
  return {
    value: value + 0,
    from,
    to,
    start: start - (sign === undefined && currency === undefined && !negative ? 0 : told.length),
    end: near ? end + near[0].length : end,
    sign: sign === undefined ? undefined : (signs[sign] ?? (sign as Comparison)),
    money: currency !== undefined || near !== null || named,
    unit: isCurrency(unit) ? undefined : unit,
  };
}

/** "1,000" and "1.000,50" have thousands, "49,90" and "49.90" do not. NaN for what is no number, such as "1.2.3". */
function amountOf(digits: string): number {
  const last = Math.max(digits.lastIndexOf('.'), digits.lastIndexOf(','));
  if (last < 0) return Number(digits);
  const mark = digits.charAt(last);
  const parts = digits.split(/[.,]/);
  const grouped = parts.slice(1).every((part) => part.length === 3);
  const both = digits.includes('.') && digits.includes(',');
  if (both) {
    if (digits.split(mark).length > 2 || parts.slice(1, -1).some((part) => part.length !== 3)) return Number.NaN;
    return Number(`${parts.slice(0, -1).join('')}.${parts.at(-1)}`);
  }
  if (parts.length > 2) return grouped ? Number(parts.join('')) : Number.NaN;
  return mark === ',' && grouped ? Number(parts.join('')) : Number(parts.join('.'));
}
