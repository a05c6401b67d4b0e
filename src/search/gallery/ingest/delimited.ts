/**
 * Records of comma-separated text (RFC 4180): fields in double quotes may hold commas, line ends and doubled quotes. Lines end with
 * CR LF, LF or CR; a byte order mark is passed over, and so are lines with nothing on them.
 */
import { LimnError } from '../../../core/errors.js';

export interface DelimitedRecord {
  fields: string[];
  /** The line where the record starts, from 1. */
  line: number;
}

/**
 * Reads records as the text arrives, so that a file may be larger than memory.
 *
 * @param text pieces of the text, cut anywhere but inside a character
 * @param label what the text is, for error messages
 * @throws LimnError DATA for a quote that is never closed, or has something behind it, naming the line
 */
export async function* readDelimited(
  text: AsyncIterable<string>,
  label: string,
  separator = ',',
): AsyncGenerator<DelimitedRecord> {
  let fields: string[] = [];
  let field = '';
  let state: 'start' | 'plain' | 'quoted' | 'closed' = 'start';
  let line = 1;
  let startedAt = 1;
  let quotedAt = 1;
  let afterReturn = false;
  let first = true;
  const wrong = (what: string, at: number) =>
    new LimnError('DATA', `${label} line ${at}: ${what}. Write a quote inside a field twice.`, { details: { line: at } });

  for await (const piece of text) {
    const records: DelimitedRecord[] = [];
    for (const character of first && piece.startsWith('\uFEFF') ? piece.slice(1) : piece) {
      const lineFeed = character === '\n';
      // The second half of CR LF: the record has ended already.
      if (lineFeed && afterReturn) {
        afterReturn = false;
        if (state === 'quoted') field += character;
        continue;
      }
      afterReturn = character === '\r';
      const lineEnd = lineFeed || character === '\r';
      if (state === 'quoted') {
        if (character === '"') state = 'closed';
        else field += character;
        if (lineEnd) line++;
        continue;
      }
      if (character === '"' && state === 'closed') {
        field += '"';
        state = 'quoted';
      } else if (character === '"' && state === 'start') {
        state = 'quoted';
        quotedAt = line;
      } else if (character === separator || lineEnd) {
        const blank = lineEnd && fields.length === 0 && state === 'start';
        if (!blank) fields.push(field);
        [field, state] = ['', 'start'];
        if (!lineEnd) continue;
        if (!blank) records.push({ fields, line: startedAt });
        fields = [];
        startedAt = ++line;
      } else if (state === 'closed') {
        throw wrong(`${JSON.stringify(character)} stands behind a closing quote`, line);
      } else {
        field += character;
        state = 'plain';
      }
    }
    first &&= piece === '';
    yield* records;
  }
  if (state === 'quoted') throw wrong('the quote is never closed', quotedAt);
  if (state !== 'start' || fields.length > 0) yield { fields: [...fields, field], line: startedAt };
}
