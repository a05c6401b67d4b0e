/** Cuts a text of the filter language into words, texts, numbers and signs. */
import { LimnError } from '../core/errors.js';

export interface Token {
  kind: 'word' | 'text' | 'number' | 'sign' | 'end';
  /** The text as it is meant: without quotes, a word as it was written. */
  text: string;
  /** From 1. */
  position: number;
}

const space = /[\s]*/y;
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
const number = /-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const quoted = /'((?:[^']|'')*)'/y;
const sign = /!=|<=|>=|[=<>(),]/y;

/** @throws LimnError USAGE for a character that starts nothing, or a text without its end */
export function tokensOf(filter: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(filter);
    if (found) at += found[0].length;
    return found;
  };
  for (;;) {
    take(space);
    const position = at + 1;
    if (at >= filter.length) return [...tokens, { kind: 'end', text: '', position }];
    let found: RegExpExecArray | null;
    if ((found = take(word))) tokens.push({ kind: 'word', text: found[0], position });
    else if ((found = take(number))) tokens.push({ kind: 'number', text: found[0], position });
    else if ((found = take(quoted))) tokens.push({ kind: 'text', text: (found[1] as string).replaceAll("''", "'"), position });
    else if ((found = take(sign))) tokens.push({ kind: 'sign', text: found[0], position });
    else throw filterError(position, strange(filter, at));
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
