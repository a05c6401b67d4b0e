/** Spelling corrections of modification texts, from a JSON file { "wrong": "right", ... } as some authors publish them. */
import { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { readJson } from '../../core/files.js';
import { explain } from './rows.js';
import { joinCaptions } from './triplets.js';

/** Wrong word, in small letters, -> what to write instead; an empty text leaves the word out. */
export type Corrections = ReadonlyMap<string, string>;

/** Reads a file of corrections. @throws LimnError IO or DATA that names the file and the word */
export async function readCorrections(path: string): Promise<Corrections> {
  const parsed = z.record(z.string(), z.string()).safeParse(await readJson(path, 'spelling corrections'));
  if (!parsed.success) {
    throw new LimnError('DATA', `${path} must be an object of { "wrong": "right" }: ${explain(parsed.error)}.`, {
      details: { path },
    });
  }
  return new Map(Object.entries(parsed.data).map(([wrong, right]) => [wrong.trim().toLowerCase(), right.trim()]));
}

/** The protocol text of captions (see {@link joinCaptions}) with whole words corrected, each once. Never empty through a correction. */
export function protocolText(captions: readonly string[], corrections?: Corrections): string {
  return joinCaptions(correctCaptions(captions, corrections));
}

/** Captions with whole words corrected, each once; one that would lose all of its words stays as it is. */
export function correctCaptions(captions: readonly string[], corrections?: Corrections): readonly string[] {
  if (!corrections) return captions;
  const pattern = patternOf(corrections);
  return captions.map((caption) => {
    const corrected = caption.replace(
      pattern,
      (found) => corrections.get(found.toLowerCase()) ?? correctQuoted(found, corrections),
    );
    return corrected.replace(/\s+/g, ' ').trim() || caption;
  });
}

const patterns = new WeakMap<Corrections, RegExp>();

/** Finds words, and what is longer or other than a word and is corrected too ("t-shrit", "a lot of"). */
function patternOf(corrections: Corrections): RegExp {
  const known = patterns.get(corrections);
  if (known) return known;
  const letter = "[\\p{L}\\p{M}\\p{N}'’]";
  const word = new RegExp(`^${letter}+$`, 'u');
  const others = [...corrections.keys()].filter((key) => key !== '' && !word.test(key)).sort((a, b) => b.length - a.length);
  const parts = [...others.map(escaped), `${letter}+`].join('|');
  const pattern = new RegExp(`(?<!${letter})(?:${parts})(?!${letter})`, 'giu');
  patterns.set(corrections, pattern);
  return pattern;
}

/** A word in single quotes: the quotes stay, and what they hold is corrected. */
function correctQuoted(found: string, corrections: Corrections): string {
  let [from, to] = [0, found.length];
  while (from < to && isQuote(found[from])) from++;
  while (to > from && isQuote(found[to - 1])) to--;
  const right = corrections.get(found.slice(from, to).toLowerCase());
  return right === undefined ? found : found.slice(0, from) + right + found.slice(to);
}

const isQuote = (character: string | undefined) => character === "'" || character === '’';
const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
