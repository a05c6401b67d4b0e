/**
 * METEOR's alignment: the words of a caption paired one to one with those of a reference. Of all alignments those with the most pairs
 * count, of those the ones with the most pairs of equal words (the others are of equal stems), and of those the one in the
 * fewest chunks, which the papers approximate by the fewest crossings.
 *
 * The caption is read word by word, and all ways to pair what was read are kept that differ in what can follow. Where words are not repeated
 * there is one; where they are repeated so much that there are hundreds, the best are kept.
 */
import type { Words } from './ngrams.js';
import { porterStem } from './porter-stem.js';

const mostKept = 200;

/** One way to pair the words read so far. */
interface Partial {
  /** For each word of the reference "1" when it is paired, else "0". */
  paired: string;
  /** Where the last word of the caption was paired, or a number that is before no word of the reference. */
  last: number;
  unequal: number;
  chunks: number;
}

const nowhere = -2;

/** @returns how many pairs there are, and in how many chunks */
export function alignWords(caption: Words, reference: Words): { pairs: number; chunks: number } {
  const stems = caption.map(porterStem);
  const positions = new Map<string, number[]>();
  reference.forEach((word, position) => {
    const stem = porterStem(word);
    positions.set(stem, [...(positions.get(stem) ?? []), position]);
  });
  let partials: Partial[] = [{ paired: '0'.repeat(reference.length), last: nowhere, unequal: 0, chunks: 0 }];
  caption.forEach((word, at) => {
    const stem = stems[at] as string;
    const later = stems.filter((other, index) => index > at && other === stem).length;
    const next = new Map<string, Partial>();
    const keep = (partial: Partial) => {
      const key = `${partial.paired} ${partial.last}`;
      const other = next.get(key);
      if (!other || better(partial, other) < 0) next.set(key, partial);
    };
    for (const partial of partials) {
      const free = (positions.get(stem) ?? []).filter((position) => partial.paired[position] === '0');
      // Words that are left unpaired must not make the pairs fewer.
      if (free.length <= later) keep({ ...partial, last: nowhere });
      for (const position of free) {
        keep({
          paired: `${partial.paired.slice(0, position)}1${partial.paired.slice(position + 1)}`,
          last: position,
          unequal: partial.unequal + (word === reference[position] ? 0 : 1),
          chunks: partial.chunks + (position === partial.last + 1 ? 0 : 1),
        });
      }
    }
    partials = [...next.values()];
    if (partials.length > mostKept) partials = partials.sort(better).slice(0, mostKept);
  });
  const best = partials.sort(better)[0] as Partial;
  return { pairs: [...best.paired].filter((mark) => mark === '1').length, chunks: best.chunks };
}

function better(a: Partial, b: Partial): number {
  return a.unequal - b.unequal || a.chunks - b.chunks;
}
