/**
 * Opening what a person has named as an input file. A pipe that nobody writes into would be waited for without end, a device has no end,
 * and neither can be read twice, as lists and annotations are.
 */
import { constants, createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const noFile = (cause?: unknown) =>
  Object.assign(new Error('it is a pipe, socket or device, not a file', { cause }), { code: 'ENOTFILE' });

/**
 * Opens a file for reading, for the caller to close. A folder is opened too: reading it is the system's error EISDIR.
 *
 * @throws the system's error; an Error with the code ENOTFILE for a pipe, a socket or a device
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  // Opened so, a pipe is there at once, whether anybody writes into it or not.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === 'ENXIO' ? noFile(cause) : cause;
  });
  try {
    const state = await file.stat();
    if (state.isFile() || state.isDirectory()) return file;
    throw noFile();
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The bytes of a file. @throws as {@link openRegularFile} */
export async function readRegularFile(path: string): Promise<Buffer> {
  const file = await openRegularFile(path);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** The bytes of a file of any size, in pieces of `pieceBytes`. @default 64 KiB @throws as {@link openRegularFile} */
export async function* streamRegularFile(path: string, pieceBytes = 1 << 16): AsyncGenerator<Buffer> {
  const file = await openRegularFile(path);
  // The stream closes the file, also where the reader stops early.
  for await (const piece of createReadStream(path, { fd: file, highWaterMark: pieceBytes })) yield piece as Buffer;
}
