/** What a named evaluation protocol is, and the pieces that several share. */
import { definePart, type Part, requireFields } from '../../../core/part.js';
import type { Split, SplitName, Triplet } from '../../data/triplets.js';

/** Ranks from 1, one a query, in the order of the split's triplets. */
export interface Ranks {
  /** From 1, of each query's best target, in the order of the triplets. */
  ranks: readonly number[];
  /** Among the query's own subset alone; empty where the protocol has none. */
  subsetRanks: readonly number[];
}

/** Expected recalls in percent by K, in the gallery and among the queries' own subsets. */
export interface Expected {
  recall: Readonly<Record<string, number>>;
  subset: Readonly<Record<string, number>>;
}

/** Ids of the best pictures of every query, best first, in the order of the split's triplets. */
export interface Rankings {
  /** Ids of the best images of each query, best first. */
  gallery: readonly (readonly string[])[];
  /** Among the query's own subset alone, whole; empty where the protocol has none. */
  subset: readonly (readonly string[])[];
}

/**
 * Published numbers of the same dataset differ in their gallery and in whether the reference may be found, so no number is given
 * without the id of its protocol.
 */
export interface Protocol extends Part {
  /** One line: the gallery, and what is left out of it. */
  readonly description: string;
  /** Ids of the datasets that it is for. */
  readonly datasets: readonly string[];
  /** The part of the data that published numbers are about. */
  readonly split: SplitName;
  /** The K of R@K that it reports. */
  readonly ks: readonly number[];
  /** The metric that chooses between two states of a model, as a report names it; absent where nothing is measured. */
  readonly selectBy?: string;
  /** Whether a query's reference is taken out of its ranking. */
  readonly excludeReference: boolean;
  /** Ids of the pictures that are ranked, in the split's order, which decides between equal scores. */
  gallery(split: Split): string[];
  /** The right answers of a triplet of the split, as ids of pictures; absent where only a test server knows them. */
  readonly answers?: (split: Split) => (triplet: Triplet) => readonly string[];
  /** The same as places in the gallery, where a picture may be listed several times. @default the last place of each of `answers` */
  readonly answerPlaces?: (split: Split) => (triplet: Triplet) => readonly number[];
  /** Also rank each query among its triplet's subset alone, without the reference. @default false */
  readonly subset?: boolean;
  /** Metrics in percent besides R@K, by name. */
  metrics?(ranks: Ranks): Record<string, number>;
  /** The same metrics of a random ranking, from its expected recalls. */
  chance?(of: (ks: readonly number[]) => Expected): Record<string, number>;
}

/**
 * Defines a protocol: what is ranked for which query, and what is reported.
 *
 * @throws LimnError CONFIG for a definition that cannot be used
 */
export function defineProtocol(protocol: Protocol): Protocol {
  definePart('protocol', protocol, ['gallery']);
  requireFields('protocol', protocol, { description: 'text', datasets: 'texts', split: 'text', ks: 'numbers' });
  return protocol;
}

export const allImages = (split: Split): string[] => split.images.map((image) => image.id);

/** The pictures that are a reference or a target of some query. */
export function queriedImages(split: Split): string[] {
  const used = new Set(split.triplets.flatMap((triplet) => [triplet.reference, ...triplet.targets]));
  return allImages(split).filter((id) => used.has(id));
}

/** The right answers are the triplet's targets. */
const annotatedTargets = () => (triplet: Triplet) => triplet.targets;

/** What most protocols have in common; each file says what is different. */
export const commonParts = { split: 'val', ks: [1, 10, 50], selectBy: 'R@10', answers: annotatedTargets } as const;
