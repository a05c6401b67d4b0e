/**
 * Checksums of what limn writes: CRC-32 of bytes, and JSON that carries its own. They find damage (a flipped bit, a cut or blank block),
 * not forgery.
 */
import { crc32 as zlibCrc32 } from 'node:zlib';
import { LimnError } from './errors.js';
import { readJson } from './files.js';

const key = 'checksum';

/** CRC-32 (as zlib has it). @param before the value of what comes before these bytes. @default none */
export function crc32(data: string | Uint8Array, before = 0): number {
  // zlib begins anew at a buffer without memory.
  return data.length === 0 ? before : zlibCrc32(data, before);
}

/** CRC-32 as eight hexadecimal digits. @param before the value of what comes before these bytes. @default none */
export function checksumText(data: string | Uint8Array, before = 0): string {
  return crc32(data, before).toString(16).padStart(8, '0');
}

/** A JSON object with a checksum of the rest as its last field. Spaces and line ends do not count. */
export function sealed<T extends object>(value: T): T & { checksum: string } {
  return { ...value, [key]: checksumText(JSON.stringify(value)) } as T & { checksum: string };
}

/**
 * The object without its checksum. What has none is given as it is: it was written by hand, or by an earlier version.
 *
 * @param path what the object was read from, for the message @throws LimnError DATA where the checksum does not fit
 */
export function unsealed(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !(key in value)) return value;
  const { [key]: found, ...rest } = value as Record<string, unknown>;
  if (found === checksumText(JSON.stringify(rest))) return rest;
  throw new LimnError(
    'DATA',
    `${path} is damaged: its content does not fit its checksum. Restore it from a copy, or make it again; if you changed it by hand, remove its "${key}".`,
    { details: { path } },
  );
}

/** As {@link readJson}, of a file whose object may carry a checksum. @throws LimnError IO, DATA */
export async function readSealedJson(path: string, what: string): Promise<unknown> {
  return unsealed(await readJson(path, what), path);
}
