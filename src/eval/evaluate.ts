/** Scores a model on a split under a named protocol. */

import { LimnError } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import type { Split } from '../data/triplets.js';
import { type Embeddings, scoreVectors } from '../models/embeddings.js';
import type { LimnModel } from '../models/limn-model.js';
import type { PictureSource } from '../models/picture-source.js';
import { applyProtocol, type Protocol } from './protocols.js';
import { rankOf, recallAt } from './ranking.js';
import { blockScores } from './scores.js';

export interface EvaluateOptions {
  model: LimnModel;
  split: Split;
  /** Holds every picture of the protocol's gallery and every reference. */
  pictures: PictureSource;
  protocol: Protocol;
  /** The K of recall at K. @default [1, 10, 50] */
  ks?: readonly number[];
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

export interface EvaluationReport {
  /** Id of the protocol. */
  protocol: string;
  split: string;
  queries: number;
  gallery: number;
  /** Pictures that the split names and that were absent. */
  missing: number;
  /** R@K in percent by K. */
  recall: Record<string, number>;
  model: { hash: string; encoder: string };
  seconds: number;
}

/**
 * Ranks the gallery for every query of a split.
 *
 * @throws LimnError DATA when a picture of the gallery or a reference is not among `pictures`
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  const started = performance.now();
  const { model, split, pictures, protocol, ks = [1, 10, 50], signal, onProgress } = options;
  const { gallery, queries } = applyProtocol(protocol, split);
  const rows = (ids: readonly string[]) =>
    ids.map((id) => {
      const row = pictures.rowOf(id);
      if (row === undefined)
        throw new LimnError('DATA', `Picture ${id} could not be read, but ${protocol.id} needs it. Replace its file.`, {
          details: { id },
        });
      return row;
    });
  const stage = { signal, onProgress };
  const targets = await model.embedTargets(pictures, rows(gallery), stage);
  const references = rows(split.triplets.map(({ reference }) => reference));
  const asked = await model.embedQueries(
    pictures,
    references,
    split.triplets.map(({ text }) => text),
    stage,
  );
  const ranks = await rankAll(asked, targets, model.config.gamma, queries);
  return {
    protocol: protocol.id,
    split: split.name,
    queries: queries.length,
    gallery: gallery.length,
    missing: split.missing.length,
    recall: recallAt(ranks, ks),
    model: { hash: model.hash, encoder: model.parts.encoder.id },
    seconds: (performance.now() - started) / 1000,
  };
}

async function rankAll(
  queries: Embeddings,
  gallery: Embeddings,
  gamma: number,
  asked: readonly { targets: number[]; excluded: number[] }[],
): Promise<number[]> {
  const ranks: number[] = [];
  for await (const { from, count, scores } of blockScores(scoreVectors(queries, gamma), scoreVectors(gallery, gamma))) {
    for (let i = 0; i < count; i++) {
      const { targets, excluded } = asked[from + i]!;
      ranks.push(rankOf({ scores: scores.subarray(i * gallery.count, (i + 1) * gallery.count), targets, excluded }));
    }
  }
  return ranks;
}
