/** What a model reaches with one side of the query: the texts alone, or the references alone, as a gallery answers such searches. */
import { averageImage } from '../../models/retrieval/average-image.js';
import { scoreVectors } from '../../models/retrieval/embeddings.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import type { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import type { Split } from '../data/triplets.js';
import { applyProtocol, type Protocol } from './protocols/index.js';
import { type RankingReport, rankSplit } from './report.js';
import { scoreQueries } from './scores.js';

export interface OneSidedOptions {
  model: RetrievalModel;
  split: Split;
  /** Holds every image of the gallery and every reference. */
  images: ImageFeatures;
  protocol: Protocol;
  ks?: readonly number[] | undefined;
  signal?: AbortSignal | undefined;
}

/** Reports of the whole query, of its text with the average image, and of its reference as a gallery stores it. */
export async function evaluateSides(options: OneSidedOptions): Promise<Record<'both' | 'text' | 'image', RankingReport>> {
  const { model, split, images, protocol, ks, signal } = options;
  const applied = applyProtocol(protocol, split);
  const rowsOf = (ids: readonly string[]) => ids.map((id) => images.rowOf(id) as number);
  const texts = split.triplets.map(({ text }) => text);
  const references = rowsOf(split.triplets.map(({ reference }) => reference));
  const gallery = await model.embedTargets(images, rowsOf(applied.gallery), { signal });
  const asked = {
    both: await model.embedQueries(images, references, texts, { signal }),
    text: await model.embedQueries(
      averageImage(model.config, model.parts.weights),
      texts.map(() => 0),
      texts,
      { signal },
    ),
    image: await model.embedTargets(images, references, { signal }),
  };
  const rank = (queries: (typeof asked)['both']) => {
    const scores = scoreQueries(scoreVectors(queries, model.gamma), scoreVectors(gallery, model.gamma), { signal });
    return rankSplit(protocol, split, applied, scores, ks ? { ks } : {});
  };
  return { both: await rank(asked.both), text: await rank(asked.text), image: await rank(asked.image) };
}
