/** A disk that is full, or that cannot be written, for tests: everything in this process that writes by way of `node:fs/promises` meets it. */

import fs from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

type AnyFunction = (...values: never[]) => unknown;

const failure = (code: 'ENOSPC' | 'EROFS') =>
  Object.assign(new Error(code === 'ENOSPC' ? 'ENOSPC: no space left on device, write' : 'EROFS: read-only file system, open'), {
    code,
  });

const sizeOf = (data: unknown) => (typeof data === 'string' ? Buffer.byteLength(data) : ((data as Uint8Array).byteLength ?? 0));

/**
 * Runs `use` on a disk on which so many more bytes have room. A write that does not fit writes what does, as a real one.
 *
 * @param room bytes; 0 is a full disk
 */
export function onFullDisk<T>(room: number, use: () => Promise<T>): Promise<T> {
  let left = room;
  const limited = (handle: FileHandle): FileHandle => {
    // Of their many forms, limn's code uses those with bytes.
    const write = handle.write as unknown as (...values: unknown[]) => Promise<unknown>;
    const writeFile = handle.writeFile as unknown as (...values: unknown[]) => Promise<unknown>;
    const take = async (data: unknown, putPart: (bytes: number) => Promise<unknown>) => {
      const wanted = sizeOf(data);
      if (wanted <= left) {
        left -= wanted;
        return;
      }
      const part = left;
      left = 0;
      if (part > 0) await putPart(part);
      throw failure('ENOSPC');
    };
    const whole = async (data: string | Uint8Array) => {
      await take(data, (bytes) => write.call(handle, Buffer.from(data as string).subarray(0, bytes)));
      return writeFile.call(handle, data);
    };
    const some = async (data: Uint8Array, offset = 0, length = data.length - offset, position: number | null = null) => {
      const bytes = data.subarray(offset, offset + length);
      await take(bytes, (count) => write.call(handle, bytes, 0, count, position));
      return write.call(handle, data, offset, length, position);
    };
    return Object.assign(handle, { writeFile: whole, appendFile: whole, write: some }) as unknown as FileHandle;
  };
  const { open } = fs.promises;
  const refuse = async (): Promise<never> => {
    throw failure('ENOSPC');
  };
  const limitedOpen = async (...values: Parameters<typeof open>) => limited(await open(...values));
  return withPatches({ open: limitedOpen, writeFile: refuse, appendFile: refuse, copyFile: refuse, cp: refuse }, use);
}

/** Runs `use` where everything can be read and nothing written. */
export function onReadOnlyDisk<T>(use: () => Promise<T>): Promise<T> {
  const refuse = async (): Promise<never> => {
    throw failure('EROFS');
  };
  const { open, mkdir } = fs.promises;
  const readOnlyOpen = async (...values: Parameters<typeof open>) => {
    const [, flags = 'r'] = values;
    const reads = flags === 'r' || (typeof flags === 'number' && (flags & 3) === fs.constants.O_RDONLY);
    return reads ? open(...values) : refuse();
  };
  // What is there already is said to be there, as by a real one.
  const readOnlyMkdir = (path: fs.PathLike) => (fs.existsSync(path) ? mkdir(path) : refuse());
  const names = ['writeFile', 'appendFile', 'copyFile', 'cp', 'rename', 'link', 'truncate', 'mkdtemp', 'unlink'];
  const patches = { open: readOnlyOpen, mkdir: readOnlyMkdir, ...Object.fromEntries(names.map((name) => [name, refuse])) };
  return withPatches(patches as unknown as Record<string, AnyFunction>, use);
}

async function withPatches<T>(patches: Readonly<Record<string, AnyFunction>>, use: () => Promise<T>): Promise<T> {
  const target = fs.promises as unknown as Record<string, unknown>;
  const before = Object.fromEntries(Object.keys(patches).map((name) => [name, target[name]]));
  Object.assign(target, patches);
  syncBuiltinESMExports();
  try {
    return await use();
  } finally {
    Object.assign(target, before);
    syncBuiltinESMExports();
  }
}
