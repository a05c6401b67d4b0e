/** A text as words that compare without case and accents, each with its place in the text. */
import { foldCase } from '../../store/text.js';

export interface Word {
  /** In lower case and without accents. */
  word: string;
  /** Where it begins and ends in the text, in UTF-16 units. */
  start: number;
  end: number;
}

/** A run of letters and digits; Chinese is written without spaces, so that each of its characters is a word. */
const run = /\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{M}\p{N}])+/gu;

/** Lower case without accents: texts that differ only in these become equal. */
export function foldAccents(text: string): string {
  return foldCase(text.normalize('NFKD').replace(/\p{M}+/gu, '')).normalize('NFC');
}

export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  for (const { 0: found, index } of text.matchAll(run)) {
    const word = foldAccents(found);
    if (word !== '') words.push({ word, start: index, end: index + found.length });
  }
  return words;
}

/** The words of a field's name: "heelHeight_cm" has three. */
export function namesOf(field: string): string[] {
  const apart = field.replaceAll('_', ' ').replace(/(\p{Ll}|\d)(?=\p{Lu})/gu, '$1 ');
  return wordsOf(apart).map(({ word }) => word);
}

/** Whether these words stand at a place. */
export function standsAt(words: readonly Word[], at: number, wanted: readonly string[]): boolean {
  return (
    wanted.length > 0 && at >= 0 && at + wanted.length <= words.length && wanted.every((word, i) => words[at + i]?.word === word)
  );
}
