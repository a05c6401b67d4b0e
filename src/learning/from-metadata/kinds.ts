/**
 * Products that the table describes by different columns: a shoe has a heel, and a dress has sleeves. What differs between the two is more
 * than the columns that both have, so that a text which tells all of these changes still fits many targets.
 */
import { type CatalogueAttribute, type CategoryAttribute, roleOfAttribute } from './attributes.js';

/** A column belongs to a type where this share of its products have a value, and does not where so few have. */
const [belongs, foreign] = [0.5, 0.05] as const;

export class Kinds {
  private readonly types: readonly CategoryAttribute[];
  /** For each of the types: of each other attribute the share of products with a value, by value of the type. */
  private readonly filled: readonly (readonly Float64Array[])[];
  /** For each of the types: what is known of two of its values, by the first's number times their count plus the second's. */
  private readonly known: readonly Map<number, boolean>[];

  constructor(attributes: readonly CatalogueAttribute[]) {
    const isType = (attribute: CatalogueAttribute): attribute is CategoryAttribute =>
      attribute.kind === 'category' && attribute.source === 'column' && roleOfAttribute(attribute) === 'type';
    this.types = attributes.filter(isType);
    const others = attributes.filter((attribute) => attribute.source === 'column' && !isType(attribute));
    this.known = this.types.map(() => new Map());
    this.filled = this.types.map((type) => others.map((other) => sharesOf(type, other)));
  }

  /** Whether one row's kind of product has a column that the other's lacks. */
  areApart(a: number, b: number): boolean {
    return this.types.some((type, place) => {
      const [from, to] = [type.of[a] as number, type.of[b] as number];
      if (from < 0 || to < 0 || from === to) return false;
      const pairs = this.known[place] as Map<number, boolean>;
      const key = from * type.values.length + to;
      const known = pairs.get(key);
      if (known !== undefined) return known;
      const found = (this.filled[place] as readonly Float64Array[]).some((shares) => {
        const [one, other] = [shares[from] as number, shares[to] as number];
        return Math.max(one, other) >= belongs && Math.min(one, other) <= foreign;
      });
      pairs.set(key, found);
      return found;
    });
  }
}

function sharesOf(type: CategoryAttribute, other: CatalogueAttribute): Float64Array {
  const [rows, filled] = [new Float64Array(type.values.length), new Float64Array(type.values.length)];
  for (const [row, value] of type.of.entries()) {
    if (value < 0) continue;
    rows[value] = (rows[value] as number) + 1;
    if (isKnown(other, row)) filled[value] = (filled[value] as number) + 1;
  }
  return filled.map((count, value) => count / (rows[value] as number));
}

function isKnown(attribute: CatalogueAttribute, row: number): boolean {
  if (attribute.kind === 'list') return attribute.of[row] !== undefined;
  return attribute.kind === 'number' ? !Number.isNaN(attribute.of[row]) : (attribute.of[row] as number) >= 0;
}
