/** How pseudo triplets enter the training beside labelled ones. */
import { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { type DatasetImage, joinCaptions, type Split, type Triplet } from '../data/triplets.js';
import { normalizeText } from './judging.js';
import type { WeightedTriplet } from './pseudo-triplets.js';

export const mixSettings = z.strictObject({
  /** Most pseudo triplets for each labelled one; without any labels all are taken. */
  ratio: z.number().nonnegative().default(5),
  /** What a pseudo triplet counts where a labelled one counts 1; its own weight is a factor beside it. */
  weight: z.number().positive().max(1).default(1),
  /** Chance that a word of a pseudo triplet's text is left out; at least one word stays. */
  wordDrop: z.number().min(0).lt(1).default(0),
});

export type MixSettings = z.output<typeof mixSettings>;

/** A split whose triplets say what they count. */
export interface WeightedSplit extends Split {
  readonly triplets: readonly WeightedTriplet[];
}

export interface MixOptions {
  labelled: Split;
  /** Accepted ones; which of them are taken is a seeded draw without replacement. */
  pseudo: readonly WeightedTriplet[];
  /** The pictures of the pool, where pseudo triplets name others than the labelled split has. */
  pool: readonly DatasetImage[];
  settings: MixSettings;
  seed: number;
}

/**
 * A training split of every labelled triplet, followed by the pseudo triplets that were drawn, in their order, with the pictures
 * that these need.
 *
 * @throws LimnError DATA when a pseudo triplet names a picture that neither the split nor the pool has, or nothing is left to train on
 */
export function mixTriplets({ labelled, pseudo, pool, settings, seed }: MixOptions): WeightedSplit {
  const { ratio, weight, wordDrop } = settings;
  const labels = labelled.triplets.length;
  const most = labels === 0 ? pseudo.length : Math.min(pseudo.length, Math.round(ratio * labels));
  const order = Random.derive(seed, 'choice of pseudo triplets').shuffle([...pseudo.keys()]);
  const chosen = order.slice(0, most).sort((a, b) => a - b);
  if (labels + chosen.length === 0) {
    throw new LimnError(
      'DATA',
      'There are neither labelled nor accepted pseudo triplets to train on; give labels or judge less strictly.',
    );
  }
  const random = Random.derive(seed, 'words of pseudo triplets');
  const drawn = chosen.map((at) => {
    const triplet = pseudo[at] as WeightedTriplet;
    return { ...withoutWords(triplet, wordDrop, random), weight: weight * triplet.weight };
  });
  return {
    ...labelled,
    images: [...labelled.images, ...missingImages(labelled, drawn, pool)],
    triplets: [...labelled.triplets.map((triplet) => ({ ...triplet, weight: 1 })), ...drawn],
  };
}

function withoutWords<T extends Triplet>(triplet: T, chance: number, random: Random): T {
  if (chance === 0) return triplet;
  const captions = triplet.captions.map((caption) => {
    const words = caption.split(/\s+/).filter((word) => normalizeText(word) !== '');
    const kept = words.filter(() => random.uniform() >= chance);
    return kept.length === 0 && words.length > 0 ? random.pick(words) : kept.join(' ');
  });
  return { ...triplet, captions, text: joinCaptions(captions) };
}

/** Pictures of triplets that are not in the split, in the pool's order. */
function missingImages({ images }: Split, triplets: readonly Triplet[], pool: readonly DatasetImage[]): DatasetImage[] {
  const has = new Set(images.map(({ id }) => id));
  const wanted = new Map<string, string>();
  for (const { reference, targets, source } of triplets) {
    for (const id of [reference, ...targets]) if (!has.has(id)) wanted.set(id, source);
  }
  const found = pool.filter(({ id }) => wanted.delete(id));
  for (const [id, source] of wanted) {
    const message = `${source} names the picture "${id}", which is not in the pool; give the pool that the pairs were mined from.`;
    throw new LimnError('DATA', message, { details: { id, source, absent: wanted.size } });
  }
  return found;
}
