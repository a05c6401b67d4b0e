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
  return captions.map((caption) => {
    const corrected = caption.replace(/[\p{L}\p{N}'’]+/gu, (word) => corrections.get(word.toLowerCase()) ?? word);
    return corrected.replace(/\s+/g, ' ').trim() || caption;
  });
}
