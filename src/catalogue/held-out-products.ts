/** The measurement on products that were held out. */
import { throwIfAborted } from '../core/errors.js';
import type { Split } from '../learning/data/triplets.js';
import { evaluateSides } from '../learning/eval/one-sided.js';
import { findProtocol } from '../learning/eval/protocols/index.js';
import type { RankingReport } from '../learning/eval/report.js';
import { withSplitImages } from '../learning/eval/split-images.js';
import type { ImageEncoderRuntime } from '../models/retrieval/image-encoder-runtime.js';
import type { RetrievalModel } from '../models/retrieval/retrieval-model.js';
import type { LearnedRecall } from './learn-types.js';

/** The composed search, and the same model with one side of the query alone. */
export type Evaluated = Record<'both' | 'text' | 'image', RankingReport>;

/** Measures a model on held-out products. */
export async function evaluateTest(
  model: RetrievalModel,
  test: Split,
  reader: ImageEncoderRuntime,
  { onBroken, signal }: { onBroken: 'skip'; signal: AbortSignal | undefined },
): Promise<Evaluated> {
  throwIfAborted(signal, 'evaluating');
  const protocol = findProtocol('triplets');
  return withSplitImages({ model, split: test, reader, onBroken, signal }, (images, split) =>
    evaluateSides({ model, split, images, protocol, signal }),
  );
}

/** Of a small gallery ten hits are too many to tell anything. */
export const judgedK = (gallery: number) => (gallery >= 100 ? 10 : 5);

/** What a caller is told of it. */
export function recallOf({ both, text, image }: Evaluated): LearnedRecall {
  const chance = Object.fromEntries(Object.keys(both.recall).map((k) => [k, both.chance[`R@${k}`] as number]));
  const { queries, gallery } = both;
  return { queries, gallery, chance, textAlone: text.recall, imageAlone: image.recall, limn: both.recall };
}
