/** The rows of an answer of LanceDB, read column by column: Arrow's row objects take several times as long for hundreds of vectors. */
import type { Table as ArrowTable, RecordBatch } from 'apache-arrow';
import { storedItem } from '../nearest.js';
import type { ItemVectors, StoredItem } from '../store.js';

export const itemColumns = ['id', 'content', 'location', 'metadata'];

export interface AnswerRow {
  /** Where the answer has {@link itemColumns}. */
  item(): StoredItem;
  id(): string;
  /** Copies; no factors where the answer has none. */
  vectors(): ItemVectors;
}

export function answerRows(table: ArrowTable): AnswerRow[] {
  return table.batches.flatMap((batch) => {
    const text = (name: string) => {
      const column = batch.getChild(name);
      return (row: number): string => column?.get(row) ?? '';
    };
    const [id, content, location, metadata] = itemColumns.map(text) as [Cell, Cell, Cell, Cell];
    const [matching, factors] = [floats(batch, 'matching'), floats(batch, 'factors')];
    return Array.from({ length: batch.numRows }, (_, row) => ({
      id: () => id(row),
      item: () => storedItem(id(row), content(row), location(row), metadata(row)),
      vectors: () => ({ matching: matching(row), factors: factors(row) }),
    }));
  });
}

type Cell = (row: number) => string;

/** The vectors of a column of lists of one length, whose numbers lie one after another. */
function floats(batch: RecordBatch, name: string): (row: number) => Float32Array {
  const data = batch.getChild(name)?.data[0];
  if (!data) return () => new Float32Array(0);
  const { values } = data.children[0] as unknown as { values: Float32Array };
  const width = (data.type as unknown as { listSize: number }).listSize;
  return (row) => values.slice(row * width, (row + 1) * width);
}
