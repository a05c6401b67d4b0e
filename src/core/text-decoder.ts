/**
 * Bytes from outside to text, piece by piece: UTF-8 with or without a byte-order mark, UTF-16 by its mark or where zero bytes leave
 * no doubt. Anything else is an error that names the line, because a replacement character in an id or a caption is found by nobody.
 */
import { LimnError } from './errors.js';

/** How many of the first bytes decide whether a text without a mark is UTF-16. */
const looksAt = 1024;

interface Encoding {
  /** The length of what ends with a whole character; the rest waits for the next piece. */
  whole(bytes: Uint8Array): number;
  /** Where the first character is that is none, or the length. */
  valid(bytes: Uint8Array): number;
  decode(bytes: Uint8Array): string;
}

const utf8: Encoding = {
  whole(bytes) {
    for (let back = 1; back <= 3 && back <= bytes.length; back++) {
      const byte = bytes[bytes.length - back] as number;
      if (byte >= 0xc0) return back < lengthOf(byte) ? bytes.length - back : bytes.length;
      if (byte < 0x80) break;
    }
    return bytes.length;
  },
  valid(bytes) {
    let at = 0;
    while (at < bytes.length) {
      const first = bytes[at] as number;
      const length = lengthOf(first);
      if (length === 0) return at;
      // The second byte's bounds keep overlong forms, surrogates and numbers above U+10FFFF out.
      const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
      const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
      for (let i = 1; i < length; i++) {
        const byte = bytes[at + i] ?? 0;
        if (byte < (i === 1 ? low : 0x80) || byte > (i === 1 ? high : 0xbf)) return at;
      }
      at += length;
    }
    return at;
  },
  decode: (bytes) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes),
};

/** The bytes of a character in UTF-8 by its first; 0 for a byte that begins none. */
function lengthOf(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

function utf16(highByte: 0 | 1): Encoding {
  const unit = (bytes: Uint8Array, at: number) => ((bytes[at + highByte] as number) << 8) | (bytes[at + 1 - highByte] as number);
  const isHigh = (code: number) => code >= 0xd800 && code < 0xdc00;
  const isLow = (code: number) => code >= 0xdc00 && code < 0xe000;
  return {
    whole(bytes) {
      const even = bytes.length & ~1;
      return even >= 2 && isHigh(unit(bytes, even - 2)) ? even - 2 : even;
    },
    valid(bytes) {
      for (let at = 0; at < bytes.length; at += 2) {
        if (at + 1 === bytes.length) return at;
        const code = unit(bytes, at);
        if (isLow(code) || (isHigh(code) && !(at + 3 < bytes.length && isLow(unit(bytes, at + 2))))) return at;
        if (isHigh(code)) at += 2;
      }
      return bytes.length;
    },
    decode: (bytes) => new TextDecoder(highByte === 1 ? 'utf-16le' : 'utf-16be', { fatal: true, ignoreBOM: true }).decode(bytes),
  };
}

const [utf16be, utf16le] = [utf16(0), utf16(1)];

/** Decodes one text that comes in pieces of any size. */
export class OutsideText {
  private encoding: Encoding | undefined;
  private held: Uint8Array = new Uint8Array(0);
  /** What has been decoded, in bytes and in line feeds. */
  private bytes = 0;
  private lines = 0;

  /** @param name what the text is called in errors: a path or an address */
  constructor(private readonly name: string) {}

  /** @returns the text so far that has not been returned yet @throws LimnError DATA for what is no text */
  push(piece: Uint8Array): string {
    return this.take(piece, false);
  }

  /** The rest of the text. @throws LimnError DATA for what is no text */
  end(): string {
    return this.take(new Uint8Array(0), true);
  }

  private take(piece: Uint8Array, last: boolean): string {
    let bytes = this.held.length === 0 ? piece : Buffer.concat([this.held, piece]);
    if (!this.encoding) {
      if (!last && bytes.length < looksAt) {
        // A copy: whoever reads into one buffer again and again would overwrite it.
        this.held = Uint8Array.from(bytes);
        return '';
      }
      const { encoding, mark } = this.detect(bytes.subarray(0, looksAt));
      this.encoding = encoding;
      this.bytes = mark;
      bytes = bytes.subarray(mark);
    }
    const whole = last ? bytes.length : this.encoding.whole(bytes);
    const now = bytes.subarray(0, whole);
    this.held = Uint8Array.from(bytes.subarray(whole));
    let text: string;
    try {
      text = this.encoding.decode(now);
    } catch (cause) {
      throw this.wrong(now, cause);
    }
    this.bytes += whole;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.lines++;
    return text;
  }

  private detect(start: Uint8Array): { encoding: Encoding; mark: number } {
    const begins = (...mark: number[]) => mark.every((byte, i) => start[i] === byte);
    if (begins(0xef, 0xbb, 0xbf)) return { encoding: utf8, mark: 3 };
    if (begins(0xff, 0xfe, 0, 0) || begins(0, 0, 0xfe, 0xff)) throw this.error('is UTF-32. Save it as UTF-8 and try again.');
    if (begins(0xff, 0xfe)) return { encoding: utf16le, mark: 2 };
    if (begins(0xfe, 0xff)) return { encoding: utf16be, mark: 2 };
    return { encoding: unmarked(start), mark: 0 };
  }

  private wrong(bytes: Uint8Array, cause: unknown): LimnError {
    const encoding = this.encoding as Encoding;
    const at = encoding.valid(bytes);
    if (at === bytes.length) return this.error('is too long to be read as one text.', { bytes: at }, cause);
    const before = encoding.decode(bytes.subarray(0, at));
    const line = this.lines + before.split('\n').length;
    const byte = this.bytes + at;
    const place = `line ${line} (byte ${byte + 1} of the file)`;
    const whole = `is not ${encoding === utf8 ? 'UTF-8' : 'UTF-16'} in ${place}: ${guess(bytes, at, before, encoding)}`;
    return this.error(whole, { line, byte }, cause);
  }

  private error(what: string, place: Record<string, number> = {}, cause?: unknown): LimnError {
    return new LimnError('DATA', `${this.name} ${what}`, { details: { path: this.name, ...place }, cause });
  }
}

/**
 * The encoding of a text that begins without a mark. Latin letters, digits and the signs of JSON and tables have a zero byte each in
 * UTF-16, all on one side; texts in UTF-8 have none.
 */
function unmarked(start: Uint8Array): Encoding {
  const zeros: [number, number] = [0, 0];
  let printable = true;
  start.forEach((byte, i) => {
    if (byte !== 0) return;
    zeros[i & 1]!++;
    const other = start[i ^ 1] ?? 0x20;
    if (other < 0x20 && ![0x09, 0x0a, 0x0d].includes(other)) printable = false;
  });
  const [even, odd] = zeros;
  if (!printable || even * odd > 0 || even + odd < Math.max(1, start.length / 8)) return utf8;
  return odd > 0 ? utf16le : utf16be;
}

/** What the bytes behind a wrong place probably are, and what to do. */
function guess(bytes: Uint8Array, at: number, before: string, encoding: Encoding): string {
  if (encoding !== utf8) return 'it holds half a character. Save it as UTF-8 and try again.';
  const near = bytes.subarray(Math.max(0, at - 64), at + 64);
  if (near.some((byte) => byte < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d].includes(byte)))
    return 'this looks like a binary file and not like a text. Check that it is the right one.';
  if (at + lengthOf(bytes[at] as number) > bytes.length && bytes.subarray(at + 1).every((byte) => byte >= 0x80 && byte < 0xc0))
    return 'it ends in the middle of a character. Is the file whole, or is it Latin-1? Save it as UTF-8 and try again.';
  // In Latin-1 and Windows-1252 accents stand alone among ASCII letters; in most other encodings such bytes come in runs.
  let run = 1;
  while ((bytes[at + run] ?? 0) >= 0x80) run++;
  const first = bytes[at] as number;
  if (run > 2 || (first < 0x91 && first !== 0x80 && first !== 0x85))
    return 'it is in another encoding. Save it as UTF-8 and try again.';
  const head = before.slice(-24).split(/\s/).at(-1) ?? '';
  const tail = /^\S*/.exec(new TextDecoder('windows-1252').decode(bytes.subarray(at, at + 24)))?.[0] ?? '';
  return `this looks like Latin-1 or Windows-1252 (${JSON.stringify(head + tail)}). Save it as UTF-8 and try again.`;
}
