/** The rows of an answer of LanceDB, read column by column: Arrow's row objects take several times as long for hundreds of vectors. */
import type { Table as ArrowTable, RecordBatch } from 'apache-arrow';
import { storedItem } from '../nearest.js';
import type { ItemVectors, StoredItem } from '../store.js';

export const itemColumns = ['id', 'content', 'location', 'metadata'];

export interface AnswerRow {
  /** Where the answer has {@link itemColumns}. */
  item(): StoredItem;
  id(): string;
  /** Copies, where the answer has the column of vectors. */
  vectors(): ItemVectors;
}

/** @param width of matching vectors */
export function answerRows(table: ArrowTable, width: number): AnswerRow[] {
  return table.batches.flatMap((batch) => {
    const text = (name: string) => {
      const column = batch.getChild(name);
      return (row: number): string => column?.get(row) ?? '';
    };
    const [id, content, location, metadata] = itemColumns.map(text) as [Cell, Cell, Cell, Cell];
    const floats = floatsOf(batch, 'vectors') ?? floatsOf(batch, 'matching');
    return Array.from({ length: batch.numRows }, (_, row) => ({
      id: () => id(row),
      item: () => storedItem(id(row), content(row), location(row), metadata(row)),
      vectors: () => {
        const all = floats?.(row) ?? new Float32Array(0);
        return { matching: all.slice(0, width), factors: all.slice(width) };
      },
    }));
  });
}

type Cell = (row: number) => string;

/** The vectors of a column of lists of one length, whose numbers lie one after another. */
function floatsOf(batch: RecordBatch, name: string): ((row: number) => Float32Array) | undefined {
  const data = batch.getChild(name)?.data[0];
  if (!data) return undefined;
  const { values } = data.children[0] as unknown as { values: Float32Array };
  const size = (data.type as unknown as { listSize: number }).listSize;
  return (row) => values.subarray(row * size, (row + 1) * size);
}
