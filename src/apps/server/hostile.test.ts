/** What strangers send: each gets 4xx and a problem, and the server lives on. */
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { colourImage } from './testing/fake-gallery.js';
import { asJson, form, problemOf, raw, serveFake } from './testing/serving.js';

let server: Awaited<ReturnType<typeof serveFake>>;
const at = (path: string) => server.at(path);

beforeAll(async () => {
  server = await serveFake({
    limits: {
      rate: 0,
      bodyBytes: 200_000,
      jsonBytes: 20_000,
      parts: 4,
      pixels: 1_000_000,
    },
  });
});
afterAll(async () => {
  expect((await fetch(at('/readyz'))).status).toBe(200);
  await server.close();
});

const upload = (bytes: Uint8Array) =>
  fetch(at('/v1/search'), {
    method: 'POST',
    body: form({ request: '{"gallery":"shop","references":[{"upload":"a"}]}', a: bytes }),
  });
const put = (id: string, bytes: Uint8Array, metadata = '{}') =>
  fetch(at(`/v1/galleries/shop/items/${id}`), { method: 'PUT', body: form({ picture: bytes, metadata }) });

/** A PNG of any size whose pixels are a few hundred bytes of zeros. */
function pngOf(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length);
    body.copy(out, 4);
    out.writeUInt32BE(crc(body), body.length + 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(100_000))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crc(bytes: Buffer): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}

describe('pictures', () => {
  it('that promise too many pixels are refused before they are decoded', async () => {
    for (const [width, height] of [
      [60_000, 60_000],
      [1001, 1000],
      [2_000_000_000, 2_000_000_000],
    ] as const) {
      const response = await upload(pngOf(width, height));
      expect([413, 422]).toContain(response.status);
    }
    expect(await problemOf(await upload(pngOf(40_000, 40_000)), 413, 'TOO_LARGE')).toContain('40000 x 40000 pixels');
    await problemOf(await put('bomb.png', pngOf(40_000, 40_000)), 413, 'TOO_LARGE');
  });

  it('that are documents or texts are refused unread', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd" width="9" height="9"/></svg>';
    for (const text of [
      svg,
      `<?xml version="1.0"?>${svg}`,
      '%PDF-1.4',
      '#!/bin/sh',
      'GIF',
      '',
      '<!DOCTYPE html>',
      '\x1f\x8b\x08',
    ]) {
      await problemOf(await upload(Buffer.from(text, 'latin1')), 415, 'IMAGE');
      await problemOf(await put('x.svg', Buffer.from(text, 'latin1')), 415, 'IMAGE');
    }
  });

  it('that are damaged or cut short are refused, and nothing is kept', async () => {
    const whole = await colourImage(9, 90, 190);
    for (const bytes of [
      whole.subarray(0, 20),
      Buffer.concat([whole.subarray(0, 100), Buffer.alloc(50, 7)]),
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    ]) {
      await problemOf(await put('cut.jpg', bytes), 422, 'IMAGE');
    }
    await problemOf(await fetch(at('/v1/galleries/shop/items/cut.jpg')), 404, 'NOT_FOUND');
  });

  it('of URLs are not fetched where that was not allowed', async () => {
    const request = asJson({ gallery: 'shop', references: [{ url: 'http://169.254.169.254/latest/meta-data' }] });
    await problemOf(await fetch(at('/v1/search'), request), 403, 'FORBIDDEN');
    await problemOf(
      await fetch(at('/v1/search'), asJson({ gallery: 'shop', references: [{ path: '/etc/passwd' }] })),
      400,
      'USAGE',
    );
  });
});

describe('ids and addresses', () => {
  it('that lead outside are refused, however they are written', async () => {
    const ids = [
      '..%2F..%2Fetc%2Fpasswd',
      '%2Fetc%2Fpasswd',
      'a%2F..%2Fb',
      'a%5C..%5Cb',
      '%2e%2e%2fx',
      'x%00.jpg',
      'x%0d%0aSet-Cookie:%20a=b',
    ];
    const image = await colourImage(1, 1, 1);
    for (const id of ids) {
      const address = at(`/v1/galleries/shop/items/${id}`);
      await problemOf(await fetch(address), 400, 'USAGE');
      await problemOf(await fetch(`${address}/picture`), 400, 'USAGE');
      await problemOf(await fetch(address, { method: 'DELETE' }), 400, 'USAGE');
      await problemOf(await put(id, image), 400, 'USAGE');
      await problemOf(
        await fetch(at('/v1/search'), asJson({ gallery: 'shop', references: [{ id: decodeURIComponent(id) }] })),
        400,
        'USAGE',
      );
    }
    for (const id of ['.hidden', 'a%2F%2Fb', 'a%2F.git%2Fx', 'con%3A', 'a.', 'x'.repeat(300)])
      await problemOf(await put(id, image), 400, 'USAGE');
    await problemOf(await fetch(at('/v1/galleries/..%2f..%2fetc/items')), 400, 'USAGE');
    await problemOf(await fetch(at(`/v1/galleries/shop/items/${'x'.repeat(513)}`)), 400, 'USAGE');
  });

  it('of files that are not the page’s are not there', async () => {
    for (const path of [
      '/../package.json',
      '/%2e%2e/package.json',
      '/..%2fpackage.json',
      '/assets/..%5c..%5cpackage.json',
      '//etc/passwd',
      '/package.json',
    ]) {
      const answer = await raw(server.port, `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
      expect(answer).toMatch(/"code":"(NOT_FOUND|USAGE)"/);
    }
  });

  it('with wrong methods say which are right', async () => {
    const response = await fetch(at('/v1/search'));
    expect(response.headers.get('allow')).toBe('POST');
    await problemOf(response, 405, 'USAGE');
    await problemOf(await fetch(at('/v1/galleries/shop'), { method: 'PATCH' }), 405, 'USAGE');
    await problemOf(await fetch(at('/v2'), { method: 'POST' }), 404, 'NOT_FOUND');
  });
});

describe('bodies', () => {
  const post = (body: string | Buffer, type = 'application/json', more: Record<string, string> = {}) =>
    fetch(at('/v1/search'), { method: 'POST', headers: { 'content-type': type, ...more }, body: body as BodyInit_ });

  it('of other types, compressed ones and broken ones are refused', async () => {
    await problemOf(await post('gallery=shop', 'application/x-www-form-urlencoded'), 415, 'USAGE');
    await problemOf(await post('{}', 'text/plain'), 415, 'USAGE');
    await problemOf(await post('{}', 'application/json', { 'content-encoding': 'gzip' }), 415, 'USAGE');
    for (const text of ['', '{', 'null', '[]', '"shop"', '{"gallery":"shop",}', '[[[[[[', Buffer.from([0x22, 0xff, 0xfe, 0x22])])
      await problemOf(await post(text), 400, 'USAGE');
  });

  it('that the schema does not know are refused with the place', async () => {
    const wrong: [object, string][] = [
      [{ gallery: 'shop', texts: ['x'], more: 1 }, 'more'],
      [{ gallery: '../x', texts: ['x'] }, '"gallery"'],
      [{ gallery: 'shop', texts: [{ a: [[[['deep']]]] }] }, '"texts.0"'],
      [{ gallery: 'shop', texts: ['x'], k: 1e9 }, '"k"'],
      [{ gallery: 'shop', texts: ['x'], k: '5' }, '"k"'],
      [{ gallery: 'shop', texts: ['x'], weights: [1, -1, 1] }, '"weights.1"'],
      [{ gallery: 'shop', texts: ['x'], weights: [1] }, '3 factors'],
      [{ gallery: 'shop', texts: ['x'.repeat(1001)] }, '"texts.0"'],
      [{ gallery: 'shop', references: Array.from({ length: 9 }, () => ({ id: 'red.jpg' })) }, '"references"'],
      [{ gallery: 'shop', references: [{ id: 'red.jpg', upload: 'x' }] }, '"references.0"'],
      [{ gallery: 'shop' }, 'at least one'],
      [{ gallery: 'shop', references: [{ upload: 'x' }] }, 'no part of that name'],
      [{ gallery: 'shop', texts: ['x'], filter: "colour = 'red' or 1=1; drop table items" }, 'cannot be read'],
      [{ gallery: 'shop', texts: ['x'], cursor: 'abc' }, 'not one that this server gives'],
      [{ gallery: 'shop', texts: ['x'], cursor: Buffer.from('[1,"x",0]').toString('base64url') }, 'another request'],
    ];
    for (const [request, words] of wrong)
      expect(await problemOf(await fetch(at('/v1/search'), asJson(request)), 400, 'USAGE')).toContain(words);
    const polluting = '{"gallery":"shop","texts":["x"],"__proto__":{"admin":true}}';
    await problemOf(await post(polluting), 400, 'USAGE');
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'cursor=%00', `filter=${'x'.repeat(2001)}`])
      await problemOf(await fetch(at(`/v1/galleries/shop/items?${query}`)), 400, 'USAGE');
    await problemOf(await fetch(at('/v1/galleries/shop/items/red.jpg/picture?size=huge')), 400, 'USAGE');
  });

  it('with metadata that filters could not name are refused', async () => {
    const image = await colourImage(1, 1, 1);
    for (const metadata of [
      '{"a b":1}',
      '{"__proto__":1}',
      '{"x":{"y":1}}',
      '{"x":[1]}',
      '[]',
      '{',
      '{"1a":1}',
      `{"${'x'.repeat(65)}":1}`,
    ])
      await problemOf(await put('m.jpg', image, metadata), 400, 'USAGE');
  });

  it('of too many bytes are refused, announced or not', async () => {
    await problemOf(await upload(Buffer.alloc(300_000, 0xff)), 413, 'TOO_LARGE');
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(50_000)),
    });
    // The connection ends while the stream still sends, so fetch may see either.
    const streamed = await fetch(at('/v1/search'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit).catch(() => undefined);
    if (streamed) await problemOf(streamed, 413, 'TOO_LARGE');
    await problemOf(await post(JSON.stringify({ gallery: 'shop', texts: ['x'.repeat(30_000)] })), 413, 'TOO_LARGE');
    const claimed = await raw(
      server.port,
      'POST /v1/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 999999999\r\n\r\n{',
    );
    expect(claimed).toMatch(/^HTTP\/1\.1 413 [\s\S]*"code":"TOO_LARGE"/);
  });

  it('that come too slowly are refused, in their headers too', async () => {
    const slow = await serveFake({ limits: { bodyMilliseconds: 300, headerMilliseconds: 500 } });
    const body = await raw(
      slow.port,
      'POST /v1/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"gall',
    );
    expect(body).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"TIMEOUT"/);
    const headers = await raw(slow.port, 'POST /v1/search HTTP/1.1\r\nhost: loc');
    expect(headers).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"TIMEOUT"/);
    await slow.close();
  });

  it('in broken or too many parts are refused', async () => {
    const multipart = (text: string, type = 'multipart/form-data; boundary=b') => post(text, type);
    const part = (name: string, value = 'x') => `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    for (const text of [
      '',
      '--b',
      '--b\r\n',
      '--b--',
      part('request', '{}'),
      `${part('request', '{}')}--bX`,
      `--b\r\n\r\nx\r\n--b--`,
      `--b\r\ncontent-disposition: form-data\r\n\r\nx\r\n--b--`,
      `${part('a')}${part('a')}--b--`,
      `--b\r\nbroken header\r\n\r\nx\r\n--b--`,
      `--b\r\n${'x: y\r\n'.repeat(2000)}\r\nx\r\n--b--`,
    ])
      await problemOf(await multipart(text), 400, 'USAGE');
    await problemOf(await multipart(part('x'), 'multipart/form-data'), 400, 'USAGE');
    await problemOf(await multipart(part('x'), `multipart/form-data; boundary=${'b'.repeat(71)}`), 400, 'USAGE');
    const many = Array.from({ length: 2000 }, (_, i) => part(`p${i}`)).join('');
    await problemOf(await multipart(`${many}--b--`), 413, 'TOO_LARGE');
    const spare = `${part('request', '{"gallery":"shop","texts":["red"]}')}${part('spare')}--b--`;
    expect(await problemOf(await multipart(spare), 400, 'USAGE')).toContain('"spare" is not named');
    await problemOf(
      await fetch(at('/v1/galleries/shop/items/x.jpg'), { method: 'PUT', body: form({ metadata: '{}' }) }),
      400,
      'USAGE',
    );
  });
});

describe('requests', () => {
  it('that try to put headers into the answer or the log do not', async () => {
    const answer = await raw(
      server.port,
      'GET /v1/galleries HTTP/1.1\r\nhost: localhost\r\nx-request-id: a b"\u0001\r\nconnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"USAGE"/);
    const spaced = await fetch(at('/v1/galleries'), { headers: { 'x-request-id': 'a b; drop' } });
    expect(spaced.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('that are no HTTP get a problem all the same', async () => {
    for (const text of [
      'nonsense\r\n\r\n',
      'GET / HTTP/9.9\r\n\r\n',
      'GET /v1/galleries HTTP/1.1\r\nhost: a b c\r\nconnection: close\r\n\r\n',
      'POST /v1/search HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ])
      expect(await raw(server.port, text)).toMatch(/^HTTP\/1\.1 40[03] [\s\S]*"code":"(USAGE|FORBIDDEN)"/);
    const large = await raw(server.port, `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(large).toMatch(/^HTTP\/1\.1 431 [\s\S]*"code":"TOO_LARGE"/);
  });

  it('by other names, or from pages of other sites, are refused on a server for this machine alone', async () => {
    const rebound = await raw(server.port, 'GET /v1/galleries HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n');
    expect(rebound).toMatch(/^HTTP\/1\.1 403 [\s\S]*"code":"FORBIDDEN"/);
    const foreign = asJson({ gallery: 'shop', texts: ['x'] }, { origin: 'https://evil.example' });
    await problemOf(await fetch(at('/v1/search'), foreign), 403, 'FORBIDDEN');
    const own = asJson({ gallery: 'shop', texts: ['x'] }, { origin: server.url });
    expect((await fetch(at('/v1/search'), own)).status).toBe(200);
  });
});

/** What fetch takes as a body, of which Node's types have no name. */
type BodyInit_ = NonNullable<RequestInit['body']>;
