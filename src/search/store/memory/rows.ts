/** The items of a log, as rows of a matrix. A row never changes: an item that is replaced gets a new row, and the old one is dead. */
import type { StoredItem, VectorSizes } from '../store.js';
import { compareText } from '../text.js';
import type { ReadRecord } from './log.js';
import { Matrix } from './matrix.js';
import type { UpsertRow } from './records.js';

export class Rows {
  readonly matrix: Matrix;
  readonly items: StoredItem[] = [];
  readonly rowOf = new Map<string, number>();
  /** Where each row's factor vectors begin in the log. */
  readonly factorsAt: number[] = [];
  /** Their CRC-32; undefined in records of earlier versions. */
  readonly factorChecksums: (number | undefined)[] = [];
  private deadRows = new Uint8Array(1024);
  private sorted: string[] = [];
  private added: string[] = [];

  constructor(private readonly sizes: VectorSizes) {
    this.matrix = new Matrix(sizes.width);
  }

  /** Does what the record says. @returns how many items a delete removed */
  apply({ head, body, factorsAt }: ReadRecord): number {
    const content = JSON.parse(body.toString('utf8', 0, head.textBytes)) as UpsertRow[] | string[];
    if (head.kind === 'delete') return (content as string[]).filter((id) => this.remove(id)).length;
    const factorBytes = 4 * this.sizes.factors * this.sizes.projection;
    const matching = body.subarray(head.textBytes);
    this.matrix.append(new Float32Array(matching.buffer, matching.byteOffset, matching.length / 4));
    (content as UpsertRow[]).forEach(([id, hash, location, metadata, factorChecksum], i) => {
      if (!this.remove(id)) this.added.push(id);
      const row =
        this.items.push({ id, content: hash, location: location === 0 ? id : location, metadata: Object.freeze(metadata) }) - 1;
      this.rowOf.set(id, row);
      this.factorsAt.push(factorsAt + i * factorBytes);
      this.factorChecksums.push(factorChecksum);
    });
    return 0;
  }

  /** One byte a row, not 0 for dead rows: a copy. */
  dead(): Uint8Array {
    this.makeRoom();
    return this.deadRows.slice(0, this.items.length);
  }

  /** All ids that were ever added, and perhaps deleted, in code point order. */
  ids(): readonly string[] {
    if (this.added.length > 0) {
      const added = isSorted(this.added) ? this.added : this.added.sort(compareText);
      this.sorted = this.sorted.length === 0 ? unique(added) : merge(this.sorted, added);
      this.added = [];
    }
    return this.sorted;
  }

  private remove(id: string): boolean {
    const row = this.rowOf.get(id);
    if (row === undefined) return false;
    this.makeRoom();
    this.deadRows[row] = 1;
    this.rowOf.delete(id);
    return true;
  }

  private makeRoom(): void {
    if (this.deadRows.length >= this.items.length) return;
    const larger = new Uint8Array(2 * this.items.length);
    larger.set(this.deadRows);
    this.deadRows = larger;
  }
}

function isSorted(ids: readonly string[]): boolean {
  return ids.every((id, i) => i === 0 || compareText(ids[i - 1] as string, id) <= 0);
}

function unique(ids: readonly string[]): string[] {
  return ids.filter((id, i) => i === 0 || id !== ids[i - 1]);
}

function merge(a: readonly string[], b: readonly string[]): string[] {
  const merged: string[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const fromA = j >= b.length || (i < a.length && compareText(a[i] as string, b[j] as string) <= 0);
    const id = (fromA ? a[i++] : b[j++]) as string;
    if (id !== merged.at(-1)) merged.push(id);
  }
  return merged;
}
