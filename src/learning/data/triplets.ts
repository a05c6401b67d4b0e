/** The common form that every dataset reader gives: pictures, and triplets of a reference, a target and a modification text. */
import { readableAs } from '../../core/former-names.js';

/** A picture of a dataset. `path` is where its file lies. */
export interface DatasetImage {
  /** Unique in its dataset. */
  readonly id: string;
  /** Where the file is. */
  readonly path: string;
  /** What it shows, where the dataset says so (Fashion200K): pictures of equal labels are equally right answers. */
  readonly label?: string;
}

/** One annotated query: `reference` changed as `text` says is any of `targets`. All are picture ids. */
export interface Triplet {
  /** Id of the image that is changed. */
  readonly reference: string;
  /** Ids of the right answers; empty only where a test set keeps them to itself. */
  readonly targets: readonly string[];
  /** The modification text in the protocol's wording. */
  readonly text: string;
  /** The captions as they were written, trimmed, without empty ones, with their spelling corrected where that is asked for. */
  readonly captions: readonly string[];
  /** File and row (from 1) that it came from, for messages. */
  readonly source: string;
  /** What it counts in training, where that is not 1. */
  readonly weight?: number;
  /** The annotation's own id, where it has one (CIRR's pairid). */
  readonly id?: string;
  /** Pictures that the query is also ranked among alone, the reference with them (CIRR's img_set). */
  readonly subset?: readonly string[];
}

export const splitNames = ['train', 'val', 'test'] as const;
/** The parts of a dataset. */
export type SplitName = (typeof splitNames)[number];

/** One part of a dataset: its images and its triplets. */
export interface Split {
  /** Which part it is. */
  readonly name: SplitName;
  /** Every picture of the split, in file order. */
  readonly images: readonly DatasetImage[];
  /** In file order. */
  readonly triplets: readonly Triplet[];
  /** Ids named by the split whose picture files are absent, in file order. */
  readonly missing: readonly string[];
}

/**
 * The protocol text of a query, "{c1} and {c2}": every caption lower-cased, trimmed, without punctuation at its end. Empty
 * captions (FashionIQ has a few) are left out, so the result is empty only if all are.
 */
export function joinCaptions(captions: readonly string[]): string {
  return captions
    .map((caption) => withoutEnd(caption.toLowerCase().trim()))
    .filter((caption) => caption !== '')
    .join(' and ');
}

/** A text without white space and punctuation at its end, in time that grows with the text alone. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && /[\s.,;:!?]/.test(text[end - 1] as string)) end--;
  return text.slice(0, end);
}

/**
 * A split without pictures that cannot be read, and without the triplets that need one as reference, target or in their subset;
 * the pictures count as missing.
 */
export function withoutImages(split: Split, ids: Iterable<string>): Split {
  const gone = new Set(ids);
  if (gone.size === 0) return split;
  const left = {
    name: split.name,
    images: split.images.filter(({ id }) => !gone.has(id)),
    triplets: split.triplets.filter(
      ({ reference, targets, subset = [] }) => ![reference, ...targets, ...subset].some((id) => gone.has(id)),
    ),
    missing: [...split.missing, ...gone],
  };
  return readableAs(left, 'pictures');
}
