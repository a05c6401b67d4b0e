/** Which requests are understood, and what each of them costs its caller. */
import { pino } from 'pino';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asJson, form, problemOf, raw, serveFake } from '../testing/serving.js';

let server: Awaited<ReturnType<typeof serveFake>>;
beforeAll(async () => {
  server = await serveFake({ limits: { rate: 0 } });
});
afterAll(() => server.close());

const searchWith = (at: (path: string) => string, parts: Record<string, Uint8Array>) => {
  const references = Object.keys(parts).map((upload) => ({ upload }));
  return fetch(at('/v1/search'), {
    method: 'POST',
    body: form({ request: JSON.stringify({ gallery: 'shop', references }), ...parts }),
  });
};

describe('requests that could be understood in two ways', () => {
  it('are refused: two Host headers, addresses that are no UTF-8', async () => {
    const hosts = await raw(server.port, 'GET /v1/galleries HTTP/1.1\r\nhost: localhost\r\nHost: evil.example\r\n\r\n');
    expect(hosts).toMatch(/^HTTP\/1\.1 400 [\s\S]*two Host headers/);
    for (const path of [
      '/v1/galleries/shop/items/%ff',
      '/v1/galleries/shop/items/%E4%.jpg',
      '/%',
      '/v1/galleries/shop/items?filter=%c3%28',
    ]) {
      const answer = await raw(server.port, `GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*not percent-encoded UTF-8/);
    }
  });
});

describe('pictures', () => {
  it('that cannot be decoded are the request’s fault in every route', async () => {
    const whole = await sharp({ create: { width: 400, height: 300, channels: 3, background: '#123456' } })
      .png()
      .toBuffer();
    const broken = Buffer.concat([whole.subarray(0, 60), Buffer.alloc(400, 7)]);
    // It was there before, so it was not checked by this server.
    server.gallery.replaceFile('red.jpg', broken);
    for (const size of ['thumbnail', 'full'])
      await problemOf(await fetch(server.at(`/v1/galleries/shop/items/red.jpg/picture?size=${size}`)), 422, 'IMAGE');
    await problemOf(await searchWith(server.at, { a: broken }), 422, 'IMAGE');
  });

  it('of a request have so many pixels together, those of files that are decoded whole counting in full', async () => {
    const limited = await serveFake({ limits: { rate: 0, requestPixels: 300_000 } });
    const blank = sharp({ create: { width: 400, height: 300, channels: 3, background: '#808080' } });
    const [interlaced, jpeg] = [await blank.clone().png({ progressive: true }).toBuffer(), await blank.clone().jpeg().toBuffer()];
    const several = (bytes: Uint8Array, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, Buffer.concat([bytes, Buffer.from([i])])]));
    expect((await searchWith(limited.at, several(interlaced, 2))).status).toBe(200);
    const message = await problemOf(await searchWith(limited.at, several(interlaced, 3)), 413, 'TOO_LARGE');
    expect(message).toContain('limit of 300000 for one request');
    expect((await searchWith(limited.at, several(jpeg, 8))).status).toBe(200);
    await limited.close();
  });

  it('cost their pixels at the rate, and memory as their headers say', async () => {
    const limited = await serveFake({ limits: { rate: 0.001, burst: 10, ratePixels: 30_000, decodeBytes: 1_000_000 } });
    const png = (width: number) =>
      sharp({ create: { width, height: 300, channels: 3, background: '#808080' } })
        .png({ progressive: true })
        .toBuffer();
    // 400 x 300 pixels count as four requests, beside the one that brings them.
    const image = await png(400);
    expect((await searchWith(limited.at, { a: image })).status).toBe(200);
    expect((await searchWith(limited.at, { a: image })).status).toBe(200);
    await problemOf(await searchWith(limited.at, { a: image }), 429, 'RATE_LIMITED');
    await limited.close();
    const roomy = await serveFake({ limits: { rate: 0, decodeBytes: 1_000_000 } });
    expect(await problemOf(await searchWith(roomy.at, { a: await png(1200) }), 413, 'TOO_LARGE')).toContain('2 MiB of memory');
    await roomy.close();
  });
});

describe('what needs no key', () => {
  it('is limited too, by itself', async () => {
    const limited = await serveFake({ limits: { rate: 0.001, burst: 2 } });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await fetch(limited.at('/readyz'))).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect((await fetch(limited.at('/v1/galleries'))).status).toBe(200);
    await problemOf(await fetch(limited.at('/healthz')), 429, 'RATE_LIMITED');
    await limited.close();
  });
});

describe('the log', () => {
  it('has a line without a stack for what was too much', async () => {
    const lines: { level: string; msg: string; status?: number; problem?: string; err?: unknown }[] = [];
    const log = pino({ formatters: { level: (level) => ({ level }) } }, { write: (line) => void lines.push(JSON.parse(line)) });
    const slow = await serveFake({ log, limits: { requestMilliseconds: 100, rate: 0 }, batching: { size: 1 } });
    slow.gallery.before = () => new Promise(() => {});
    await problemOf(await fetch(slow.at('/v1/search'), asJson({ gallery: 'shop', texts: ['red'] })), 504, 'TIMEOUT');
    expect(lines.map(({ level, msg, status, problem, err }) => [level, msg, status, problem, err])).toEqual([
      ['warn', 'answered', 504, 'TIMEOUT', undefined],
    ]);
    await slow.close(0);
  });
});
