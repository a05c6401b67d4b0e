/** Draws pairs of a reference and a target that are alike to the image encoder, or in their attributes, and differ in one to three of these. */
import { dot } from '../../core/dot.js';
import { throwIfAborted } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress.js';
import type { Random } from '../../core/random.js';
import type { ScoreVectors } from '../eval/vectors.js';
import { type AttributeChange, type Differences, drawChangeCount, mostChanges } from './changes.js';
import type { FreeWords } from './free-words.js';
import type { Kinds } from './kinds.js';

export interface DrawnPair {
  readonly reference: number;
  readonly target: number;
  /** How it was found: among the nearest images, or among all of few changes. */
  readonly strategy: 'near' | 'attributes';
  /** Cosine of the images' vectors, from their mean. */
  readonly similarity: number;
  readonly changes: readonly AttributeChange[];
}

export interface PairOptions {
  /** Rows that pairs are drawn among. */
  rows: readonly number[];
  /** Most pairs from each reference. */
  perReference: number;
  differences: Differences;
  /** Which rows the table describes by different columns: they are paired now and then. */
  kinds: Kinds;
  /** Tells half of the pairs, which are near images then, whatever their attributes. */
  words?: FreeWords | undefined;
  /** One row a product, of length 1. */
  vectors: ScoreVectors;
  random: Random;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

/** Others that a reference is compared with: all of a small catalogue, a draw from a large one. */
const poolSize = 1500;
/** A near target is one of so many nearest. */
const nearest = 16;
const nearShare = 0.6;
const wordsShare = 0.5;
/**
 * How often a reference is paired with a product that the table describes by other columns, where there is another choice. Few attributes are
 * shared there, so that few differ, and without this bound most pairs would be of this sort; people seldom ask for a skirt from the image of a boot.
 */
const apartShare = 0.2;
/** How often a number that differs is told too, where there is room for it. */
const comparisonShare = 0.35;

/** Pairs by reference, in the order of `rows`; the same seed gives the same pairs. */
export function drawPairs(options: PairOptions): DrawnPair[] {
  const { rows, perReference, differences, kinds, words, vectors, random, signal, onProgress } = options;
  const { data, width } = vectors;
  const similarity = (a: number, b: number) => dot(data, a * width, data, b * width, width);
  const found: DrawnPair[] = [];
  for (const [at, reference] of rows.entries()) {
    if (at % 256 === 0) {
      throwIfAborted(signal, 'drawing pairs');
      onProgress?.({ stage: 'draw pairs', done: at, total: rows.length });
    }
    const open: CandidateRow[] = [];
    const others: CandidateRow[] = [];
    for (const other of poolOf(rows, random)) {
      if (other === reference) continue;
      const changes = differences.count(reference, other);
      // Where nothing else differs, numbers may.
      const isTold = changes === 0 ? differences.comparisons(reference, other).length > 0 : changes <= mostChanges;
      if (!isTold && !words) continue;
      const candidate = {
        row: other,
        changes: Math.max(1, changes),
        similarity: similarity(reference, other),
        isApart: isTold && kinds.areApart(reference, other),
      };
      if (words) others.push(candidate);
      if (isTold) open.push(candidate);
    }
    open.sort(nearestFirst);
    const inWords = Math.round((open.length === 0 ? 1 : wordsShare) * perReference);
    const pairs = words ? pairsInWords(reference, others, { words, most: inWords, random }) : [];
    found.push(...pairs);
    const taken = new Set(pairs.map(({ target }) => target));
    const free = open.filter(({ row }) => !taken.has(row)).length;
    const all = Math.min(perReference, taken.size + free);
    while (taken.size < all) {
      const isNear = random.uniform() < nearShare;
      const candidate = pick(open, taken, isNear, random);
      taken.add(candidate.row);
      found.push({
        reference,
        target: candidate.row,
        strategy: isNear ? 'near' : 'attributes',
        similarity: candidate.similarity,
        changes: told(differences, reference, candidate.row, random),
      });
    }
  }
  return found;
}

/** Pairs with some of the nearest others, told in the words of their texts. */
function pairsInWords(
  reference: number,
  others: readonly CandidateRow[],
  { words, most, random }: { words: FreeWords; most: number; random: Random },
): DrawnPair[] {
  const pairs: DrawnPair[] = [];
  for (const { row, similarity } of random.shuffle([...others].sort(nearestFirst).slice(0, nearest))) {
    if (pairs.length >= most) break;
    const changes = words.changes(reference, row, random);
    if (changes.length > 0) pairs.push({ reference, target: row, strategy: 'near', similarity, changes });
  }
  return pairs;
}

interface CandidateRow {
  row: number;
  changes: number;
  similarity: number;
  isApart: boolean;
}

const nearestFirst = (a: CandidateRow, b: CandidateRow) => b.similarity - a.similarity || a.row - b.row;

function poolOf(rows: readonly number[], random: Random): readonly number[] {
  if (rows.length <= poolSize) return rows;
  const drawn = new Set<number>();
  while (drawn.size < poolSize) drawn.add(random.pick(rows));
  return [...drawn];
}

/** One that is not taken, of the wanted kind and number of changes where there is one. */
function pick(open: readonly CandidateRow[], taken: ReadonlySet<number>, isNear: boolean, random: Random): CandidateRow {
  const wanted = drawChangeCount(random);
  const free = ofKind(
    open.filter(({ row }) => !taken.has(row)),
    random,
  );
  const fitting = free.filter(({ changes }) => changes === wanted);
  const choice = fitting.length > 0 ? fitting : free;
  return random.pick(isNear ? choice.slice(0, nearest) : choice);
}

/** Those that the table describes by the reference's columns, or by others; all where there is one sort alone. */
function ofKind(open: readonly CandidateRow[], random: Random): readonly CandidateRow[] {
  const apart = open.filter(({ isApart }) => isApart);
  if (apart.length === 0 || apart.length === open.length) return open;
  return random.uniform() < apartShare ? apart : open.filter(({ isApart }) => !isApart);
}

/** The changes that the text tells: all of categories and lists, and now and then one of numbers. */
function told(differences: Differences, reference: number, target: number, random: Random): AttributeChange[] {
  const changes = differences.changes(reference, target);
  const comparisons = differences.comparisons(reference, target);
  if (comparisons.length === 0 || changes.length >= mostChanges) return random.shuffle(changes);
  if (changes.length > 0 && random.uniform() >= comparisonShare) return random.shuffle(changes);
  return random.shuffle([...changes, random.pick(comparisons)]);
}
