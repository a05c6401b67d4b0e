/** What differs between two rows of a catalogue, attribute by attribute. */
import type { Random } from '../../core/random.js';
import type { CatalogueAttribute } from './attributes.js';

/** One difference that a text can tell. `from` and `to` are values; '' where one side has none of the attribute's values. */
export interface AttributeChange {
  readonly attribute: CatalogueAttribute;
  readonly from: string;
  readonly to: string;
  /** Of numbers, and of an element that a list has or lacks. */
  readonly how: 'value' | 'more' | 'less' | 'added' | 'removed';
}

/** Of categories and lists, more changes than this are not told. */
export const mostChanges = 3;

/** How often one, two and three changes are told. */
const shares = [0.4, 0.38, 0.22] as const;

export function drawChangeCount(random: Random): number {
  const draw = random.uniform();
  return draw < shares[0] ? 1 : draw < shares[0] + shares[1] ? 2 : mostChanges;
}

/** A column-wise view that compares rows quickly. */
export class Differences {
  private readonly discrete: readonly CatalogueAttribute[];
  private readonly numbers: readonly Extract<CatalogueAttribute, { kind: 'number' }>[];

  constructor(attributes: readonly CatalogueAttribute[]) {
    this.discrete = attributes.filter(({ kind }) => kind !== 'number');
    this.numbers = attributes.filter((attribute) => attribute.kind === 'number');
  }

  /** How many categories and elements of lists differ, as far as both rows are known; more than three count as four. */
  count(a: number, b: number): number {
    let found = 0;
    for (const attribute of this.discrete) {
      if (attribute.kind === 'category') {
        const [from, to] = [attribute.of[a] as number, attribute.of[b] as number];
        if (from >= 0 && to >= 0 && from !== to) found++;
      } else if (attribute.kind === 'list') found += elementChanges(attribute, a, b).length;
      if (found > mostChanges) return mostChanges + 1;
    }
    return found;
  }

  /** Every change of categories and lists from row `a` to row `b`. */
  changes(a: number, b: number): AttributeChange[] {
    return this.discrete.flatMap((attribute): AttributeChange[] => {
      if (attribute.kind === 'list') return elementChanges(attribute, a, b);
      if (attribute.kind !== 'category') return [];
      const [from, to] = [attribute.of[a] as number, attribute.of[b] as number];
      if (from < 0 || to < 0 || from === to) return [];
      return [{ attribute, from: attribute.values[from] as string, to: attribute.values[to] as string, how: 'value' }];
    });
  }

  /** Numbers that differ by more than a step. */
  comparisons(a: number, b: number): AttributeChange[] {
    return this.numbers.flatMap((attribute): AttributeChange[] => {
      const [from, to] = [attribute.of[a] as number, attribute.of[b] as number];
      if (Number.isNaN(from) || Number.isNaN(to) || Math.abs(to - from) <= attribute.step) return [];
      return [{ attribute, from: String(from), to: String(to), how: to > from ? 'more' : 'less' }];
    });
  }
}

function elementChanges(attribute: Extract<CatalogueAttribute, { kind: 'list' }>, a: number, b: number): AttributeChange[] {
  const [from, to] = [attribute.of[a], attribute.of[b]];
  if (!from || !to) return [];
  const only = (mine: readonly number[], others: readonly number[]) => mine.filter((place) => !others.includes(place));
  const value = (place: number) => attribute.values[place] as string;
  return [
    ...only(to, from).map((place): AttributeChange => ({ attribute, from: '', to: value(place), how: 'added' })),
    ...only(from, to).map((place): AttributeChange => ({ attribute, from: value(place), to: '', how: 'removed' })),
  ];
}
