/**
 * CIRR's validation split (Liu et al., "Image Retrieval on Real-life Images with Pre-trained Vision-and-Language Models", ICCV
 * 2021): 4,181 queries over 2,297 pictures, and each among the other five of its own img_set. `average` is the mean of R@5
 * and Rsubset@1.
 */
import { recallAt } from '../ranking.js';
import { allImages, commonParts, defineProtocol, type Ranks } from './protocol.js';

export const cirrVal = defineProtocol({
  ...commonParts,
  id: 'cirr-val',
  description: 'gallery: all pictures of the split, and the img_set of a query for Rsubset; the reference is removed',
  datasets: ['cirr'],
  ks: [1, 5, 10, 50],
  selectBy: 'average',
  excludeReference: true,
  gallery: allImages,
  subset: true,
  metrics({ ranks, subsetRanks }: Ranks) {
    return named(recallAt(ranks, [5]), recallAt(subsetRanks, subsetKs));
  },
  chance: (of) => named(of([5]).recall, of(subsetKs).subset),
});

const subsetKs = [1, 2, 3];

function named(recall: Readonly<Record<string, number>>, subset: Readonly<Record<string, number>>): Record<string, number> {
  const average = ((recall[5] as number) + (subset[1] as number)) / 2;
  return { ...Object.fromEntries(Object.entries(subset).map(([k, percent]) => [`Rsubset@${k}`, percent])), average };
}
