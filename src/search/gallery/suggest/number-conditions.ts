/** "price below 50", "under 50 €", "between 20 and 50": the numbers of a text as conditions on fields of numbers. */
import type { Comparison } from '../../store/filter.js';
import type { Field } from '../explain/fields.js';
import { type Condition, compare } from './condition.js';
import { bearingOn, passBack } from './negations.js';
import { comparings, isCurrency, isUnit, money, type NumberAt, numbersOf, opposite } from './number-words.js';
import { namesOf, standsAt, type Word } from './words-of.js';

/** A field of numbers. */
export interface NumberField {
  field: string;
  name: readonly string[];
  /** The least and the greatest value. */
  least: number;
  greatest: number;
}

export function numberFields(fields: readonly Field[]): NumberField[] {
  return fields.flatMap(({ name: field, type, values }) => {
    const numbers = values.filter((value) => typeof value === 'number');
    if (type !== 'number' || numbers.length === 0) return [];
    return [{ field, name: namesOf(field), least: Math.min(...numbers), greatest: Math.max(...numbers) }];
  });
}

/** One or two numbers with the words around them: what is asked of them, and where that begins. */
interface Asked {
  numbers: readonly [NumberAt, NumberAt?];
  /** Of a single number. @default it is equal */
  comparison?: Comparison | undefined;
  about?: ReadonlySet<string> | undefined;
  /** Its first word. */
  from: number;
  /** Whether words or a sign compare, and the number is not just there. */
  told: boolean;
  negated: boolean;
}

const roughly = new Set(['about', 'around', 'approximately', 'roughly', 'nearly', 'almost', 'circa']);

/** @returns the conditions, and of each the words that it takes up: [from, to) */
export function numberConditions(
  text: string,
  words: readonly Word[],
  fields: readonly NumberField[],
): { condition: Condition; from: number; to: number }[] {
  if (fields.length === 0) return [];
  const numbers = numbersOf(text, words);
  const found: { condition: Condition; from: number; to: number }[] = [];
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] as NumberAt;
    const next = numbers[i + 1];
    const range = next && asRange(text, words, number, next);
    const asked = range ?? asOne(words, number);
    const resolved = resolve(words, fields, asked);
    if (range) i++;
    for (const { field, from: named, to } of resolved) {
      const [first, second] = asked.numbers;
      // "not year 2015": the negation may stand before the name.
      const { from, negated } = asked.negated ? { from: named, negated: true } : negation(words, named);
      const filter = written(field, { ...asked, negated });
      const start = from < first.from ? (words[from] as Word).start : first.start;
      const end = Math.max((second ?? first).end, (words[to - 1] as Word).end);
      found.push({ condition: { field: field.field, filter, excludes: false, start, end }, from, to });
    }
  }
  return found;
}

function asRange(text: string, words: readonly Word[], first: NumberAt, second: NumberAt): Asked | undefined {
  const joint = text.slice(first.end, second.start).trim().toLowerCase();
  const hyphen = /^[-–—]?$/.test(joint) && /[-–—]/.test(text.slice(first.end, (words[second.from] as Word).start));
  if (second.sign !== undefined || !(hyphen || joint === 'to' || joint === 'and')) return undefined;
  const opening = words[first.from - 1]?.word;
  if (joint === 'and' && opening !== 'between') return undefined;
  const told = opening === 'between' || opening === 'from';
  const place = told ? first.from - 1 : first.from;
  // In "20-50" the hyphen is no minus.
  const [a, b] = [first.value, hyphen ? Math.abs(second.value) : second.value];
  const numbers: [NumberAt, NumberAt] = [
    { ...first, value: Math.min(a, b), money: first.money || second.money },
    { ...second, value: Math.max(a, b) },
  ];
  return { numbers, told: told || numbers[0].money, ...negation(words, place) };
}

function asOne(words: readonly Word[], number: NumberAt): Asked {
  if (number.sign) return { numbers: [number], comparison: number.sign, told: true, ...negation(words, number.from) };
  // "EUR 50": the currency stands between.
  for (const place of number.money ? [number.from, number.from - 1] : [number.from]) {
    for (const { words: phrase, comparison, about } of comparings) {
      const at = place - phrase.length;
      if (standsAt(words, at, phrase)) return { numbers: [number], comparison, about, told: true, ...negation(words, at) };
    }
  }
  return { numbers: [number], told: false, ...negation(words, number.from) };
}

/** Whether what stands at a place is negated. "no more than" is; a number after "like" is an open question, and so left alone. */
function negation(words: readonly Word[], at: number): { from: number; negated: boolean } {
  const previous = words[at - 1]?.word;
  const direct = previous === 'not' || previous === 'no' || previous === 'never' || previous === 't';
  const bearing = direct ? bearingOn(words, at) : undefined;
  return bearing?.kind === 'negated' ? { from: bearing.from, negated: true } : { from: at, negated: false };
}

/** The fields that it is asked of. */
function resolve(
  words: readonly Word[],
  fields: readonly NumberField[],
  { numbers, about, from, told, comparison }: Asked,
): { field: NumberField; from: number; to: number }[] {
  const [first, second] = numbers;
  const last = second ?? first;
  const isMoney = first.money || last.money;
  const end = isCurrency(words[last.to]?.word) ? last.to + 1 : last.to;
  const place = passBack(words, from);
  const ahead = fields.flatMap((field) => {
    const at = [from, place].map((behindName) => behindName - field.name.length).find((one) => standsAt(words, one, field.name));
    return at === undefined ? [] : [{ field, from: at, to: end }];
  });
  if (ahead.length > 0) {
    const named = longestName(ahead);
    return last.unit === undefined || isMoney || named.some(({ field }) => field.name.includes(last.unit as string)) ? named : [];
  }
  if (roughly.has(words[from - 1]?.word ?? '')) return [];
  const after = words[end]?.word === 'of' || words[end]?.word === 'in' ? end + 1 : end;
  const following = fields.flatMap((field) =>
    standsAt(words, after, field.name) ? [{ field, from, to: after + field.name.length }] : [],
  );
  if (following.length > 0) return longestName(following);
  const unit = last.unit ?? (isUnit(words[end]?.word) ? words[end]?.word : undefined);
  if (unit !== undefined) {
    const to = last.unit === undefined ? end + 1 : end;
    return told || comparison ? fields.filter(({ name }) => name.includes(unit)).map((field) => ({ field, from, to })) : [];
  }
  if (!told) return [];
  // "price" rather than "former_price", where both are there.
  const isAbout = (wanted: ReadonlySet<string>) => {
    const about = fields.filter(({ name }) => name.some((word) => wanted.has(word)));
    const alone = about.filter(({ name }) => name.length === 1);
    return alone.length > 0 ? alone : about;
  };
  const meant = isMoney ? isAbout(money) : about ? isAbout(about) : unnamed(fields, isAbout(money));
  return meant
    .filter((field) => (isMoney || about ? true : canPass(field, numbers, comparison)))
    .map((field) => ({ field, from, to: end }));
}

/** A number of nothing is a price where there are prices, else one of the only field that has numbers. */
function unnamed(fields: readonly NumberField[], prices: NumberField[]): NumberField[] {
  return prices.length > 0 ? prices : fields.length === 1 ? [...fields] : [];
}

/** Whether an image can pass, as far as the least and the greatest value say. */
function canPass({ least, greatest }: NumberField, [first, second]: Asked['numbers'], comparison: Comparison = '='): boolean {
  if (second) return second.value >= least && first.value <= greatest;
  return comparison === '<' || comparison === '<=' ? first.value >= least : first.value <= greatest;
}

function longestName<T extends { field: NumberField }>(found: readonly T[]): T[] {
  const most = Math.max(...found.map(({ field }) => field.name.length));
  return found.filter(({ field }) => field.name.length === most);
}

function written({ field }: NumberField, { numbers, comparison = '=', negated }: Asked): string {
  const [first, second] = numbers;
  if (second) {
    const [least, greatest] = [first.value, second.value];
    return negated
      ? `(${compare(field, '<', least)} or ${compare(field, '>', greatest)})`
      : `${compare(field, '>=', least)} and ${compare(field, '<=', greatest)}`;
  }
  return compare(field, negated ? opposite[comparison] : comparison, first.value);
}
