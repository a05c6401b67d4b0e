/** Scores a model, or vectors from anywhere, on a split under a named protocol. */

import { LimnError } from '../../core/errors.js';
import { presentOptions } from '../../core/former-names.js';
import type { OnProgress } from '../../core/progress.js';
import { scoreVectors } from '../../models/retrieval/embeddings.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import type { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import type { Split } from '../data/triplets.js';
import { requireUsable } from '../data/usable.js';
import { applyProtocol, type Protocol } from './protocols/index.js';
import { type RankingOptions, type RankingReport, rankSplit } from './report.js';
import { scoreQueries } from './scores.js';
import { countOf, type NameOf, normalizeRows, type RawVectors, selectRows } from './vectors.js';

/** Options of {@link evaluate}. */
export interface EvaluateOptions extends RankingOptions {
  /** The model to evaluate. */
  model: RetrievalModel;
  /** The queries and their images. */
  split: Split;
  /** Holds every picture of the protocol's gallery and every reference. */
  images: ImageFeatures;
  /** The gallery, and what counts as a hit; see {@link findProtocol}. */
  protocol: Protocol;
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress | undefined;
}

/** The result of {@link evaluate}. */
export interface EvaluationReport extends RankingReport {
  /** The hash of the model's weights, and its image encoder. */
  model: { hash: string; encoder: string };
  /** How long it took. */
  seconds: number;
}

/**
 * Ranks the gallery for every query of a split with a model.
 *
 * @throws LimnError DATA when a picture of the gallery or a reference is not among `pictures`
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationReport> {
  const started = performance.now();
  const { model, split, images, protocol, signal, onProgress } = presentOptions(options);
  requireUsable(split, 'evaluate');
  const applied = applyProtocol(protocol, split);
  const rows = (ids: readonly string[]) =>
    ids.map((id) => {
      const row = images.rowOf(id);
      if (row === undefined)
        throw new LimnError('DATA', `Picture ${id} could not be read, but ${protocol.id} needs it. Replace its file.`, {
          details: { id },
        });
      return row;
    });
  const stage = { signal, onProgress };
  const targets = await model.embedTargets(images, rows(applied.gallery), stage);
  const references = rows(split.triplets.map(({ reference }) => reference));
  const asked = await model.embedQueries(
    images,
    references,
    split.triplets.map(({ text }) => text),
    stage,
  );
  const { gamma } = model;
  const scores = scoreQueries(scoreVectors(asked, gamma), scoreVectors(targets, gamma), stage);
  const report = await rankSplit(protocol, split, applied, scores, options);
  return {
    ...report,
    model: { hash: model.hash, encoder: model.parts.encoder.id },
    seconds: (performance.now() - started) / 1000,
  };
}

/** Options of {@link evaluateVectors}. */
export interface EvaluateVectorsOptions extends RankingOptions {
  /** One row a triplet of the split, in order. */
  queries: RawVectors;
  /** One row a picture, with the pictures' ids; more pictures than the protocol ranks may be there. */
  gallery: RawVectors & { ids: readonly string[] };
  /** The queries and their images. */
  split: Split;
  /** The gallery, and what counts as a hit; see {@link findProtocol}. */
  protocol: Protocol;
  /**
   * Divide every row by its length, as the protocols have it. Without, rows are taken as they are.
   * @default true
   */
  normalize?: boolean;
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress | undefined;
}

/** The result of {@link evaluateVectors}. */
export interface VectorsReport extends RankingReport {
  /** How long it took. */
  seconds: number;
}

/**
 * Ranks the gallery for every query of a split by the inner products of vectors that were made anywhere.
 *
 * @example
 * const report = await evaluateVectors({ queries, gallery: { ...vectors, ids }, split, protocol: findProtocol('cirr-val') });
 * console.log(report.metrics['R@5']);
 *
 * @throws LimnError DATA when counts or widths do not fit, a picture of the gallery has no vector, or a vector is all zeros;
 * NOT_FINITE for NaN or infinity
 */
export async function evaluateVectors(options: EvaluateVectorsOptions): Promise<VectorsReport> {
  const started = performance.now();
  const { queries, gallery, split, protocol, normalize = true, signal, onProgress } = options;
  requireUsable(split, 'evaluate');
  const applied = applyProtocol(protocol, split);
  if (countOf(queries) !== split.triplets.length) {
    const message = `There are ${countOf(queries)} query vectors for ${split.triplets.length} triplets of the split ${split.name}; give one row for each triplet, in the order of the annotations.`;
    throw new LimnError('DATA', message, { details: { vectors: countOf(queries), triplets: split.triplets.length } });
  }
  if (queries.width !== gallery.width) {
    const message = `Query vectors have ${queries.width} numbers and gallery vectors ${gallery.width}; both must come from the same model.`;
    throw new LimnError('DATA', message, { details: { queries: queries.width, gallery: gallery.width } });
  }
  const isListed = gallery.ids.length === applied.gallery.length && gallery.ids.every((id, row) => id === applied.gallery[row]);
  // A gallery that names a picture several times (Fashion200K) may have a row for each.
  const ranked = isListed ? gallery : selectRows(gallery, applied.gallery, `pictures that ${protocol.id} ranks`);
  // Where either side is in doubles, both are scored in doubles.
  const doubles = [queries, gallery].some(({ data }) => data instanceof Float64Array);
  const ready = ({ data, width }: RawVectors, nameOf: NameOf): RawVectors => {
    const vectors = { width, data: doubles ? Float64Array.from(data) : data };
    return normalize ? normalizeRows(vectors, nameOf) : vectors;
  };
  const asked = ready(queries, (row) => `query ${row + 1} (${split.triplets[row]?.source})`);
  const targets = ready(ranked, (row) => `gallery picture ${applied.gallery[row]}`);
  const scores = scoreQueries(asked, targets, { signal, onProgress });
  const report = await rankSplit(protocol, split, applied, scores, options);
  return { ...report, seconds: (performance.now() - started) / 1000 };
}
