/**
 * The only source of randomness: a seeded generator that is passed in, whose state can be saved and restored, so that a
 * resumed run draws the very numbers that an uninterrupted one would have drawn.
 *
 * The generator is xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018), seeded
 * through SplitMix32.
 */
export type RandomState = readonly [number, number, number, number];

/** A seeded generator of random numbers (xoshiro128**, Blackman and Vigna 2018). Equal seeds give equal numbers. */
export class Random {
  private s: [number, number, number, number];

  constructor(seed: number | RandomState) {
    this.s = typeof seed === 'number' ? expandSeed(seed) : [...seed];
  }

  /** A generator of its own for a named purpose, so that adding one draw here never shifts the draws there. */
  static derive(seed: number, purpose: string): Random {
    let hash = 2166136261 ^ seed;
    for (const character of purpose) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619);
    return new Random((hash ^ Math.imul(seed, 0x9e3779b1)) >>> 0);
  }

  /** The generator's state; `new Random(state)` continues from it. */
  get state(): RandomState {
    return [...this.s];
  }

  /** A whole number in [0, 2^32). */
  uint32(): number {
    const s = this.s;
    const result = Math.imul(rotateLeft(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotateLeft(s[3], 11);
    return result;
  }

  /** A number in [0, 1) with 32 random bits. */
  uniform(): number {
    return this.uint32() / 4294967296;
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** A draw from the standard normal distribution (Box-Muller, one of the pair). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** One element of a list that is not empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Shuffles in place (Fisher-Yates) and returns the same array. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [items[i], items[j]] = [items[j] as T, items[i] as T];
    }
    return items;
  }
}

function rotateLeft(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}

function expandSeed(seed: number): [number, number, number, number] {
  let z = seed >>> 0;
  const next = () => {
    z = (z + 0x9e3779b9) >>> 0;
    let t = z ^ (z >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    return (t ^ (t >>> 15)) >>> 0;
  };
  return [next(), next(), next(), next()];
}
