/** Reads the filter language. Grammar, with keywords in any case:
 *
 *     either     := all ("or" all)*
 *     all        := one ("and" one)*
 *     one        := "not" one | "(" either ")" | field comparison value | field ["not"] "in" "(" value ("," value)* ")"
 *                 | field ["not"] "contains" text
 *     comparison := "=" | "!=" | "<" | "<=" | ">" | ">="
 *     value      := text | number | "true" | "false" | "null"
 */
import { LimnError } from '../../core/errors.js';
import type { Comparison, Filter } from './filter.js';
import { checkFilter, filterLimits } from './filter-check.js';
import { filterError, type Token, tokensOf } from './filter-tokens.js';
import { isMetadataKey, type MetadataValue } from './metadata.js';

const keywords = new Set(['and', 'or', 'not', 'in', 'contains', 'true', 'false', 'null']);
/** Words that are values; a map, since an object has more names than its own. */
const words = new Map<string, MetadataValue>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const comparisons = ['=', '!=', '<=', '>=', '<', '>'];

/**
 * Reads a filter.
 *
 * @example
 * parseFilter("colour = 'red' and (price < 50 or on_sale = true) and brand in ('a', 'b') and not name contains 'x'");
 * @throws LimnError USAGE that says at which character it is wrong, and what is expected there; also for one that is too long or
 * nested too deep
 */
export function parseFilter(text: string): Filter {
  if (text.length > filterLimits.length) {
    throw new LimnError('USAGE', `The filter has ${text.length} characters; at most ${filterLimits.length} are read.`);
  }
  const parser = new Parser(tokensOf(text));
  const filter = parser.either(0);
  parser.end();
  checkFilter(filter);
  return filter;
}

class Parser {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  either(depth: number): Filter {
    return this.joined('or', () => this.all(depth));
  }

  end(): void {
    if (this.next.kind !== 'end') throw this.expected('"and", "or" or the end');
  }

  private all(depth: number): Filter {
    return this.joined('and', () => this.one(depth));
  }

  private joined(kind: 'and' | 'or', read: () => Filter): Filter {
    const filters = [read()];
    while (this.takeWord(kind)) filters.push(read());
    return filters.length === 1 ? (filters[0] as Filter) : { kind, filters };
  }

  private one(depth: number): Filter {
    if (depth > filterLimits.depth) throw filterError(this.next.position, `it is nested deeper than ${filterLimits.depth}`);
    if (this.takeWord('not')) return { kind: 'not', filter: this.one(depth + 1) };
    if (this.takeSign('(')) {
      const filter = this.either(depth + 1);
      this.needSign(')', '"and", "or" or ")"');
      return filter;
    }
    return this.predicate();
  }

  private predicate(): Filter {
    const field = this.field();
    const sign = comparisons.find((comparison) => this.takeSign(comparison));
    if (sign) {
      const { position } = this.next;
      const comparison = sign as Comparison;
      const value = this.value();
      if ((value === null || typeof value === 'boolean') && comparison !== '=' && comparison !== '!=')
        throw filterError(position, `${value} can only be compared with = and !=`);
      return { kind: 'compare', field, comparison, value };
    }
    const opposite = this.takeWord('not');
    const filter = this.listOrText(field);
    return opposite ? { kind: 'not', filter } : filter;
  }

  private listOrText(field: string): Filter {
    if (this.takeWord('in')) {
      this.needSign('(', '"("');
      const values = [this.value()];
      while (this.takeSign(',')) values.push(this.value());
      this.needSign(')', '"," or ")"');
      return { kind: 'in', field, values };
    }
    if (this.takeWord('contains')) {
      const { kind, text } = this.next;
      if (kind !== 'text') throw this.expected("a text between ' and '");
      this.at++;
      return { kind: 'contains', field, text };
    }
    throw this.expected('=, !=, <, <=, >, >=, "in" or "contains"');
  }

  private field(): string {
    const { kind, text } = this.next;
    if (kind !== 'word' || keywords.has(text.toLowerCase())) throw this.expected('a field, "not" or "("');
    if (!isMetadataKey(text)) throw filterError(this.next.position, 'a field has at most 64 characters');
    this.at++;
    return text;
  }

  private value(): MetadataValue {
    const { kind, text, position } = this.next;
    const named = words.get(text.toLowerCase());
    if (kind === 'word' && named === undefined) {
      throw filterError(position, `expected a value, found ${JSON.stringify(text)}; put texts between ' and '`);
    }
    if (kind === 'sign' || kind === 'end') throw this.expected("a value: a text between ' and ', a number, true, false or null");
    if (kind === 'number' && !Number.isFinite(Number(text))) throw filterError(position, `${text} is too large for a number`);
    this.at++;
    if (kind === 'text') return text;
    // 0 and -0 are the same number.
    return kind === 'number' ? Number(text) + 0 : (named as MetadataValue);
  }

  private get next(): Token {
    return this.tokens[this.at] as Token;
  }

  private takeWord(word: string): boolean {
    const found = this.next.kind === 'word' && this.next.text.toLowerCase() === word;
    if (found) this.at++;
    return found;
  }

  private takeSign(sign: string): boolean {
    const found = this.next.kind === 'sign' && this.next.text === sign;
    if (found) this.at++;
    return found;
  }

  private needSign(sign: string, what: string): void {
    if (!this.takeSign(sign)) throw this.expected(what);
  }

  private expected(what: string): LimnError {
    const { kind, text, position } = this.next;
    return filterError(position, `expected ${what}, found ${kind === 'end' ? 'the end' : JSON.stringify(text)}`);
  }
}
