/** Triplets of a folder about which nothing is known: a captioner says what changes from an image to a near one. */
import { LimnError } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import { Random } from '../core/random.js';
import { type SplitName, splitNames } from '../learning/data/triplets.js';
import type { ScoreVectors } from '../learning/eval/vectors.js';
import type { CatalogueRow } from '../learning/from-metadata/catalogue-row.js';
import { groupProducts } from '../learning/from-metadata/groups.js';
import { heldOutPerImage, type MadeTriplet, type MadeTriplets } from '../learning/from-metadata/make-triplets.js';
import { findNear } from '../learning/from-metadata/near-images.js';
import { nearPairs } from '../learning/from-metadata/near-pairs.js';
import { splitProducts } from '../learning/from-metadata/split-products.js';
import { openGivenCaptioner } from '../learning/self-training/given.js';
import { judge, judgeSettings, type PairCandidate, type Reason } from '../learning/self-training/judging.js';
import type { ImageEncoderRuntime } from '../models/retrieval/image-encoder-runtime.js';

export interface CaptionedOptions {
  rows: readonly CatalogueRow[];
  /** One row an image, of length 1. */
  vectors: ScoreVectors;
  /** The captioner's folder. */
  captioner: string;
  reader: ImageEncoderRuntime;
  /** Training texts, at most. @default 8000 */
  texts?: number | undefined;
  /** @default 1 */
  seed?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

/** As LIMN+ judges texts, but by the captioner's own opinion alone: the quarter that it is least sure of is left out. */
const judging = judgeSettings.parse({ keep: 0.75 });
/** What notes say of texts that are left out. */
const refusals = {
  empty: 'empty',
  repeats: 'that say a word twice in a row, or in place of itself',
  share: 'that the captioner was unsure of',
  alike: 'that many pairs share',
} as const;
const mostPerImage = 8;

/** @throws LimnError DATA for too few images, or where no text is left; ENCODER for a captioner of another encoder */
export async function captionedTriplets(options: CaptionedOptions): Promise<MadeTriplets> {
  const { rows, vectors, captioner: folder, reader, texts = 8000, seed = 1, signal, onProgress } = options;
  const tools = { signal, onProgress };
  const near = await findNear(vectors, tools);
  const groups = groupProducts(rows, [], near);
  const split = splitProducts(groups, Random.derive(seed, 'products of splits'));
  const captioner = await openGivenCaptioner(folder, reader);
  const images = rows.map(({ id, path }) => ({ id, path }));
  const source = await reader.read({ images, vocabulary: captioner.parts.vocabulary, onBroken: 'skip', ...tools });
  const refused = new Map<Reason, number>();
  const unskilled: SplitName[] = [];
  try {
    const splits = {} as Record<SplitName, MadeTriplet[]>;
    for (const name of splitNames) {
      const random = Random.derive(seed, `pairs of ${name}`);
      const fitting = Math.max(1, Math.min(mostPerImage, Math.ceil(texts / split.train.length)));
      const perImage = name === 'train' ? fitting : heldOutPerImage(split[name].length);
      const found = await nearPairs(split[name], { vectors, perImage, random, ...tools });
      const pairs = name === 'train' ? random.shuffle(found).slice(0, texts) : found;
      const idOf = (row: number) => (rows[row] as CatalogueRow).id;
      const places = pairs.map(
        ({ reference, target }) => [source.rowOf(idOf(reference)) as number, source.rowOf(idOf(target)) as number] as const,
      );
      const captions = await captioner.caption(source, places, tools);
      const candidates = pairs.map(({ reference, target }, i): PairCandidate => {
        const { text, likelihood } = captions[i] as (typeof captions)[number];
        // There is no LIMN yet that could rank the target.
        return { reference: idOf(reference), target: idOf(target), strategy: 'neighbours', text, likelihood, rank: 1 };
      });
      const judged = judge(candidates, judging);
      const isAllRefused = judged.verdicts.every(({ accepted }) => !accepted);
      if (isAllRefused) unskilled.push(name);
      const { verdicts } = isAllRefused ? judge(candidates, { ...judging, repeats: true }) : judged;
      splits[name] = pairs.flatMap(({ similarity }, i): MadeTriplet[] => {
        const { accepted, reason } = verdicts[i] as (typeof verdicts)[number];
        const { reference, target, text } = candidates[i] as PairCandidate;
        refused.set(reason, (refused.get(reason) ?? 0) + 1);
        if (!accepted) return [];
        const provenance = {
          source: 'captioner',
          strategy: 'near',
          similarity: Number(similarity.toFixed(3)),
          language: 'en',
          changes: [],
        } as const;
        return [{ reference, target, text, provenance }];
      });
    }
    for (const name of splitNames) {
      if (splits[name].length > 0) continue;
      const message = `The captioner ${folder} wrote no text that can be used for the ${split[name].length} images of ${name}: give another one, more images, or a table.`;
      throw new LimnError('DATA', message, { details: { split: name, ...Object.fromEntries(refused) } });
    }
    const idsOf = (name: SplitName) => split[name].map((row) => (rows[row] as CatalogueRow).id);
    const leftOut = Object.entries(refusals).map(([reason, words]) => `${refused.get(reason as Reason) ?? 0} ${words}`);
    return {
      splits,
      images: { train: idsOf('train'), val: idsOf('val'), test: idsOf('test') },
      columns: [],
      attributes: [],
      leftOut: [],
      products: groups.count,
      notes: [
        ...groups.notes,
        `all texts are the captioner's, also those that the model is measured with: the numbers say how well it learned them, not how well it finds what people ask for`,
        `texts that were left out: ${leftOut.join(', ')}`,
        ...(unskilled.length > 0
          ? [
              `the captioner has little skill: all of its texts for ${unskilled.join(', ')} say a word twice in a row or in place of itself, and they are used for want of others; train it longer or on more triplets`,
            ]
          : []),
      ],
    };
  } finally {
    await source.close();
    await captioner.close();
  }
}
