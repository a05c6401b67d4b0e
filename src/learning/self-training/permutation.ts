/**
 * A shuffled order of 0..count-1 that needs no list: a balanced Feistel network over the next power of four, with the numbers
 * beyond `count` walked past (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002). So a few of very many things can
 * be drawn without replacement in constant memory.
 */
import type { Random } from '../../core/random.js';

const rounds = 6;

/**
 * @param count how many numbers there are, from 1 to 2^52
 * @returns the number at a place of the order, for places 0..count-1
 */
export function permutation(count: number, random: Random): (position: number) => number {
  const side = 2 ** Math.max(1, Math.ceil(Math.log2(count) / 2));
  const keys = Array.from({ length: rounds }, () => random.uint32());
  return (position) => {
    let value = position;
    do {
      let [left, right] = [Math.floor(value / side), value % side];
      for (const key of keys) [left, right] = [right, (left ^ mix(right ^ key)) & (side - 1)];
      value = left * side + right;
    } while (value >= count);
    return value;
  };
}

/** The last steps of MurmurHash3, which let every bit of the input change every bit of the result. */
function mix(input: number): number {
  let hash = Math.imul(input ^ (input >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
