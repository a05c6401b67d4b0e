/** Measures a trained model: a rank for every query, and the best hits of some queries. */
import { LimnError } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import type { Split } from '../data/triplets.js';
import { applyProtocol, type Protocol } from '../eval/protocols.js';
import { rankOf } from '../eval/ranking.js';
import { blockScores } from '../eval/scores.js';
import { scoreVectors } from '../models/embeddings.js';
import type { LimnModel } from '../models/limn-model.js';
import type { PictureSource } from '../models/picture-source.js';
import type { Ranks } from './metrics.js';
import type { RunResult } from './result.js';

export interface MeasureOptions {
  model: LimnModel;
  split: Split;
  pictures: PictureSource;
  protocol: Protocol;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

export interface Measured extends Ranks {
  queries: number;
  gallery: number;
  examples: RunResult['examples'];
}

const exampleQueries = 24;
const exampleHits = 8;

/** @throws LimnError DATA when a picture that the protocol needs could not be read */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const { model, split, pictures, protocol, signal, onProgress } = options;
  const { gallery, queries } = applyProtocol(protocol, split);
  const rows = (ids: readonly string[]) =>
    ids.map((id) => {
      const row = pictures.rowOf(id);
      if (row === undefined) throw new LimnError('DATA', `Picture ${id} could not be read, but ${protocol.id} needs it.`);
      return row;
    });
  const stage = { signal, onProgress };
  const targets = await model.embedTargets(pictures, rows(gallery), stage);
  const references = rows(split.triplets.map(({ reference }) => reference));
  const texts = split.triplets.map(({ text }) => text);
  const asked = await model.embedQueries(pictures, references, texts, stage);
  const shown = evenlySpread(queries.length, exampleQueries);
  const ranks: number[] = [];
  const examples: RunResult['examples'] = [];
  const { gamma } = model.config;
  for await (const { from, count, scores } of blockScores(scoreVectors(asked, gamma), scoreVectors(targets, gamma))) {
    for (let i = 0; i < count; i++) {
      const row = scores.subarray(i * gallery.length, (i + 1) * gallery.length);
      const query = queries[from + i]!;
      const rank = rankOf({ scores: row, ...query });
      ranks.push(rank);
      if (!shown.has(from + i)) continue;
      const { reference, text, targets: wanted } = split.triplets[from + i]!;
      const hits = bestHits(row, query.excluded, exampleHits).map((index) => gallery[index] as string);
      examples.push({ reference, text, targets: [...wanted], rank, hits });
    }
  }
  return { queries: queries.length, gallery: gallery.length, ranks, subsetRanks: [], examples };
}

const evenlySpread = (total: number, count: number) =>
  new Set(Array.from({ length: Math.min(total, count) }, (_, i) => Math.floor(((i + 0.5) * total) / Math.min(total, count))));

/** Indices of the best scores, best first, ties by place. */
function bestHits(scores: Float32Array, excluded: readonly number[], count: number): number[] {
  return Array.from(scores.keys())
    .filter((index) => !excluded.includes(index))
    .sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)
    .slice(0, count);
}
