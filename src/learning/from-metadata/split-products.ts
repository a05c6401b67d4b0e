/** Holds products out: whole groups go to training, to validation or to the test, so that no variant is on two sides. */
import { LimnError } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import { type SplitName, splitNames } from '../data/triplets.js';
import type { Groups } from './groups.js';

/** Images that are held out: enough to measure on, and more of them is better spent on training. */
const wanted = { val: 300, test: 600 } as const;
const leastShare = { val: 0.05, test: 0.1 } as const;
const mostShare = { val: 0.1, test: 0.2 } as const;

function quota(name: 'val' | 'test', images: number): number {
  const share = Math.min(mostShare[name], Math.max(leastShare[name], wanted[name] / images));
  return Math.max(4, share * images);
}

/** Fewer products than this leave nothing to learn from once some are held out. */
export const leastProducts = 20;

/** Rows of each split, ascending. @throws LimnError DATA for too few products */
export function splitProducts({ of, count }: Pick<Groups, 'of' | 'count'>, random: Random): Record<SplitName, number[]> {
  if (count < leastProducts) {
    const message = `There are ${of.length} images of ${count} different products, and limn learns from at least ${leastProducts}, of which some are held out. Add products, or index the images with a model that was trained elsewhere.`;
    throw new LimnError('DATA', message, { details: { images: of.length, products: count } });
  }
  const members = new Map<number, number[]>();
  for (const [row, group] of of.entries()) {
    const list = members.get(group);
    if (list) list.push(row);
    else members.set(group, [row]);
  }
  const split: Record<SplitName, number[]> = { train: [], val: [], test: [] };
  for (const group of random.shuffle([...members.values()])) {
    const open = (['val', 'test'] as const).find((name) => split[name].length + group.length <= quota(name, of.length));
    split[open ?? 'train'].push(...group);
  }
  for (const name of splitNames) split[name].sort((a, b) => a - b);
  return split;
}
