/** Which indexes a LanceDB gallery has, by its size. */
import type { Index as LanceIndex, Table } from '@lancedb/lancedb';
import type { Lance } from './peer.js';
import { metadataKind } from './table-form.js';

export interface IndexSizes {
  /** Rows from which the matching vectors have an index; smaller galleries are searched exactly. @default 50,000 */
  vectorRows?: number | undefined;
  /** Rows from which ids and metadata have indexes. @default 10,000 */
  scalarRows?: number | undefined;
}

/** One graph holds so many vectors at most: it is built in memory. */
const graphRows = 1_000_000;
export const vectorIndex = 'matching_idx';

/** Makes the indexes that a table of this size should have and does not. @param told called before each, with its column */
export async function createIndexes(
  lance: Lance,
  table: Table,
  sizes: IndexSizes,
  told: (column: string) => void,
): Promise<void> {
  const rows = await table.countRows();
  const there = new Set((await table.listIndices()).flatMap(({ columns }) => columns));
  const create = async (column: string, config: LanceIndex, name?: string) => {
    if (there.has(column)) return;
    told(column);
    await table.createIndex(column, { config, replace: true, ...(name ? { name } : {}) });
  };
  if (rows >= (sizes.scalarRows ?? 10_000)) {
    await create('id', lance.Index.btree());
    for (const { name } of (await table.schema()).fields) {
      const kind = metadataKind(name);
      if (kind) await create(name, kind === 'flag' ? lance.Index.bitmap() : lance.Index.btree());
    }
  }
  if (rows < (sizes.vectorRows ?? 50_000)) return;
  // A graph in each part, of vectors rounded to a byte a number; the best hits are compared exactly afterwards (refineFactor).
  const numPartitions = Math.ceil(rows / graphRows);
  await create(
    'matching',
    lance.Index.hnswSq({ distanceType: 'cosine', numPartitions, m: 20, efConstruction: 300 }),
    vectorIndex,
  );
}
