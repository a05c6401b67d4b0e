/**
 * Names for latent factors, learned from metadata: for each factor the value, or the word of a text, that its vectors follow most.
 *
 * How much a factor follows a value is Cohen's d: on one half of a sample the direction from the mean vector of the items without the
 * value to that of the items with it is found, and on the other half the items' scores along it are compared. So what a direction
 * only fits by chance does not count, and a factor that follows nothing clearly keeps its number.
 */
import { setImmediate } from 'node:timers/promises';
import type { ItemMetadata } from '../../store/metadata.js';

export interface NamingSample {
  metadata: ItemMetadata;
  /** The factors' vectors (factors * projection). */
  factors: Float32Array;
}

/** The least d that gives a name: conventionally 0.8 is a large effect, and the best of hundreds of values must show more. */
const leastEffect = 1.2;
/** A value is tried when so many items of the sample have it, and as many have it not. */
const leastItems = 20;
const mostTraits = 300;

/**
 * @param count K @returns one name each, at most one a field: "colour: red", "striped", "on_sale", or "factor 3"
 */
export async function nameFactors(samples: readonly NamingSample[], count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, k) => `factor ${k + 1}`);
  const traits = traitsOf(samples);
  if (count === 0 || traits.length === 0) return names;
  const effects: { factor: number; trait: string; field: string; effect: number }[] = [];
  for (const { name, field, has } of traits) {
    for (let factor = 0; factor < count; factor++) {
      const effect = effectSize(samples, has, factor, count);
      if (effect >= leastEffect) effects.push({ factor, trait: name, field, effect });
    }
    // Hundreds of values take a while, and others wait for this thread.
    await setImmediate();
  }
  // The clearest pair first; each factor and each field is used once: three factors named after three colours would tell nobody apart.
  effects.sort((a, b) => b.effect - a.effect || a.factor - b.factor || (a.trait < b.trait ? -1 : 1));
  const [named, used] = [new Set<number>(), new Set<string>()];
  for (const { factor, trait, field } of effects) {
    if (named.has(factor) || used.has(field)) continue;
    named.add(factor);
    used.add(field);
    names[factor] = trait;
  }
  return names;
}

interface Trait {
  name: string;
  /** What it is a value of: a field, of which it may be the value in a longer text, or a word by itself. */
  field: string;
  /** One a sample: whether it has the value. */
  has: boolean[];
}

/** Values and words that enough items have and enough have not, the most frequent first. */
function traitsOf(samples: readonly NamingSample[]): Trait[] {
  const holders = new Map<string, number[]>();
  samples.forEach(({ metadata }, row) => {
    for (const name of new Set(Object.entries(metadata).flatMap(([field, value]) => namesOf(field, value)))) {
      const rows = holders.get(name);
      if (rows) rows.push(row);
      else holders.set(name, [row]);
    }
  });
  const enough = ([, rows]: [string, number[]]) => rows.length >= leastItems && samples.length - rows.length >= leastItems;
  // "green" in a title says what "colour: green" says.
  const fieldOfValue = new Map([...holders.keys()].flatMap((name) => valueIn(name) ?? []));
  const kept = [...holders].filter(enough).sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1));
  // Values of the same items, or of all the others, are one trait: the rarer one is kept, or the one with the shorter name.
  const byRows = new Map<string, Trait & { count: number }>();
  for (const [name, rows] of kept.slice(0, mostTraits)) {
    const has = new Array<boolean>(samples.length).fill(false);
    for (const row of rows) has[row] = true;
    const key = has.map((value) => (value === has[0] ? 0 : 1)).join('');
    const known = byRows.get(key);
    const better = !known || rows.length < known.count || (rows.length === known.count && name.length < known.name.length);
    if (better) byRows.set(key, { name, field: fieldOfValue.get(name) ?? name.replace(/: .*$/s, ''), has, count: rows.length });
  }
  return [...byRows.values()];
}

/** Of "Colour: Green" the pair of "green" and "Colour". */
function valueIn(name: string): [[string, string]] | undefined {
  const at = name.indexOf(': ');
  return at < 0 ? undefined : [[name.slice(at + 2).toLowerCase(), name.slice(0, at)]];
}

/** A short value is a name with its field, a flag is its field, and longer texts are their words. */
function namesOf(field: string, value: ItemMetadata[string]): string[] {
  if (typeof value === 'boolean') return value ? [field] : [];
  if (typeof value !== 'string') return [];
  const words = value.toLowerCase().match(/\p{L}[\p{L}\p{N}'-]*/gu) ?? [];
  if (words.length === 0) return [];
  if (words.length <= 3) return [`${field}: ${value.trim()}`];
  return words.filter((word) => word.length > 2 && !commonWords.has(word));
}

const commonWords = new Set(
  'the and with that this from has have are for not its but was were been into onto over under than then more less very same other one two'.split(
    ' ',
  ),
);

/** Cohen's d of a factor's vectors between items with and without a trait; every second item of each kind is held out. */
function effectSize(samples: readonly NamingSample[], has: readonly boolean[], factor: number, count: number): number {
  const projection = (samples[0] as NamingSample).factors.length / count;
  const at = factor * projection;
  const sums = [new Float64Array(projection), new Float64Array(projection)];
  const seen = [0, 0];
  const heldOut: [number[], number[]] = [[], []];
  samples.forEach(({ factors }, row) => {
    const side = has[row] ? 1 : 0;
    const turn = (seen[side] as number) + (heldOut[side] as number[]).length;
    if (turn % 2 === 1) {
      heldOut[side]?.push(row);
      return;
    }
    seen[side]!++;
    const sum = sums[side] as Float64Array;
    for (let i = 0; i < projection; i++) sum[i]! += factors[at + i] as number;
  });
  const [without, withIt] = sums as [Float64Array, Float64Array];
  const direction = withIt.map((value, i) => value / (seen[1] as number) - (without[i] as number) / (seen[0] as number));
  const moments = heldOut.map((rows) => {
    let [sum, squares] = [0, 0];
    for (const row of rows) {
      const { factors } = samples[row] as NamingSample;
      let score = 0;
      for (let i = 0; i < projection; i++) score += (factors[at + i] as number) * (direction[i] as number);
      sum += score;
      squares += score * score;
    }
    const mean = sum / rows.length;
    return { mean, variance: Math.max(0, squares / rows.length - mean * mean), count: rows.length };
  });
  const [a, b] = moments as [(typeof moments)[0], (typeof moments)[0]];
  const pooled = (a.variance * a.count + b.variance * b.count) / (a.count + b.count);
  return pooled > 1e-18 ? (b.mean - a.mean) / Math.sqrt(pooled) : 0;
}
