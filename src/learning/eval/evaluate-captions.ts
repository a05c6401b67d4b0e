/** How well a captioner says what changes, measured on the annotated pairs of a split. */
import { LimnError } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress.js';
import type { CaptionerModel, PairRows } from '../../models/captioner/captioner-model.js';
import type { DecodingOptions } from '../../models/captioner/decoding.js';
import type { ImageFeatures } from '../../models/retrieval/image-features.js';
import { joinCaptions, type Split } from '../data/triplets.js';
import { requireUsable } from '../data/usable.js';
import { type CaptionMetric, type CaptionScores, captionScores } from './captions/caption-scores.js';

export interface EvaluateCaptionsOptions {
  model: CaptionerModel;
  split: Split;
  /** Must hold all pictures of the split's triplets. */
  images: ImageFeatures;
  /** @default greedy */
  decoding?: DecodingOptions;
  /** Triplets that are measured, evenly spread over the split. @default all */
  limit?: number;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

export interface CaptionReport {
  split: string;
  captions: number;
  metrics: Record<CaptionMetric, number>;
  perCaption: CaptionScores['perCaption'];
  /** Mean log-probability of the captioner's own words. */
  likelihood: number;
  /** What was written for each triplet. */
  written: { reference: string; target: string; text: string; references: string[] }[];
  model: { hash: string; encoder: string };
  seconds: number;
}

/**
 * Writes a text for each triplet's pair and compares it with what people wrote: their captions joined with "and", in either order.
 *
 * @throws LimnError DATA for a split without targets and captions, or a picture that could not be read
 */
export async function evaluateCaptions(options: EvaluateCaptionsOptions): Promise<CaptionReport> {
  const started = performance.now();
  const { model, split, images, decoding, limit = Number.POSITIVE_INFINITY, signal, onProgress } = options;
  requireUsable(split, 'caption');
  const all = split.triplets.filter(({ targets, captions }) => targets.length > 0 && captions.length > 0);
  if (all.length === 0)
    throw new LimnError('DATA', `The split ${split.name} has no triplets with targets and captions to compare with.`);
  const stride = Math.max(1, all.length / limit);
  const measured = Array.from(
    { length: Math.min(all.length, limit) },
    (_, i) => all[Math.floor(i * stride)] as (typeof all)[number],
  );
  const row = (id: string) => {
    const found = images.rowOf(id);
    if (found === undefined)
      throw new LimnError('DATA', `Picture ${id} could not be read. Replace its file.`, { details: { id } });
    return found;
  };
  const pairs = measured.map(({ reference, targets }): PairRows => [row(reference), row(targets[0] as string)]);
  const captions = await model.caption(images, pairs, { ...(decoding ? { decoding } : {}), signal, onProgress });
  const references = measured.map(({ captions: texts }) => [
    ...new Set([joinCaptions(texts), joinCaptions([...texts].reverse())]),
  ]);
  const texts = captions.map(({ text }) => text);
  const { metrics, perCaption } = captionScores(texts, references);
  return {
    split: split.name,
    captions: captions.length,
    metrics,
    perCaption,
    likelihood: captions.reduce((sum, { likelihood }) => sum + likelihood, 0) / captions.length,
    written: measured.map(({ reference, targets }, i) => ({
      reference,
      target: targets[0] as string,
      text: texts[i] as string,
      references: references[i] as string[],
    })),
    model: { hash: model.hash, encoder: model.parts.encoder.id },
    seconds: (performance.now() - started) / 1000,
  };
}
