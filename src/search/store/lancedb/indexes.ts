/** Which indexes a LanceDB gallery has, by its size. */
import type { Index as LanceIndex, Table } from '@lancedb/lancedb';
import type { IndexSizes } from './options.js';
import type { Lance } from './peer.js';
import { metadataKind } from './table-form.js';

/**
 * The index has the vectors in parts of those that lie together, each number of a vector in three bits (RaBitQ). What it finds is compared again
 * by the vectors themselves, so it has to find a few more than are wanted, no matter in which order. Chosen by what was found of drawn
 * vectors of 512 (bench/lib/vectors.ts): with one bit, ten times as many have to be compared for the same recall; a graph of neighbours (HNSW) finds as
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

/** An index that a table should have and does not. */
interface OwedIndex {
  column: string;
  create(): Promise<void>;
}

/** Makes the indexes that a table of this size should have and does not. @param told called before each, with its column */
export async function createIndexes(
  lance: Lance,
  table: Table,
  width: number,
  sizes: IndexSizes,
  told: (column: string) => void,
): Promise<void> {
  for (const { column, create } of await owedIndexes(lance, table, width, sizes)) {
    told(column);
    await create();
  }
}

/** Whether an index is missing, or does not know all rows: someone was killed between writing and indexing, or has left that to others. */
export async function owesIndexes(lance: Lance, table: Table, width: number, sizes: IndexSizes): Promise<boolean> {
  if ((await owedIndexes(lance, table, width, sizes)).length > 0) return true;
  for (const { name } of await table.listIndices()) {
    if (((await table.indexStats(name))?.numUnindexedRows ?? 0) > 0) return true;
  }
  return false;
}

async function owedIndexes(lance: Lance, table: Table, width: number, sizes: IndexSizes): Promise<OwedIndex[]> {
  const rows = await table.countRows();
  const known = await table.listIndices();
  const there = new Set(known.flatMap(({ columns }) => columns));
  const owed: OwedIndex[] = [];
  const add = (column: string, config: LanceIndex) => {
    if (!there.has(column)) owed.push({ column, create: () => table.createIndex(column, { config, replace: true }) });
  };
  if (rows >= (sizes.scalarRows ?? 10_000)) {
    add('id', lance.Index.btree());
    for (const { name } of (await table.schema()).fields) {
      const kind = metadataKind(name);
      if (kind) add(name, kind === 'flag' ? lance.Index.bitmap() : lance.Index.btree());
    }
  }
  if (rows < (sizes.vectorRows ?? 50_000)) return owed;
  const old = known.filter(({ columns }) => columns.includes('matching')).map(({ name }) => name);
  const numPartitions = Math.max(1, Math.min(mostParts, Math.floor(rows / partRows)));
  // The name says how many parts there are: a gallery that has grown to four times its size gets as many as a new one.
  if (old.some((name) => numPartitions < 4 * Number(/^matching_(\d+)$/.exec(name)?.[1] ?? 0))) return owed;
  const create = async () => {
    // Rounded vectors are made of whole bytes; others are kept as they are.
    const parts = { distanceType: 'cosine', numPartitions } as const;
    const config = width % 8 === 0 ? lance.Index.ivfRq({ ...parts, numBits: bits }) : lance.Index.ivfFlat(parts);
    await table.createIndex('matching', { config, replace: true, name: `matching_${numPartitions}` });
    for (const name of old) await table.dropIndex(name);
  };
  return [...owed, { column: 'matching', create }];
}
