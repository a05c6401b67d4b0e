/** Damaged copies of a file for tests: a flipped bit in every region, and ends cut off. */
import { Random } from '../random.js';

export interface Damage {
  /** For the message of a failing test. */
  name: string;
  bytes: Buffer;
}

/**
 * @param whole the file's bytes
 * @param options.flips copies with one flipped bit, one in each of as many equal parts of the file. @default 40
 * @param options.cuts copies that are cut short, one in each of as many equal parts. @default 12
 */
export function* damagesOf(whole: Uint8Array, seed: number, { flips = 40, cuts = 12 } = {}): Generator<Damage> {
  const random = Random.derive(seed, 'damage');
  const placeIn = (part: number, parts: number) => {
    const from = Math.floor((part * whole.length) / parts);
    return from + random.below(Math.max(1, Math.floor(((part + 1) * whole.length) / parts) - from));
  };
  for (let part = 0; part < Math.min(flips, whole.length); part++) {
    const at = placeIn(part, Math.min(flips, whole.length));
    const bit = random.below(8);
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] as number) ^ (1 << bit);
    yield { name: `bit ${bit} of byte ${at} flipped`, bytes };
  }
  for (let part = 0; part < Math.min(cuts, whole.length); part++) {
    const length = placeIn(part, Math.min(cuts, whole.length));
    yield { name: `cut to ${length} of ${whole.length} bytes`, bytes: Buffer.from(whole.subarray(0, length)) };
  }
}
