/** Cuts a text of the filter language into words, texts, numbers and signs. */
import { LimnError } from '../../core/errors.js';

export interface Token {
  kind: 'word' | 'text' | 'number' | 'sign' | 'end';
  /** The text as it is meant: without quotes, a word as it was written. */
  text: string;
  /** From 1. */
  position: number;
}

const space = /\s*/y;
const patterns = [
  ['word', /[A-Za-z_][A-Za-z0-9_]*/y],
  ['number', /-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['text', /'((?:[^']|'')*)'/y],
  ['sign', /!=|<=|>=|[=<>(),]/y],
] as const;

/** @throws LimnError USAGE for a character that starts nothing, or a text without its end */
export function tokensOf(filter: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(filter);
  };
  for (;;) {
    at += take(space)?.[0].length ?? 0;
    if (at >= filter.length) return [...tokens, { kind: 'end', text: '', position: at + 1 }];
    const found = patterns.map(([kind, pattern]) => ({ kind, match: take(pattern) })).find(({ match }) => match !== null);
    if (!found?.match) throw filterError(at + 1, strange(filter, at));
    const [whole, inner] = found.match;
    tokens.push({ kind: found.kind, text: inner === undefined ? whole : inner.replaceAll("''", "'"), position: at + 1 });
    at += whole.length;
  }
}

function strange(filter: string, at: number): string {
  const character = String.fromCodePoint(filter.codePointAt(at) as number);
  if (character === "'") return "the text that starts here has no end; close it with ' and write '' for a ' in it";
  if ('"“”‘’`'.includes(character)) return `${character} quotes nothing; put texts between ' and '`;
  return `${JSON.stringify(character)} means nothing here`;
}

export function filterError(position: number, why: string): LimnError {
  return new LimnError('USAGE', `The filter is wrong at character ${position}: ${why}.`, { details: { position } });
}
