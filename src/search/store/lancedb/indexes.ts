/** Which indexes a LanceDB gallery has, by its size. */
import type { Index as LanceIndex, Table } from '@lancedb/lancedb';
import type { IndexSizes } from './options.js';
import type { Lance } from './peer.js';
import { metadataKind } from './table-form.js';

/**
 * The index has the vectors in parts of those that lie together, each number of a vector in three bits (RaBitQ). What it finds is compared again
 * by the vectors themselves, so it has to find a few more than are wanted, no matter in which order. Chosen by what was found of drawn
 * vectors of 512 (bench/vectors.mjs): with one bit, ten times as many have to be compared for the same recall; a graph of neighbours (HNSW) finds as
 * much, and took fifty times as long to build.
 */
const bits = 3;
const partRows = 4096;
const mostParts = 256;
/**
 * Parts of the index that a search without a filter looks at, and those at most, where a filter leaves too few or the nearest ones hold too few.
 * (Given a least and a most, LanceDB 0.37 took as long without a filter as looking at all of them.)
 */
export const probes = { least: 64, most: mostParts };

/** Rows that a search takes from the index to have the nearest `count` of them. */
export function candidateRows(count: number): number {
  return Math.ceil(1.1 * count) + 16;
}

/** Makes the indexes that a table of this size should have and does not. @param told called before each, with its column */
export async function createIndexes(
  lance: Lance,
  table: Table,
  width: number,
  sizes: IndexSizes,
  told: (column: string) => void,
): Promise<void> {
  const rows = await table.countRows();
  const known = await table.listIndices();
  const there = new Set(known.flatMap(({ columns }) => columns));
  const create = async (column: string, config: LanceIndex) => {
    if (there.has(column)) return;
    told(column);
    await table.createIndex(column, { config, replace: true });
  };
  if (rows >= (sizes.scalarRows ?? 10_000)) {
    await create('id', lance.Index.btree());
    for (const { name } of (await table.schema()).fields) {
      const kind = metadataKind(name);
      if (kind) await create(name, kind === 'flag' ? lance.Index.bitmap() : lance.Index.btree());
    }
  }
  if (rows < (sizes.vectorRows ?? 50_000)) return;
  const old = known.filter(({ columns }) => columns.includes('matching')).map(({ name }) => name);
  const numPartitions = Math.max(1, Math.min(mostParts, Math.floor(rows / partRows)));
  // The name says how many parts there are: a gallery that has grown to four times its size gets as many as a new one.
  if (old.some((name) => numPartitions < 4 * Number(/^matching_(\d+)$/.exec(name)?.[1] ?? 0))) return;
  told('matching');
  const parts = { distanceType: 'cosine', numPartitions } as const;
  // Rounded vectors are made of whole bytes; others are kept as they are.
  const config = width % 8 === 0 ? lance.Index.ivfRq({ ...parts, numBits: bits }) : lance.Index.ivfFlat(parts);
  await table.createIndex('matching', { config, replace: true, name: `matching_${numPartitions}` });
  for (const name of old) await table.dropIndex(name);
}
