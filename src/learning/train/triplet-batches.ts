/** Training triplets as the inputs of a retrieval model: pictures, texts, and which rows want the same target. */
import { Random } from '../../core/random.js';
import { float32, type Tensor, tensor } from '../../engine/tensor/tensor.js';
import type { Vocabulary } from '../../models/encoders/text/vocabulary.js';
import type { ModelConfig } from '../../models/methods/define-method.js';
import { methodOf } from '../../models/methods/methods.js';
import type { PictureSource } from '../../models/retrieval/picture-source.js';
import type { TextSource } from '../../models/retrieval/text-source.js';
import { joinCaptions, type Split } from '../data/triplets.js';
import { PictureFeeds } from './picture-feeds.js';
import { type Row, RowBatches, type Steps, textsOf } from './row-batches.js';
import type { TrainingSettings } from './settings.js';

export class TripletBatches {
  /** Local tokens of each picture in a batch; undefined for all. */
  readonly tokensSeen: number | undefined;
  private readonly batches: RowBatches;
  private readonly pictures: PictureFeeds;

  constructor(
    split: Split,
    pictures: PictureSource,
    private readonly texts: TextSource,
    private readonly vocabulary: Vocabulary,
    private readonly config: ModelConfig,
    private readonly settings: TrainingSettings,
    private readonly seed: number,
  ) {
    const { batchSize, tokensSeen } = settings;
    this.batches = new RowBatches({ split, pictures, batchSize, seed });
    const usesLocal = methodOf(config).local(config);
    this.pictures = new PictureFeeds({ pictures, picture: config.picture, tokensSeen, usesLocal, seed });
    this.tokensSeen = this.pictures.tokensSeen;
  }

  get stepsPerEpoch(): number {
    return this.batches.stepsPerEpoch;
  }

  get weighted(): boolean {
    return this.batches.weighted;
  }

  feeds(steps: Steps): Record<string, Tensor> {
    const { step, count } = steps;
    const rows = this.batches.of(step, count);
    const { batchSize } = this.settings;
    const sees = methodOf(this.config).sees(this.config);
    const pictures = (prefix: string, which: (row: Row) => number) =>
      this.pictures.of(rows.map(which), prefix, `${prefix} tokens of step ${step}`);
    const { referenceNegatives } = this.config;
    const pairs = (relation: PairRelation) => float32([rows.length, batchSize], pairsWhere(rows, batchSize, relation));
    const flat: Record<string, Tensor> = {
      ...(sees.picture || referenceNegatives ? pictures('reference.', ({ reference }) => reference) : {}),
      ...pictures('target.', ({ target }) => target),
      ...(sees.text ? this.textFeeds(rows, step) : {}),
      sameTarget: pairs((row, other) => row !== other && row.answer === other.answer),
      ...(referenceNegatives ? { referenceAnswers: pairs((row, other) => row.answer === other.referenceAnswer) } : {}),
    };
    return this.batches.complete(flat, rows, steps);
  }

  private textFeeds(rows: readonly Row[], step: number): Record<string, Tensor> {
    const { captionSwap, wordDropout } = this.settings;
    const random = Random.derive(this.seed, `texts of step ${step}`);
    const feeds = this.texts.feeds(textsOf(rows, captionSwap, random));
    if (!feeds.words) return feeds;
    const unknown = this.vocabulary.buckets;
    const noisy = BigInt64Array.from((feeds.words as Tensor<'int64'>).data, (id) =>
      id > 0n && random.uniform() < wordDropout ? BigInt(1 + random.below(unknown)) : id,
    );
    return { words: tensor('int64', feeds.words.shape, noisy) };
  }
}

/** Every text that training with these settings can ask for; none is made before it is asked for. */
export function* trainingTexts(split: Split, { captionSwap }: TrainingSettings): Generator<string> {
  for (const { captions } of split.triplets) {
    if (captions.length === 0) continue;
    if (captionSwap < 1) yield joinCaptions(captions);
    if (captionSwap > 0) yield joinCaptions([...captions].reverse());
  }
}

type PairRelation = (row: Row, other: Row) => boolean;

/** (steps * B, B): 1 for the pairs of rows of a batch that the relation holds for. */
function pairsWhere(rows: readonly Row[], batchSize: number, relation: PairRelation): Float32Array {
  const out = new Float32Array(rows.length * batchSize);
  rows.forEach((row, i) => {
    const start = i - (i % batchSize);
    for (let j = 0; j < batchSize; j++) if (relation(row, rows[start + j] as Row)) out[i * batchSize + j] = 1;
  });
  return out;
}
