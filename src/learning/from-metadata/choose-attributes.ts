/** Which attributes are worth a text: those that no finer one says already, and that the images show. */
import type { CatalogueAttribute } from './attributes.js';

export interface Choice {
  readonly attributes: CatalogueAttribute[];
  /** Attributes that are left out, and why, in a sentence without its end. */
  readonly leftOut: { readonly name: string; readonly reason: string }[];
}

/** Nearest others of each row, the nearest first. */
export type Nearest = readonly (readonly number[])[];

/** Agreement of neighbours above chance, of which 1 is all there can be; below this images do not show an attribute. */
const leastVisible = 0.05;
/** With fewer rows the agreement of neighbours says nothing sure. */
const enoughRows = 100;

/** @param asked whether the attributes were asked for by name; they are kept then, seen or not */
export function chooseAttributes(attributes: readonly CatalogueAttribute[], nearest: Nearest, asked: boolean): Choice {
  const leftOut: Choice['leftOut'] = [];
  const kept = attributes.filter((attribute) => {
    if (attribute.kind === 'category' && new Set(attribute.of.filter((place) => place >= 0)).size < 2) {
      leftOut.push({ name: attribute.name, reason: 'the products with an image have one value' });
      return false;
    }
    const finer = asked ? undefined : attributes.find((other) => isCoarser(attribute, other));
    if (finer) leftOut.push({ name: attribute.name, reason: `"${finer.name}" says it more finely` });
    return finer === undefined;
  });
  const visible = kept.filter((attribute) => {
    if (asked || isShown(attribute, nearest)) return true;
    const reason = `the images do not show it (neighbours agree ${visibility(attribute, nearest).toFixed(2)} above chance)`;
    leftOut.push({ name: attribute.name, reason });
    return false;
  });
  return { attributes: visible, leftOut };
}

/** Whether images show an attribute, as far as can be told. */
export function isShown(attribute: CatalogueAttribute, nearest: Nearest): boolean {
  return nearest.length < enoughRows || !(visibility(attribute, nearest) < leastVisible);
}

/** Whether `other` has more values and each of them tells the value of `attribute`, in 98 of 100 rows. */
function isCoarser(attribute: CatalogueAttribute, other: CatalogueAttribute): boolean {
  if (attribute === other || attribute.kind !== 'category' || other.kind !== 'category') return false;
  if (attribute.source === 'words' || other.source === 'words') return false;
  const rows = attribute.of.length;
  if (rows < 30 || other.values.length > rows / 5 || other.values.length < attribute.values.length) return false;
  const counts = new Map<string, number>();
  const most = new Map<number, number>();
  let known = 0;
  for (let row = 0; row < rows; row++) {
    const [value, finer] = [attribute.of[row] as number, other.of[row] as number];
    if (value < 0) continue;
    if (finer < 0) return false;
    known++;
    const key = `${finer} ${value}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    most.set(finer, Math.max(most.get(finer) ?? 0, count));
  }
  const told = [...most.values()].reduce((sum, count) => sum + count, 0);
  if (told < known * 0.98) return false;
  // Of two that say the same, the first by name stays.
  return other.values.length > attribute.values.length || other.name < attribute.name;
}

/**
 * How far neighbours agree above chance: 0 for an attribute that images do not show, 1 where neighbours always agree (Cohen's kappa for
 * categories; for numbers 1 less the mean distance of neighbours over that of any two). NaN where too little is known.
 */
export function visibility(attribute: CatalogueAttribute, nearest: Nearest): number {
  if (attribute.kind === 'list') return Number.NaN;
  const { of } = attribute;
  const known = (row: number) => (attribute.kind === 'number' ? !Number.isNaN(of[row]) : (of[row] as number) >= 0);
  let [pairs, apart] = [0, 0];
  const distance = (a: number, b: number) =>
    attribute.kind === 'number' ? Math.abs((of[a] as number) - (of[b] as number)) : of[a] === of[b] ? 0 : 1;
  for (const [row, others] of nearest.entries()) {
    for (const other of others) {
      if (!known(row) || !known(other)) continue;
      pairs++;
      apart += distance(row, other);
    }
  }
  const rows = [...nearest.keys()].filter(known);
  if (pairs < enoughRows || rows.length < enoughRows) return Number.NaN;
  const values = rows.map((row) => of[row] as number);
  const any = attribute.kind === 'number' ? meanDistance(values) : chanceOfTwo(values);
  return any === 0 ? Number.NaN : 1 - apart / pairs / any;
}

/** The mean distance of any two numbers, a number and itself among them. */
function meanDistance(values: readonly number[]): number {
  const count = values.length;
  const sorted = Float64Array.from(values).sort();
  return (2 / count ** 2) * sorted.reduce((sum, value, place) => sum + (2 * place - count + 1) * value, 0);
}

/** The chance that any two rows have different values. */
function chanceOfTwo(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return 1 - [...counts.values()].reduce((sum, count) => sum + (count / values.length) ** 2, 0);
}
