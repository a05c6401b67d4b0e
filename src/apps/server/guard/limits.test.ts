/** Keys, rates, time, places and ending: what the server does when there is too much, too slow or too late. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ApiSearchAnswer } from '../contract.js';
import { startServer } from '../server.js';
import { colourImage, FakeGallery } from '../testing/fake-gallery.js';
import { asJson, form, problemOf, serveFake } from '../testing/serving.js';
import { addKey } from './keys.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-limits-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const red = asJson({ gallery: 'shop', texts: ['red'] });

describe('a server with keys', () => {
  let server: Awaited<ReturnType<typeof serveFake>>;
  let reader: string;
  let writer: string;
  beforeAll(async () => {
    const keys = join(root, 'keys.json');
    reader = (await addKey(keys, 'read')).key;
    writer = (await addKey(keys, 'write')).key;
    server = await serveFake({ keys });
  });
  afterAll(() => server.close());
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

  it('wants one for everything but health, readiness and descriptions', async () => {
    for (const path of ['/v1/galleries', '/v1/galleries/shop/items/red.jpg/picture', '/v1/nothing', '/metrics']) {
      const response = await fetch(server.at(path));
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="limn"');
      await problemOf(response, 401, 'UNAUTHORIZED');
    }
    await problemOf(await fetch(server.at('/v1/search'), red), 401, 'UNAUTHORIZED');
    for (const path of ['/healthz', '/readyz', '/openapi.json', '/docs', '/'])
      expect((await fetch(server.at(path))).status).toBe(200);
  });

  it('refuses wrong ones in every form', async () => {
    const wrong = [reader.slice(0, -1), `${reader}A`, reader.toLowerCase(), 'limn_00000000_x', '', '" or 1=1'];
    for (const key of wrong)
      await problemOf(await fetch(server.at('/v1/galleries'), { headers: bearer(key) }), 401, 'UNAUTHORIZED');
    const basic = { authorization: `Basic ${Buffer.from(`limn:${reader}`).toString('base64')}` };
    await problemOf(await fetch(server.at('/v1/galleries'), { headers: basic }), 401, 'UNAUTHORIZED');
    await problemOf(await fetch(server.at(`/v1/galleries?key=${reader}`)), 401, 'UNAUTHORIZED');
  });

  it('lets readers read and writers do both', async () => {
    for (const key of [reader, writer]) {
      expect((await fetch(server.at('/v1/galleries'), { headers: bearer(key) })).status).toBe(200);
      const search = asJson({ gallery: 'shop', texts: ['red'] }, bearer(key));
      expect((await fetch(server.at('/v1/search'), search)).status).toBe(200);
    }
    const address = server.at('/v1/galleries/shop/items/mine.jpg');
    const put = async (key: string) => {
      const body = form({ picture: await colourImage(9, 9, 9) });
      return fetch(address, { method: 'PUT', headers: bearer(key), body });
    };
    await problemOf(await put(reader), 403, 'FORBIDDEN');
    await problemOf(await fetch(address, { method: 'DELETE', headers: bearer(reader) }), 403, 'FORBIDDEN');
    expect((await put(writer)).status).toBe(200);
    expect((await fetch(address, { method: 'DELETE', headers: bearer(writer) })).status).toBe(204);
  });
});

describe('too much', () => {
  it('of one key is limited, and of others not', async () => {
    const keys = join(root, 'rates.json');
    const [one, two] = [(await addKey(keys, 'read')).key, (await addKey(keys, 'read')).key];
    const server = await serveFake({ keys, limits: { rate: 0.001, burst: 3 } });
    const ask = (key: string) => fetch(server.at('/v1/galleries'), { headers: { authorization: `Bearer ${key}` } });
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await ask(one)).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const limited = await ask(one);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    await problemOf(limited, 429, 'RATE_LIMITED');
    expect((await ask(two)).status).toBe(200);
    // Guesses are counted by address.
    const guesses = [];
    for (let i = 0; i < 4; i++) guesses.push((await ask(`wrong${i}`)).status);
    expect(guesses).toEqual([401, 401, 401, 429]);
    await server.close();
  });

  it('at once waits, and then is refused; what was begun is finished', async () => {
    const server = await serveFake({ limits: { concurrency: 1, waiting: 1, rate: 0 }, batching: { size: 1 } });
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    server.gallery.before = (call) => (call === 'search' ? gate : Promise.resolve());
    const begun = fetch(server.at('/v1/search'), red);
    while (server.gallery.batches.length === 0) await sleep(5);
    const waits = fetch(server.at('/v1/search'), red);
    await sleep(100);
    const refused = await fetch(server.at('/v1/search'), red);
    expect(refused.headers.get('retry-after')).toBe('1');
    await problemOf(refused, 503, 'BUSY');
    expect((await fetch(server.at('/healthz'))).status).toBe(200);
    open();
    expect([(await begun).status, (await waits).status]).toEqual([200, 200]);
    await server.close();
  });

  it('memory for bodies is refused, and given back', async () => {
    const server = await serveFake({ limits: { bufferedBytes: 5000, rate: 0 } });
    const body = form({ request: '{"gallery":"shop","references":[{"upload":"a"}]}', a: Buffer.alloc(8000, 1) });
    await problemOf(await fetch(server.at('/v1/search'), { method: 'POST', body }), 503, 'BUSY');
    for (let i = 0; i < 100; i++) expect((await fetch(server.at('/v1/search'), red)).status).toBe(200);
    await server.close();
  });
});

describe('too long', () => {
  it('a request is stopped, and its place stays taken until its work has ended', async () => {
    const server = await serveFake({ limits: { requestMilliseconds: 150, concurrency: 1, waiting: 5 }, batching: { size: 1 } });
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    server.gallery.before = (call) => (call === 'put' ? gate : Promise.resolve());
    const put = fetch(server.at('/v1/galleries/shop/items/slow.jpg'), {
      method: 'PUT',
      body: form({ picture: await colourImage(1, 1, 1) }),
    });
    expect(await problemOf(await put, 504, 'TIMEOUT')).toContain('0.15 seconds');
    await problemOf(await fetch(server.at('/v1/search'), red), 504, 'TIMEOUT');
    open();
    await vi.waitFor(async () => expect((await fetch(server.at('/v1/search'), red)).status).toBe(200), 60_000);
    await server.close();
  });

  it('nobody works for callers who have gone', async () => {
    const server = await serveFake({ batching: { waitMilliseconds: 600_000, size: 2 } });
    const inFlight = async (count: number) => {
      const metrics = await (await fetch(server.at('/metrics'))).text();
      // This request is one itself.
      expect(metrics).toContain(`limn_http_requests_in_flight ${count + 1}\n`);
    };
    const stop = new AbortController();
    const asked = fetch(server.at('/v1/search'), { ...red, signal: stop.signal });
    asked.catch(() => {});
    await vi.waitFor(() => inFlight(1), 60_000);
    stop.abort();
    await expect(asked).rejects.toThrow();
    await vi.waitFor(() => inFlight(0), 60_000);
    // With the one that has gone the second of these would wait for a third.
    const others = await Promise.all([fetch(server.at('/v1/search'), red), fetch(server.at('/v1/search'), red)]);
    expect(others.map(({ status }) => status)).toEqual([200, 200]);
    expect(server.gallery.batches).toEqual([2]);
    await server.close();
  });
});

describe('ending', () => {
  it('finishes what runs, takes nothing new, and closes what is idle', async () => {
    const server = await serveFake({ batching: { size: 1 } });
    const idle = connect(server.port, '127.0.0.1');
    idle.on('error', () => {});
    idle.resume();
    await once(idle, 'connect');
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    server.gallery.before = () => gate;
    const running = fetch(server.at('/v1/search'), red);
    while (server.gallery.batches.length === 0) await sleep(5);
    const closed = server.close();
    await sleep(50);
    await expect(fetch(server.at('/healthz'))).rejects.toThrow();
    open();
    const response = await running;
    expect([response.status, response.headers.get('connection')]).toEqual([200, 'close']);
    expect(((await response.json()) as ApiSearchAnswer).hits.length).toBe(4);
    await closed;
  });

  it('stops at its deadline what does not end, with an answer', async () => {
    const server = await serveFake({ batching: { size: 1 } });
    server.gallery.before = () => new Promise(() => {});
    const running = fetch(server.at('/v1/search'), red);
    while (server.gallery.batches.length === 0) await sleep(5);
    await server.close(100);
    const response = await running;
    expect(response.headers.get('retry-after')).toBe('2');
    await problemOf(response, 503, 'INTERRUPTED');
  });
});

describe('starting', () => {
  const galleries = { shop: new FakeGallery() };

  it('says that the port is taken, or the address or the keys not there', async () => {
    const server = await serveFake();
    await expect(startServer({ galleries, port: server.port })).rejects.toThrow(`Port ${server.port} on 127.0.0.1 is taken`);
    await server.close();
    await expect(startServer({ galleries, port: 0, host: '192.0.2.1', open: true })).rejects.toThrow(
      'This machine has no address 192.0.2.1',
    );
    await expect(startServer({ galleries, port: 0, keys: join(root, 'none.json') })).rejects.toThrow('Cannot read the keys');
  });

  it('lets other machines in only with keys, or when told so', async () => {
    await expect(startServer({ galleries, port: 0, host: '0.0.0.0' })).rejects.toThrow(
      /other machines can reach the server.*--keys.*--open/,
    );
    const open = await startServer({ galleries, port: 0, host: '0.0.0.0', open: true, page: '/nowhere' });
    expect((await fetch(`http://127.0.0.1:${open.port}/v1/galleries`, { headers: { host: 'any.example' } })).status).toBe(200);
    await open.close();
  });
});

describe('pages of other sites', () => {
  it('are let in by their origins, and only these', async () => {
    const server = await serveFake({ origins: ['https://shop.example'] });
    const preflight = (origin: string) =>
      fetch(server.at('/v1/search'), {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type',
        },
      });
    const allowed = await preflight('https://shop.example');
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://shop.example');
    expect(allowed.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
    const own = await fetch(
      server.at('/v1/search'),
      asJson({ gallery: 'shop', texts: ['red'] }, { origin: 'https://shop.example' }),
    );
    expect([own.status, own.headers.get('access-control-allow-origin')]).toEqual([200, 'https://shop.example']);
    expect(own.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    // What an <img> asks, which sends no origin; and nothing else may be embedded.
    const policyOf = async (path: string) => (await fetch(server.at(path))).headers.get('cross-origin-resource-policy');
    const [item] = ((await (await fetch(server.at('/v1/galleries/shop/items'))).json()) as { items: { id: string }[] }).items;
    const place = `/v1/galleries/shop/items/${encodeURIComponent(item?.id as string)}`;
    expect(await policyOf(`${place}/picture?size=thumbnail`)).toBe('cross-origin');
    expect(await policyOf(place)).toBe('same-origin');
    await problemOf(
      await fetch(server.at('/v1/search'), asJson({ gallery: 'shop', texts: ['red'] }, { origin: 'https://evil.example' })),
      403,
      'FORBIDDEN',
    );
    await server.close();
  });
});

describe('URLs of pictures', () => {
  it('are fetched where allowed, checked like uploads, and lead nowhere else', async () => {
    const image = await colourImage(10, 220, 10);
    let inside = 0;
    const web = createServer((request, response) => {
      if (request.url === '/green.jpg') response.end(image);
      else if (request.url === '/svg') response.end('<svg xmlns="http://www.w3.org/2000/svg"/>');
      else if (request.url === '/in') response.writeHead(302, { location: `http://127.0.0.2:${port}/secret` }).end();
      else if (request.url === '/local') response.writeHead(302, { location: 'file:///etc/passwd' }).end();
      else if (request.url === '/large') response.end(Buffer.alloc(200_000, 0xff));
      else {
        inside++;
        response.end(image);
      }
    });
    web.listen(0, '0.0.0.0');
    await once(web, 'listening');
    const { port } = web.address() as AddressInfo;
    const server = await serveFake({
      allowUrls: { allowAddress: (address) => address === '127.0.0.1' },
      limits: { bodyBytes: 100_000, rate: 0 },
    });
    const search = (url: string) => fetch(server.at('/v1/search'), asJson({ gallery: 'shop', references: [{ url }], k: 1 }));
    const found = (await (await search(`http://127.0.0.1:${port}/green.jpg`)).json()) as ApiSearchAnswer;
    expect(found.hits[0]?.id).toBe('green.jpg');
    await problemOf(await search(`http://127.0.0.1:${port}/svg`), 415, 'IMAGE');
    const refused = [
      `http://127.0.0.1:${port}/in`,
      `http://127.0.0.1:${port}/local`,
      `http://127.0.0.1:${port}/large`,
      `http://127.0.0.2:${port}/`,
      `http://0x7f.2:${port}/`,
      `http://[::ffff:127.0.0.2]:${port}/`,
      'file:///etc/passwd',
      'http://169.254.169.254/',
      'ftp://example.com/a.jpg',
    ];
    for (const url of refused) {
      const message = await problemOf(await search(url), 400, 'USAGE');
      expect(message).not.toMatch(/127\.0|169\.254/);
    }
    expect(inside).toBe(0);
    await server.close();
    web.closeAllConnections();
    web.close();
  });
});
