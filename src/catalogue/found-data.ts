/** What was found in a catalogue, in numbers and words. */
import type { SplitName } from '../learning/data/triplets.js';
import type { MadeTriplets } from '../learning/from-metadata/make-triplets.js';
import type { MadeData } from './make-data.js';

export interface FoundData {
  triplets: Record<SplitName, number>;
  /** Images of the folder. */
  images: number;
  products: number;
  attributes: string[];
  leftOut: { name: string; reason: string }[];
  notes: string[];
  table: Pick<MadeData['catalogue'], 'imageColumn' | 'uniqueIds'>;
}

export function foundOf({ made, catalogue }: Pick<MadeData, 'made' | 'catalogue'>): FoundData {
  const count = (triplets: MadeTriplets['splits'][SplitName]) => triplets.length;
  const { splits, attributes, leftOut, products } = made;
  return {
    triplets: { train: count(splits.train), val: count(splits.val), test: count(splits.test) },
    images: catalogue.counts.images,
    products,
    attributes: attributes.map(({ name }) => name),
    leftOut: [...leftOut],
    notes: [...catalogue.notes],
    table: { imageColumn: catalogue.imageColumn, uniqueIds: catalogue.uniqueIds },
  };
}

export function learnsFrom({ triplets, attributes, leftOut, products }: FoundData): string {
  const left = leftOut.length > 0 ? `; left out: ${leftOut.map(({ name, reason }) => `${name} (${reason})`).join(', ')}` : '';
  return `${triplets.train + triplets.val + triplets.test} triplets of ${products} products from ${attributes.length > 0 ? attributes.join(', ') : "the captioner's texts"}${left}`;
}
