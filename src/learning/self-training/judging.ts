/** Judging: which generated texts are good enough to train on, and how much each of them counts. */
import { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import type { MinedPair } from './mining.js';
import type { Strategy } from './pair-config.js';

const positive = z.int().positive();

export const judgeSettings = z.strictObject({
  /** Greatest rank of the intended target among the gallery sample. */
  rank: positive.default(10),
  /** Least margin over the same text on other references. */
  margin: z.number().default(0),
  /** What the margin is taken to: the best score of the others, or their mean. */
  marginTo: z.enum(['best', 'mean']).default('mean'),
  /** Least mean log probability of a token, the captioner's own opinion. @default any */
  likelihood: z.number().max(0).optional(),
  /** Greatest share of a strategy's candidates that is kept, the best of them. */
  keep: z.number().positive().max(1).default(1),
  /** Texts are alike when they differ in case, punctuation and white space alone. The best of those alike stay. */
  thin: z
    .strictObject({
      /** Most pairs with the same text. */
      text: positive.default(50),
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
  /** Score of the pair over that of the same text on other references. */
  readonly margin: number;
}

/**
 * Why a candidate was refused: it has no words, or fell short in one of the measures (the first of them), or its text is one of too
 * many alike, or others of its strategy are better.
 */
export const reasons = ['accepted', 'empty', 'rank', 'margin', 'likelihood', 'alike', 'share'] as const;
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
 * Judges candidates together. Thresholds come first, then alike texts are thinned, then the share of each strategy is kept; both
 * keep the better ones: lower rank, then greater margin, then greater likelihood, then the order given.
 *
 * @throws LimnError NOT_FINITE for a rank, margin or likelihood that is no number
 */
export function judge(candidates: readonly PairCandidate[], settings: JudgeSettings): Judgement {
  const texts = candidates.map(({ text }) => normalizeText(text));
  const found = candidates.map((candidate, at) => threshold(candidate, texts[at] as string, settings));
  const bestFirst = [...candidates.keys()]
    .filter((at) => found[at] === 'accepted')
    .sort((a, b) => compare(candidates[a] as PairCandidate, candidates[b] as PairCandidate) || a - b);

  const { thin, keep } = settings;
  const [alike, alikeOfReference, kept, all] = [new Tally(), new Tally(), new Tally(), new Tally()];
  for (const { strategy } of candidates) all.add(strategy);
  for (const at of bestFirst) {
    const { reference, strategy } = candidates[at] as PairCandidate;
    const text = texts[at] as string;
    const ofReference = JSON.stringify([reference, text]);
    if (alike.of(text) >= thin.text || alikeOfReference.of(ofReference) >= thin.reference) found[at] = 'alike';
    else if (kept.of(strategy) >= Math.ceil(keep * all.of(strategy))) found[at] = 'share';
    else
      for (const [tally, key] of [
        [alike, text],
        [alikeOfReference, ofReference],
        [kept, strategy],
      ] as const)
        tally.add(key);
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

function threshold(
  { reference, target, rank, margin, likelihood }: PairCandidate,
  text: string,
  settings: JudgeSettings,
): Reason {
  for (const [name, value] of Object.entries({ rank, margin, likelihood })) {
    if (Number.isFinite(value)) continue;
    const message = `The ${name} of the text for ${reference} -> ${target} is ${value}; the model that computed it is damaged: train it again.`;
    throw new LimnError('NOT_FINITE', message, { details: { reference, target, [name]: value } });
  }
  if (text === '') return 'empty';
  if (rank > settings.rank) return 'rank';
  if (margin < settings.margin) return 'margin';
  if (settings.likelihood !== undefined && likelihood < settings.likelihood) return 'likelihood';
  return 'accepted';
}

function compare(a: PairCandidate, b: PairCandidate): number {
  return a.rank - b.rank || b.margin - a.margin || b.likelihood - a.likelihood;
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
