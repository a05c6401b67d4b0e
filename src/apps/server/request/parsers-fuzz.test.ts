/**
 * Every parser of what strangers send, with inputs that are long, nested and half right. Each runs under a limit of the engine that ends
 * it where it hangs, a thousand times above what it takes: work that grows faster than the input does not come to an end in it.
 */
import { createContext, Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { LimnError, messageOf } from '../../../core/errors.js';
import { Random } from '../../../core/random.js';
import { parseFilter } from '../../../search/store/filter-parse.js';
import { search } from '../contract.js';
import { callerAddress, hostName, isLoopback } from '../guard/addresses.js';
import { HttpProblem } from '../handlers/problems.js';
import { matchesTag } from '../handlers/static-page.js';
import { parseJson } from './content.js';
import { readCursor } from './cursors.js';
import { acceptsGzip, bearerToken, parseHeaderValue } from './header-values.js';
import { uploadFormat } from './images.js';
import { checkItemId, checkNewItemId } from './item-ids.js';
import { boundaryOf, parseMultipart } from './multipart.js';
import { checkRequestLine } from './request-line.js';

const hangMilliseconds = 20_000;

const context = createContext({}) as { run?: () => unknown };
const script = new Script('run()');

/** Runs a function that the engine ends when it hangs. @throws what it throws, or that it was ended */
function ended<T>(run: () => T): T {
  context.run = run;
  return script.runInContext(context, { timeout: hangMilliseconds }) as T;
}

const part = (header: string) => Buffer.from(`--b\r\ncontent-disposition: ${header}\r\n\r\nx\r\n--b--`);
const parsers: Record<string, (text: string) => unknown> = {
  multipart: (text) => parseMultipart(Buffer.from(text), 'b', 24),
  'the headers of a part': (text) => parseMultipart(part(text), 'b', 24),
  'content-type': (text) => boundaryOf(text),
  'multipart/form-data': (text) => boundaryOf(`multipart/form-data; ${text}`),
  'header values': (text) => parseHeaderValue(text),
  authorization: (text) => bearerToken(`Bearer ${text}`),
  'accept-encoding': (text) => acceptsGzip(text),
  'if-none-match': (text) => matchesTag(text, '"x"'),
  host: (text) => isLoopback(hostName(text)),
  'x-forwarded-for': (text) =>
    callerAddress({ socket: { remoteAddress: '127.0.0.1' }, headers: { 'x-forwarded-for': text } } as never, 1),
  'an IPv6 address': (text) => callerAddress({ socket: { remoteAddress: `::ffff:${text}` }, headers: {} } as never, 0),
  address: (text) => checkRequestLine({ rawHeaders: [], url: text }),
  cursors: (text) => readCursor(text, 'x', 'number'),
  ids: (text) => checkItemId(text),
  'new ids': (text) => checkNewItemId(text),
  JSON: (text) => parseJson(Buffer.from(text), search, 'request'),
  filters: (text) => parseFilter(text.slice(0, 2000)),
  'first bytes': (text) => uploadFormat(Buffer.from(text, 'latin1')),
  messages: (text) => messageOf(new Error(text)),
};

/** A parser takes a text, or says what is wrong with it. */
function take(name: string, text: string): void {
  try {
    ended(() => (parsers[name] as (text: string) => unknown)(text));
  } catch (error) {
    const expected = error instanceof HttpProblem || LimnError.isInstance(error);
    expect(expected, `${name}: ${String(error)} for ${JSON.stringify(text.slice(0, 200))} (${text.length} characters)`).toBe(
      true,
    );
  }
}

const pieces = [
  '"', '\\"', "'", "''", ';', '; ', '=', ' ', '\t', ',', ':', '/', '//', '%', '%22', '%ff', '\r\n', '\r\n\r\n', '--b', '--', '\n',
  'a', 'name="', 'name=', 'form-data', 'boundary=', 'gzip', ';q=0', '1', '.', '::', '[', ']', '{"a":', '(', ')', 'not ', ' and ',
  '\0', 'é', '\ud800', 'x: y', 'content-disposition: form-data; name="a"',
]; // biome-ignore format: one look

describe('parsers of outside input', () => {
  it.each(Object.keys(parsers))('of %s take a long repetition of anything in time', (name) => {
    const long = 200_000;
    for (const piece of pieces) {
      for (const start of ['', 'form-data; ', 'a="']) take(name, start + piece.repeat(Math.ceil(long / piece.length)));
    }
  });

  it('take or refuse whatever comes, and never fail', () => {
    const random = new Random(14);
    const names = Object.keys(parsers);
    for (let i = 0; i < 8000; i++) {
      const length = random.below(random.below(8) === 0 ? 400 : 24);
      const text = Array.from({ length }, () => pieces[random.below(pieces.length)]).join('');
      take(names[i % names.length] as string, text);
    }
  });

  it('end what hangs, so that a hang would fail', () => {
    const slow = /^(a+)+$/;
    expect(() =>
      new Script('run()').runInContext(createContext({ run: () => slow.test(`${'a'.repeat(40)}!`) }), { timeout: 50 }),
    ).toThrow('timed out');
  });
});
