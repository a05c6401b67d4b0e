import { describe, expect, it } from 'vitest';
import { Random } from '../../core/random.js';
import { readAttributes } from './attributes.js';
import type { CatalogueRow } from './catalogue-row.js';
import { Differences } from './changes.js';
import { typeColumns } from './columns.js';
import { Kinds } from './kinds.js';
import { drawPairs } from './pairs.js';

const colours = ['red', 'blue', 'green', 'black'];

/** Boots have heels and shirts have sleeves; hats have neither and share all of their columns with caps. */
function tableOf(count: number, change: (values: Record<string, string>, i: number) => void = () => {}): CatalogueRow[] {
  return Array.from({ length: count }, (_, i) => {
    const type = ['boot', 'shirt', 'hat', 'cap'][i % 4] as string;
    const values: Record<string, string> = { type, colour: colours[Math.floor(i / 4) % 4] as string };
    if (type === 'boot') values.heel = i % 8 === 0 ? 'flat' : 'high';
    if (type === 'shirt') values.sleeve = i % 8 === 1 ? 'long' : 'short';
    change(values, i);
    return { id: `${i}.jpg`, path: `${i}.jpg`, values };
  });
}
const attributesOf = (rows: readonly CatalogueRow[]) => readAttributes(rows, typeColumns(rows)).attributes;

describe('products that are described by different columns', () => {
  it('are those of types of which one has a column that the other lacks', () => {
    const kinds = new Kinds(attributesOf(tableOf(80)));
    expect([kinds.areApart(0, 1), kinds.areApart(1, 2), kinds.areApart(0, 4), kinds.areApart(2, 3)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('are not told by cells that are empty here and there', () => {
    const rows = tableOf(200, (values, i) => {
      if (i % 4 === 2 || i % 4 === 3) values.brim = i % 5 === 0 ? '' : ['wide', 'narrow'][i % 2]!;
    });
    const kinds = new Kinds(attributesOf(rows));
    expect(kinds.areApart(2, 3)).toBe(false);
    expect(kinds.areApart(10, 6)).toBe(false);
  });

  it('are paired now and then, and the others mostly', () => {
    const rows = tableOf(160);
    const attributes = attributesOf(rows);
    const random = new Random(3);
    const data = new Float32Array(160 * 4).map(() => random.normal());
    const kinds = new Kinds(attributes);
    const pairs = drawPairs({
      rows: rows.map((_, row) => row).filter((row) => row % 4 < 2),
      perReference: 6,
      differences: new Differences(attributes),
      kinds,
      vectors: { data, width: 4 },
      random,
    });
    const apart = pairs.filter(({ reference, target }) => kinds.areApart(reference, target)).length / pairs.length;
    expect(apart).toBeGreaterThan(0.1);
    expect(apart).toBeLessThan(0.3);
  });
});
