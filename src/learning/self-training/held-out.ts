/** Validation where nobody has labelled a validation split: on pseudo triplets that are kept out of the training. */
import { LimnError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import type { DatasetImage, Split } from '../data/triplets.js';
import type { WeightedTriplet } from './pseudo-triplets.js';

/** The part of the accepted pseudo triplets that is held out. */
const share = 0.1;

/**
 * Takes a seeded tenth of the accepted pseudo triplets, at least one, out of the training. Their gallery is every picture that an
 * accepted one names.
 *
 * @throws LimnError DATA where nothing would be left to train on
 */
export function holdOut(
  accepted: readonly WeightedTriplet[],
  pool: readonly DatasetImage[],
  seed: number,
): { kept: WeightedTriplet[]; val: Split } {
  if (accepted.length < 2) {
    const message = `${accepted.length} of the generated texts were accepted; without labels at least 2 are needed, to train and to validate. Judge less strictly, or give more pictures.`;
    throw new LimnError('DATA', message, { details: { accepted: accepted.length } });
  }
  const order = Random.derive(seed, 'held-out pseudo triplets').shuffle([...accepted.keys()]);
  const held = new Set(order.slice(0, Math.max(1, Math.round(share * accepted.length))));
  const named = new Set(accepted.flatMap(({ reference, targets }) => [reference, ...targets]));
  const images = pool.filter(({ id }) => named.has(id));
  return {
    kept: accepted.filter((_, at) => !held.has(at)),
    val: { name: 'val', images, triplets: accepted.filter((_, at) => held.has(at)), missing: [] },
  };
}
