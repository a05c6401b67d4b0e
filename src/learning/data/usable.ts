/** What a split must have before anything is computed with it: one place for training, evaluation, experiments and the check of data. */
import { LimnError } from '../../core/errors.js';
import type { Split } from './triplets.js';

/** What a split is to be used for. Training, validation and captions need targets, and texts that somebody wrote. */
export type Use = 'train on' | 'validate on' | 'evaluate' | 'caption';

/** Why nothing can be computed with a split, or undefined where something can. */
export function unusable({ name, images, triplets, missing }: Split, use: Use): string | undefined {
  if (triplets.length === 0 && missing.length > 0) {
    const first = missing.slice(0, 5).join(', ') + (missing.length > 5 ? ', ...' : '');
    const all = images.length === 0 || images.every(({ id }) => missing.includes(id));
    const which = all ? 'none of its images can be read' : `${missing.length} of its images cannot be read`;
    return `The split ${name} has no triplets to ${use}: every one needs an image that is not there, and ${which} (${first}). Put them there.`;
  }
  if (triplets.length === 0) return `The split ${name} has no triplets to ${use}: its annotations are empty. Add some.`;
  if (use === 'evaluate') return undefined;
  const withTargets = triplets.filter(({ targets }) => targets.length > 0);
  if (withTargets.length === 0) {
    return `The split ${name} has no targets to ${use}: its ${triplets.length} triplets name none. Choose a split with answers.`;
  }
  if (use !== 'validate on' && withTargets.every(({ captions }) => captions.length === 0)) {
    return `The split ${name} has no texts to ${use}: the captions of its ${withTargets.length} triplets are empty. Write them.`;
  }
  return undefined;
}

/** @throws LimnError DATA when nothing can be computed with the split */
export function requireUsable(split: Split, use: Use): void {
  const why = unusable(split, use);
  if (why === undefined) return;
  const { name, triplets, missing } = split;
  throw new LimnError('DATA', why, { details: { split: name, triplets: triplets.length, missing: missing.length } });
}

/** What is odd about a split and yet read, each a line with its count. */
export function remarksOn({ name, images, triplets }: Split, title: string = name): string[] {
  const own = triplets.filter(({ reference, targets }) => targets.includes(reference)).length;
  const silent = triplets.filter(({ captions }) => captions.length === 0).length;
  const open = triplets.filter(({ targets }) => targets.length === 0).length;
  const twice = images.length - new Set(images.map(({ id }) => id)).size;
  const remark = (count: number, of: number, what: string) => (count > 0 ? [`${title}: ${count} of ${of} ${what}.`] : []);
  return [
    ...remark(own, triplets.length, 'triplets have their reference as target'),
    ...remark(silent, triplets.length, 'triplets have an empty caption'),
    ...remark(open, triplets.length, 'triplets have no target, so this split cannot be scored here'),
    ...remark(twice, images.length, 'pictures are listed again; each line is ranked, and queries mean the last'),
  ];
}
