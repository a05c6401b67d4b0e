/** How alike generated modification texts and those that people wrote are, by the metrics of COCO's caption evaluation. */
import { LimnError } from '../../../core/errors.js';
import { tokenize } from '../../../models/encoders/text/vocabulary.js';
import { bleu } from './bleu.js';
import { ciderD } from './cider-d.js';
import { meteor } from './meteor.js';
import { rougeL } from './rouge-l.js';

/** Metrics of generated captions, under the names that papers use. */
export type CaptionMetric = 'BLEU-1' | 'BLEU-2' | 'BLEU-3' | 'BLEU-4' | 'METEOR' | 'ROUGE-L' | 'CIDEr-D';

/** What {@link captionScores} computes. */
export interface CaptionScores {
  /** How many captions were scored. */
  captions: number;
  /** Of the whole corpus: in [0, 1], CIDEr-D in [0, 10]. ROUGE-L and CIDEr-D are means over the captions, BLEU and METEOR are not. */
  metrics: Record<CaptionMetric, number>;
  /** The metrics that a single caption has, in the order of the captions. */
  perCaption: Record<'METEOR' | 'ROUGE-L' | 'CIDEr-D', number[]>;
}

/**
 * Scores generated captions. Words are those of `tokenize`: lower case, no punctuation, "V-neck" is two words.
 *
 * @param candidates one generated text a caption; one without words scores 0
 * @param references the texts that people wrote, at least one a caption
 * @example
 * const scores = captionScores(['is red'], [['is bright red', 'has a red color']]);
 * console.log(scores.metrics['ROUGE-L']);
 *
 * @throws LimnError DATA when there are no captions, the two lists are not of the same length, or a caption has no reference
 */
export function captionScores(candidates: readonly string[], references: readonly (readonly string[])[]): CaptionScores {
  check(candidates, references);
  const captions = candidates.map(tokenize);
  const wanted = references.map((texts) => texts.map(tokenize));
  const [bleu1, bleu2, bleu3, bleu4] = bleu(captions, wanted) as [number, number, number, number];
  const meteorScores = meteor(captions, wanted);
  const rougeScores = captions.map((words, caption) => rougeL(words, wanted[caption]!));
  const ciderScores = ciderD(captions, wanted);
  return {
    captions: captions.length,
    metrics: {
      'BLEU-1': bleu1,
      'BLEU-2': bleu2,
      'BLEU-3': bleu3,
      'BLEU-4': bleu4,
      METEOR: meteorScores.corpus,
      'ROUGE-L': mean(rougeScores),
      'CIDEr-D': mean(ciderScores),
    },
    perCaption: { METEOR: meteorScores.perCaption, 'ROUGE-L': rougeScores, 'CIDEr-D': ciderScores },
  };
}

function check(candidates: readonly string[], references: readonly (readonly string[])[]): void {
  if (candidates.length !== references.length) {
    const message = `There are ${candidates.length} captions and ${references.length} lists of references; give one list for each caption, in the same order.`;
    throw new LimnError('DATA', message, { details: { captions: candidates.length, references: references.length } });
  }
  if (candidates.length === 0) throw new LimnError('DATA', 'There are no captions to score; give at least one.');
  const without = references.findIndex((texts) => texts.length === 0);
  if (without === -1) return;
  const message = `Caption ${without + 1} of ${candidates.length} has no reference to be compared with; give one or leave the caption out.`;
  throw new LimnError('DATA', message, { details: { caption: without } });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
