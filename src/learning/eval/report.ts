/** Ranks every query of a split under a protocol and sums up. */
import type { Split } from '../data/triplets.js';
import { chanceOf } from './chance.js';
import type { AppliedProtocol, Protocol, Rankings } from './protocols/index.js';
import { orderOf, rankOf, recallAt, topOf } from './ranking.js';
import type { QueryScores } from './scores.js';

/** Recall and the other metrics of a protocol, with the rank of each query. */
export interface RankingReport {
  /** Id of the protocol. */
  protocol: string;
  /** Name of the split. */
  split: string;
  /** How many queries were ranked. */
  queries: number;
  /** How many images were ranked. */
  gallery: number;
  /** Pictures that the split names and that were absent. */
  missing: number;
  /** R@K in percent by K. */
  recall: Record<string, number>;
  /** Everything the protocol reports, in percent by name: "R@10", and e.g. "Rsubset@1" and "average". */
  metrics: Record<string, number>;
  /** What a random ranking is expected to have of these metrics, in percent; empty where no targets are known. */
  chance: Record<string, number>;
  /** The rank, from 1, of each query's best target, in the order of the split's triplets; empty where no targets are known. */
  ranks: number[];
  /** The same among each query's own subset; empty where the protocol has none. */
  subsetRanks: number[];
  /** Only when `top` was asked for. */
  rankings?: Rankings;
}

/** What a ranking reports. */
export interface RankingOptions {
  /** The K of recall at K. @default those of the protocol */
  ks?: readonly number[] | undefined;
  /** How many of the best pictures to list for each query. @default none */
  top?: number | undefined;
}

/** @param scores the scores of every triplet of the split, in order */
export async function rankSplit(
  protocol: Protocol,
  split: Split,
  applied: AppliedProtocol,
  scores: AsyncIterable<QueryScores> | Iterable<QueryScores>,
  { ks = protocol.ks, top }: RankingOptions = {},
): Promise<RankingReport> {
  const { gallery, queries } = applied;
  const ranks: number[] = [];
  const subsetRanks: number[] = [];
  const rankings = { gallery: [] as string[][], subset: [] as string[][] };
  const named = (indices: readonly number[]) => indices.map((index) => gallery[index] as string);
  let at = 0;
  for await (const score of scores) {
    const { targets, excluded, subset } = queries[at++]!;
    if (protocol.answers) ranks.push(rankOf({ scores: score, targets, excluded }));
    const ordered = subset && orderOf(score, subset);
    if (ordered && protocol.answers) subsetRanks.push(ordered.findIndex((index) => targets.includes(index)) + 1);
    if (top !== undefined) {
      rankings.gallery.push(named(topOf(score, top, excluded)));
      if (ordered) rankings.subset.push(named(ordered));
    }
  }
  const recall = recallAt(ranks, ks);
  return {
    protocol: protocol.id,
    split: split.name,
    queries: queries.length,
    gallery: gallery.length,
    missing: split.missing.length,
    recall,
    metrics: {
      ...Object.fromEntries(Object.entries(recall).map(([k, percent]) => [`R@${k}`, percent])),
      ...protocol.metrics?.({ ranks, subsetRanks }),
    },
    chance: protocol.answers ? namedChance(protocol, applied, ks) : {},
    ranks,
    subsetRanks,
    ...(top === undefined ? {} : { rankings }),
  };
}

/** The chance of every metric by its name in reports. */
function namedChance(protocol: Protocol, applied: AppliedProtocol, ks: readonly number[]): Record<string, number> {
  const { recall } = chanceOf(applied, ks);
  return {
    ...Object.fromEntries(ks.map((k) => [`R@${k}`, recall[k] as number])),
    ...protocol.chance?.((which) => chanceOf(applied, which)),
  };
}
