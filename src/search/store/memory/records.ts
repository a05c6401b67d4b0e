/**
 * The records of a gallery's log: one a write, whole or absent. All numbers are little-endian.
 *
 *     bytes  0-3   "LIMN"
 *            4-7   kind: 1 upsert, 2 delete
 *            8-11  n, the number of items
 *           12-15  bytes of the JSON text, filled with spaces to a whole number of fours
 *           16-19  bytes of the matching vectors: n * width * 4
 *           20-23  bytes of the factor vectors: n * factors * projection * 4
 *           24-27  CRC-32 of the JSON text and the matching vectors
 *           28-31  CRC-32 of the factor vectors
 *           32-35  CRC-32 of bytes 0-31
 *           36-39  0
 *     then the JSON text: of an upsert [[id, content, location or 0 where it is the id, metadata, CRC-32 of the item's factor
 *     vectors], ...] (earlier versions wrote no checksum of an item), of a delete [id, ...];
 *     the matching vectors; the factor vectors
 */
import { crc32 } from '../../../core/checksum.js';
import type { EmbeddedItem, VectorSizes } from '../store.js';

export const headBytes = 40;
const mark = Buffer.from('LIMN');
/** Bytes of the vectors of one record, at most: its sizes have 32 bits, and a reader holds it in memory. */
export const recordVectorBytes = 2 ** 30;

export interface RecordHead {
  kind: 'upsert' | 'delete';
  count: number;
  textBytes: number;
  matchingBytes: number;
  factorBytes: number;
  /** Of the text and the matching vectors. */
  checksum: number;
  factorChecksum: number;
}

export type UpsertRow = [
  id: string,
  content: string,
  location: string | 0,
  metadata: EmbeddedItem['metadata'],
  factorChecksum?: number,
];

export function encodeUpsert(items: readonly EmbeddedItem[], sizes: VectorSizes): Buffer {
  const rows = items.map(({ id, content, location, metadata, factors }): UpsertRow => {
    const checksum = crc32(new Uint8Array(factors.buffer, factors.byteOffset, factors.byteLength));
    return [id, content, location === id ? 0 : location, metadata, checksum];
  });
  const factorFloats = sizes.factors * sizes.projection;
  const record = room(1, rows, items.length, sizes.width, factorFloats);
  let at = record.length - 4 * items.length * (sizes.width + factorFloats);
  for (const part of ['matching', 'factors'] as const) {
    for (const item of items) {
      const vector = item[part];
      record.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), at);
      at += vector.byteLength;
    }
  }
  return sealed(record);
}

export function encodeDelete(ids: readonly string[]): Buffer {
  return sealed(room(2, ids, ids.length, 0, 0));
}

function room(kind: number, content: unknown, count: number, width: number, factorFloats: number): Buffer {
  const text = Buffer.from(JSON.stringify(content));
  const textBytes = Math.ceil(text.length / 4) * 4;
  const record = Buffer.alloc(headBytes + textBytes + 4 * count * (width + factorFloats));
  mark.copy(record);
  const numbers = [kind, count, textBytes, 4 * count * width, 4 * count * factorFloats];
  for (const [i, value] of numbers.entries()) record.writeUInt32LE(value, 4 + 4 * i);
  text.copy(record, headBytes);
  record.fill(' ', headBytes + text.length, headBytes + textBytes);
  return record;
}

function sealed(record: Buffer): Buffer {
  const factorsAt = record.length - record.readUInt32LE(20);
  record.writeUInt32LE(crc32(record.subarray(headBytes, factorsAt)), 24);
  record.writeUInt32LE(crc32(record.subarray(factorsAt)), 28);
  record.writeUInt32LE(crc32(record.subarray(0, 32)), 32);
  return record;
}

/** @param head the first {@link headBytes} of a record @returns undefined where it is none */
export function decodeHead(head: Buffer): RecordHead | undefined {
  if (head.length < headBytes || !head.subarray(0, 4).equals(mark) || head.readUInt32LE(32) !== crc32(head.subarray(0, 32))) {
    return undefined;
  }
  const [kind, count, textBytes, matchingBytes, factorBytes, checksum, factorChecksum] = Array.from({ length: 7 }, (_, i) =>
    head.readUInt32LE(4 + 4 * i),
  ) as [number, number, number, number, number, number, number];
  if ((kind !== 1 && kind !== 2) || head.readUInt32LE(36) !== 0) return undefined;
  return { kind: kind === 1 ? 'upsert' : 'delete', count, textBytes, matchingBytes, factorBytes, checksum, factorChecksum };
}

/** The chain of the heads up to this record. @param record a record, or its head @param before the chain of those before it */
export function chained(record: Buffer, before: number): number {
  // Without the head's own checksum: a CRC over bytes that end in their CRC is the same for all bytes.
  return crc32(record.subarray(0, 32), before);
}

export function recordBytes({ textBytes, matchingBytes, factorBytes }: RecordHead): number {
  return headBytes + textBytes + matchingBytes + factorBytes;
}
