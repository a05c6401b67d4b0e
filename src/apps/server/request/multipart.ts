/**
 * multipart/form-data (RFC 7578) of a body that is in memory: what browsers, curl and fetch send, and nothing more. Parts are views of
 * the body. The work is bounded by the length of the body: nothing is looked at twice.
 */

import { HttpProblem } from '../handlers/problems.js';
import { parseHeaderValue, trimBlanks } from './header-values.js';

export interface BodyPart {
  name: string;
  bytes: Buffer;
}

const mostHeaderBytes = 4096;
const mostNameCharacters = 128;
const mostBoundaryCharacters = 70;

function broken(reason: string): HttpProblem {
  return new HttpProblem(400, 'USAGE', `The multipart body ${reason}.`);
}

/** The boundary of a content type, or undefined where it is none of multipart/form-data. @throws HttpProblem 400 without a boundary */
export function boundaryOf(contentType: string): string | undefined {
  const end = contentType.indexOf(';');
  const type = trimBlanks(end < 0 ? contentType : contentType.slice(0, end)).toLowerCase();
  if (type !== 'multipart/form-data') return undefined;
  const boundary = parseHeaderValue(contentType)?.parameters.get('boundary') ?? '';
  if (boundary === '' || boundary.length > mostBoundaryCharacters) {
    throw broken(`has no boundary in its content type, or one of more than ${mostBoundaryCharacters} characters`);
  }
  return boundary;
}

/** @throws HttpProblem 400 for a body that is not whole, 413 for more parts than `most` */
export function parseMultipart(body: Buffer, boundary: string, most: number): BodyPart[] {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // The first delimiter may stand at the very beginning, without a line break.
  let at = body.subarray(0, delimiter.length - 2).equals(delimiter.subarray(2)) ? delimiter.length - 2 : -1;
  if (at < 0) {
    const found = body.indexOf(delimiter);
    if (found < 0) throw broken('does not begin with its boundary');
    at = found + delimiter.length;
  }
  const parts: BodyPart[] = [];
  const names = new Set<string>();
  for (;;) {
    const after = body.subarray(at, at + 2).toString('latin1');
    if (after === '--') return parts;
    if (after !== '\r\n') throw broken('is cut short or has a broken boundary');
    if (parts.length >= most)
      throw new HttpProblem(413, 'TOO_LARGE', `The multipart body has more than ${most} parts. Send fewer.`);
    const end = body.indexOf(delimiter, at);
    if (end < 0) throw broken('is cut short');
    const part = parsePart(body.subarray(at, end));
    if (names.has(part.name)) throw broken(`has two parts of the name ${JSON.stringify(part.name)}`);
    names.add(part.name);
    parts.push(part);
    at = end + delimiter.length;
  }
}

/** @param bytes from the line break behind the delimiter to the one before the next */
function parsePart(bytes: Buffer): BodyPart {
  const headerEnd = bytes.subarray(0, mostHeaderBytes).indexOf('\r\n\r\n');
  if (headerEnd < 0) throw broken(`has a part without headers, or with more than ${mostHeaderBytes} bytes of them`);
  const headers = parseHeaders(bytes.subarray(2, headerEnd).toString('utf8'));
  if (headers.has('content-transfer-encoding')) throw broken('has a part with a transfer encoding; send the bytes as they are');
  const disposition = parseHeaderValue(headers.get('content-disposition') ?? '');
  const name = disposition?.value === 'form-data' ? (disposition.parameters.get('name') ?? '') : '';
  if (name === '' || name.length > mostNameCharacters)
    throw broken(`has a part without a name, or with one of more than ${mostNameCharacters} characters`);
  return { name: unescapeName(name), bytes: bytes.subarray(headerEnd + 4) };
}

function parseHeaders(text: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    if (!/^[a-z0-9-]+$/.test(name)) throw broken('has a part with a broken header');
    if (headers.has(name)) throw broken(`has a part with two headers ${JSON.stringify(name.slice(0, 40))}`);
    headers.set(name, trimBlanks(line.slice(colon + 1)));
  }
  return headers;
}

/** Browsers write quotes and line breaks of names in this way. */
function unescapeName(name: string): string {
  return name.replace(/%22|%0D|%0A/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
}
