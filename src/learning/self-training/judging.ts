/** Judging: which generated texts are good enough to train on, and how much each of them counts. */
import { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import type { MinedPair } from './mining.js';
import type { Strategy } from './pair-config.js';

const positive = z.int().positive();

export const judgeSettings = z.strictObject({
  /**
   * What makes a text better. "dual": the mean of its ranks by the captioner's likelihood and by LIMN's margin over other texts for the
   * same pair; as many as training takes are accepted, the best of them. "rank": that of the intended target among the gallery sample.
   */
  order: z.enum(['dual', 'rank']).default('dual'),
  /** Greatest rank of the intended target among the gallery sample. @default 10 in the order "rank", else any */
  rank: positive.optional(),
  /** Least margin over the same text on other references. @default 0 in the order "rank"; else any, and none is computed */
  margin: z.number().optional(),
  /** What both margins are taken to: the best score of the others, or their mean. */
  marginTo: z.enum(['best', 'mean']).default('mean'),
  /** Least mean log probability of a token, the captioner's own opinion. @default any */
  likelihood: z.number().max(0).optional(),
  /** Whether texts pass that say a word, or a run of words, twice in a row or in place of itself; what a captioner without skill writes. */
  repeats: z.boolean().default(false),
  /** Greatest share of a strategy's candidates that is kept, the best of them. */
  keep: z.number().positive().max(1).default(1),
  /** Texts are alike when they differ in case, punctuation and white space alone. The best of those alike stay. */
  thin: z
    .strictObject({
      /** Most pairs with the same text. @default 50 in the order "rank"; else 50, or a hundredth of the candidates where that is more */
      text: positive.optional(),
      /** Most pairs of one reference with the same text. */
      reference: positive.default(1),
    })
    .prefault({}),
  /** What an accepted one counts: 1, 1 / its rank, or the mean probability of its tokens (e to the likelihood). */
  weight: z.enum(['equal', 'rank', 'likelihood']).default('equal'),
});

export type JudgeSettings = z.output<typeof judgeSettings>;

/** A mined pair with its generated text and what the two models say of it. */
export interface PairCandidate extends MinedPair {
  readonly text: string;
  /** Mean log probability of a token under the captioner, 0 or less. */
  readonly likelihood: number;
  /** Of the intended target, from 1. */
  readonly rank: number;
  /** Score of the pair over that of the same text on other references; where the judge looks at it. */
  readonly margin?: number | undefined;
  /** Score of the pair over that of other texts for it; in the order "dual". */
  readonly textMargin?: number | undefined;
}

/**
 * Why a candidate was refused: it has no words, or repeats them, or fell short in one of the measures (the first of them), or its text is
 * one of too many alike, or others of its strategy are better, or others are better and no more are wanted.
 */
export const reasons = ['accepted', 'empty', 'repeats', 'rank', 'margin', 'likelihood', 'alike', 'share', 'enough'] as const;
export type Reason = (typeof reasons)[number];

export interface Verdict {
  readonly accepted: boolean;
  readonly reason: Reason;
  /** In (0, 1] for an accepted one, else 0. */
  readonly weight: number;
}

export interface Judgement {
  /** One a candidate, in their order. */
  verdicts: Verdict[];
  /** How many candidates of each strategy have which reason; strategies without candidates are left out. */
  counts: Partial<Record<Strategy, Record<Reason, number>>>;
}

/**
 * Judges candidates together. Thresholds come first, then alike texts are thinned, then the share of each strategy is kept, then as
 * many as are wanted; all keep the better ones. In the order "rank" that is the lower rank, then the greater margin, then the greater
 * likelihood, then the order given.
 *
 * @param wanted how many are accepted at most. @default as many as pass
 * @throws LimnError NOT_FINITE for a rank, margin or likelihood that is no number
 */
export function judge(
  candidates: readonly PairCandidate[],
  settings: JudgeSettings,
  wanted = Number.POSITIVE_INFINITY,
): Judgement {
  const texts = candidates.map(({ text }) => normalizeText(text));
  const found = candidates.map((candidate, at) => threshold(candidate, texts[at] as string, settings));
  const better = settings.order === 'dual' ? byBoth(candidates) : byRank(candidates);
  const bestFirst = [...candidates.keys()].filter((at) => found[at] === 'accepted').sort((a, b) => better(a, b) || a - b);

  const { thin, keep } = settings;
  const mostAlike = thin.text ?? Math.max(50, settings.order === 'dual' ? Math.round(candidates.length / 100) : 0);
  const [alike, alikeOfReference, kept, all] = [new Tally(), new Tally(), new Tally(), new Tally()];
  for (const { strategy } of candidates) all.add(strategy);
  let accepted = 0;
  for (const at of bestFirst) {
    const { reference, strategy } = candidates[at] as PairCandidate;
    const text = texts[at] as string;
    const ofReference = JSON.stringify([reference, text]);
    if (alike.of(text) >= mostAlike || alikeOfReference.of(ofReference) >= thin.reference) found[at] = 'alike';
    else if (kept.of(strategy) >= Math.ceil(keep * all.of(strategy))) found[at] = 'share';
    else if (accepted >= wanted) found[at] = 'enough';
    else {
      accepted++;
      alike.add(text);
      alikeOfReference.add(ofReference);
      kept.add(strategy);
    }
  }

  const counts: Judgement['counts'] = {};
  const verdicts = candidates.map((candidate, at): Verdict => {
    const reason = found[at] as Reason;
    counts[candidate.strategy] ??= Object.fromEntries(reasons.map((name) => [name, 0])) as Record<Reason, number>;
    (counts[candidate.strategy] as Record<Reason, number>)[reason]++;
    const accepted = reason === 'accepted';
    return { accepted, reason, weight: accepted ? weightOf(candidate, settings) : 0 };
  });
  return { verdicts, counts };
}

/** Lower case, words and numbers alone, one space between them. */
export function normalizeText(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim();
}

/** What English says between a value and the one that it replaces. */
const inPlaceOf: readonly (readonly string[])[] = [
  ['instead', 'of'],
  ['rather', 'than'],
  ['and', 'not'],
  ['but', 'not'],
  ['not'],
];
const articles: ReadonlySet<string> = new Set(['a', 'an', 'the']);

/**
 * Whether a text says a word, or a run of up to four words, twice in a row, or as what takes the place of itself ("black instead of
 * black").
 */
export function repeatsItself(normalized: string): boolean {
  const words = normalized.split(' ');
  for (let length = 1; length <= 4; length++) {
    for (let end = length; end < words.length; end++) {
      const isSame = (from: number) => {
        for (let i = 0; i < length; i++) if (words[end - length + i] !== words[from + i]) return false;
        return true;
      };
      if (isSame(end)) return true;
      const between = inPlaceOf.find((run) => run.every((word, i) => words[end + i] === word));
      if (!between) continue;
      const behind = end + between.length;
      if (isSame(behind) || (articles.has(words[behind] ?? '') && isSame(behind + 1))) return true;
    }
  }
  return false;
}

function threshold(candidate: PairCandidate, text: string, settings: JudgeSettings): Reason {
  const { reference, target, rank, margin, textMargin, likelihood } = candidate;
  for (const [name, value] of Object.entries({ rank, margin, 'margin over other texts': textMargin, likelihood })) {
    if (value === undefined || Number.isFinite(value)) continue;
    const message = `The ${name} of the text for ${reference} -> ${target} is ${value}; the model that computed it is damaged: train it again.`;
    throw new LimnError('NOT_FINITE', message, { details: { reference, target, [name]: value } });
  }
  const isByRank = settings.order === 'rank';
  if (text === '') return 'empty';
  if (!settings.repeats && repeatsItself(text)) return 'repeats';
  if (rank > (settings.rank ?? (isByRank ? 10 : Number.POSITIVE_INFINITY))) return 'rank';
  const least = settings.margin ?? (isByRank ? 0 : undefined);
  if (least !== undefined && margin !== undefined && margin < least) return 'margin';
  if (settings.likelihood !== undefined && likelihood < settings.likelihood) return 'likelihood';
  return 'accepted';
}

/** Whether LIMN's margin over the same text on other references is looked at. */
export const looksAtReferences = ({ order, margin }: JudgeSettings): boolean => order === 'rank' || margin !== undefined;

type Better = (a: number, b: number) => number;

function byRank(candidates: readonly PairCandidate[]): Better {
  const at = (index: number) => candidates[index] as PairCandidate;
  return (a, b) => at(a).rank - at(b).rank || (at(b).margin ?? 0) - (at(a).margin ?? 0) || at(b).likelihood - at(a).likelihood;
}

/** The mean of two ranks among all candidates: that of the captioner's likelihood, and that of LIMN's margin over other texts. */
function byBoth(candidates: readonly PairCandidate[]): Better {
  const captioner = ranksOf(candidates.map(({ likelihood }) => likelihood));
  const limn = ranksOf(candidates.map(({ textMargin = 0 }) => textMargin));
  const quality = captioner.map((rank, at) => rank + (limn[at] as number));
  return (a, b) => (quality[b] as number) - (quality[a] as number);
}

/** The rank of each value from below, from 0; equal values share the mean of theirs. */
export function ranksOf(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => (values[a] as number) - (values[b] as number));
  const ranks = new Array<number>(values.length);
  for (let first = 0; first < order.length; ) {
    let end = first + 1;
    while (end < order.length && values[order[end] as number] === values[order[first] as number]) end++;
    for (let at = first; at < end; at++) ranks[order[at] as number] = (first + end - 1) / 2;
    first = end;
  }
  return ranks;
}

/** Never 0, however unlikely the text. */
function weightOf({ rank, likelihood }: PairCandidate, { weight }: JudgeSettings): number {
  if (weight === 'rank') return 1 / rank;
  return weight === 'likelihood' ? Math.max(Number.MIN_VALUE, Math.min(1, Math.exp(likelihood))) : 1;
}

class Tally {
  private readonly counts = new Map<string, number>();

  of(key: string): number {
    return this.counts.get(key) ?? 0;
  }

  add(key: string): void {
    this.counts.set(key, this.of(key) + 1);
  }
}
