/** The query whose rank the demo tells after every epoch. */
import { join } from 'node:path';
import { z } from 'zod';
import { readJson, writeFileAtomic } from '../../../core/files.js';
import type { Split, Triplet } from '../../../learning/data/triplets.js';

const historySchema = z.array(z.strictObject({ epoch: z.int(), rank: z.int() }));
export type RankHistory = z.infer<typeof historySchema>;

/** The first of the validation queries with the fewest words: easy to read, and known before anything is trained, so that nobody picks it. */
export function followedQuery({ triplets }: Pick<Split, 'triplets'>): { index: number; triplet: Triplet } {
  const words = triplets.map(({ text }) => text.split(' ').length);
  const index = words.indexOf(words.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY));
  return { index, triplet: triplets[index] as Triplet };
}

export function introduction({ triplets }: Pick<Split, 'triplets'>): string {
  const { index, triplet } = followedQuery({ triplets });
  return `The query that is followed: image ${triplet.reference}, "${triplet.text}" (number ${index + 1} of ${triplets.length} validation queries, the first of those with the fewest words; nobody picked it).`;
}

/** "target at 41 -> 12 -> 3 of 699". @param candidates images that are ranked */
export function rankLine(history: RankHistory, candidates: number): string {
  return `target at ${history.map(({ rank }) => rank).join(' -> ')} of ${candidates}`;
}

/** The rank that half of all queries reach. */
export function medianOf(ranks: readonly number[]): number {
  return [...ranks].sort((a, b) => a - b)[Math.floor((ranks.length - 1) / 2)] ?? 0;
}

/** The ranks after earlier epochs, for a training that is gone on with. */
export async function readHistory(folder: string): Promise<RankHistory> {
  const value = await readJson(fileIn(folder), 'the ranks of a query').catch(() => []);
  return historySchema.catch([]).parse(value);
}

/** @returns the history with the rank after an epoch, in place of what was said of it and later ones before */
export async function addRank(folder: string, history: RankHistory, epoch: number, rank: number): Promise<RankHistory> {
  const longer = [...history.filter((entry) => entry.epoch < epoch), { epoch, rank }];
  await writeFileAtomic(fileIn(folder), `${JSON.stringify(longer)}\n`);
  return longer;
}

const fileIn = (folder: string) => join(folder, 'followed-query.json');
