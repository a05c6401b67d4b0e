/** The one way in which limn reads text from outside: whole, in pieces or by lines. See {@link OutsideText} for the encodings. */
import { LimnError, messageOf } from './errors.js';
import { readRegularFile, streamRegularFile } from './regular-file.js';
import { OutsideText } from './text-decoder.js';

/** A line that is longer is no line of a table or a list, and would fill the memory. */
const longestLine = 1 << 28;

/**
 * The text of bytes that came from outside.
 *
 * @param name what the text is called in errors: a path or an address
 * @throws LimnError DATA that names the line for what is neither UTF-8 nor UTF-16
 */
export function decodeText(bytes: Uint8Array, name: string): string {
  const text = new OutsideText(name);
  return text.push(bytes) + text.end();
}

/**
 * The text of a file.
 *
 * @param what what it should be, for errors: "the ids of the queries"
 * @throws LimnError IO, DATA that names the line for what is neither UTF-8 nor UTF-16
 */
export async function readText(path: string, what: string): Promise<string> {
  const bytes = await readRegularFile(path).catch((error) => {
    throw readError(error, path, what);
  });
  return decodeText(bytes, path);
}

/** The text of a file of any size, in pieces; throws like {@link readText}. */
export async function* streamText(path: string, what: string): AsyncGenerator<string> {
  const text = new OutsideText(path);
  try {
    for await (const piece of streamRegularFile(path, 1 << 18)) yield text.push(piece);
  } catch (error) {
    throw readError(error, path, what);
  }
  yield text.end();
}

/**
 * The lines of a file of any size, without the line feeds (and carriage returns before them); throws like {@link readText}. Nothing
 * else ends a line: U+2028 may stand in a text of JSON.
 */
export async function* readLines(path: string, what: string): AsyncGenerator<string> {
  let begun = '';
  for await (const piece of streamText(path, what)) {
    let from = 0;
    for (let at = piece.indexOf('\n'); at >= 0; at = piece.indexOf('\n', from)) {
      yield withoutReturn(begun + piece.slice(from, at));
      begun = '';
      from = at + 1;
    }
    begun += piece.slice(from);
    if (begun.length > longestLine) {
      const message = `${path} has a line of more than ${longestLine} characters; is it ${what}?`;
      throw new LimnError('DATA', message, { details: { path } });
    }
  }
  if (begun !== '') yield withoutReturn(begun);
}

const withoutReturn = (line: string) => (line.endsWith('\r') ? line.slice(0, -1) : line);

function readError(error: unknown, path: string, what: string): LimnError {
  if (LimnError.isInstance(error)) return error;
  return new LimnError('IO', `Cannot read ${what} at ${path}: ${messageOf(error)}.`, { details: { path }, cause: error });
}
