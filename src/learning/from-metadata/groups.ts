/** Which rows are one product: variants of it, copies of its image, and images that can hardly be told apart. */
import { type CatalogueRow, valueText } from './catalogue-row.js';
import type { Column } from './columns.js';
import { englishLexicon } from './english/lexicon.js';
import type { NearImages } from './near-images.js';
import { titleWords } from './titles.js';

export interface Groups {
  /** The group of each row: the number of its first row. */
  readonly of: Int32Array;
  readonly count: number;
  readonly notes: string[];
}

/** A group of more than this share of all rows is no product. */
const mostShare = 0.2;
/** A title that more rows have is the name of a kind, not of a product. */
const mostVariants = 50;

export function groupProducts(
  rows: readonly CatalogueRow[],
  columns: readonly Column[],
  { copies, duplicates }: Pick<NearImages, 'copies' | 'duplicates'>,
): Groups {
  const byColumn = columns.filter(({ reason }) => reason === 'it says which rows are one product').map(({ name }) => name);
  const titles = columns
    .filter(({ kind, role }) => kind === 'text' && role === 'title')
    .map(({ name }) => name)
    .slice(0, 1);
  const keys = (of: (row: CatalogueRow) => string | undefined, most: number) => {
    const found = new Map<string, number[]>();
    for (const [row, entry] of rows.entries()) {
      const key = of(entry);
      if (key === undefined) continue;
      const list = found.get(key);
      if (list) list.push(row);
      else found.set(key, [row]);
    }
    return [...found.values()].filter((list) => list.length > 1 && list.length <= most);
  };
  const links = {
    variants: byColumn.flatMap((name) => keys(({ values }) => valueText(values[name]), Math.max(2, rows.length * mostShare))),
    titles: titles.flatMap((name) => keys(({ values }) => titleKey(valueText(values[name])), mostVariants)),
  };
  const notes: string[] = [];
  const use = [...copies, ...links.variants, ...links.titles];
  const whole = join(rows.length, [...use, ...duplicates]);
  if (largest(whole) <= Math.max(2, rows.length * mostShare)) return { ...count(whole), notes };
  // Likeness is passed on from image to image, and may join much of the catalogue.
  const message =
    'so many images are nearly the same that they would be one product: near-duplicates may be on both sides of the split';
  const without = join(rows.length, use);
  notes.push(message);
  return { ...count(without), notes };
}

const colourWords = new Set(Object.values(englishLexicon.colour ?? {}).flat());
const sizeWords = new Set('xxs xs s m l xl xxl xxxl small medium large'.split(' '));

/** A title without colours, sizes and numbers: that of all variants. */
function titleKey(title: string | undefined): string | undefined {
  if (title === undefined) return undefined;
  const words = titleWords(title).filter((word) => !colourWords.has(word) && !sizeWords.has(word) && !/^\d+$/.test(word));
  return words.length < 2 ? undefined : words.join(' ');
}

/** Union of all that are linked, directly or through others. */
function join(size: number, links: readonly (readonly number[])[]): Int32Array {
  const parent = Int32Array.from({ length: size }, (_, row) => row);
  const root = (row: number) => {
    let at = row;
    while (parent[at] !== at) at = parent[at] = parent[parent[at] as number] as number;
    return at;
  };
  for (const [first = 0, ...others] of links) {
    for (const other of others) {
      const [a, b] = [root(first), root(other)];
      parent[Math.max(a, b)] = Math.min(a, b);
    }
  }
  return Int32Array.from(parent, (_, row) => root(row));
}

function largest(of: Int32Array): number {
  const sizes = new Map<number, number>();
  for (const group of of) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  return [...sizes.values()].reduce((most, size) => Math.max(most, size), 0);
}

const count = (of: Int32Array) => ({ of, count: new Set(of).size });
