import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenApiDocument } from '../server/handlers/openapi.js';
import { colourImage } from '../server/testing/fake-gallery.js';
import { serveFake } from '../server/testing/serving.js';
import { LimnClient, LimnClientError } from './index.js';
import { routePath, routes } from './routes.js';

let server: Awaited<ReturnType<typeof serveFake>>;
let limn: LimnClient;
beforeAll(async () => {
  server = await serveFake({ limits: { rate: 0 } });
  limn = new LimnClient({ url: `${server.url}/` });
});
afterAll(() => server.close());

describe('LimnClient', () => {
  it('calls exactly the routes that the OpenAPI document has, by their names', async () => {
    const document = (await (await fetch(server.at('/openapi.json'))).json()) as OpenApiDocument;
    expect(document.openapi).toBe('3.1.0');
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => [operationId, [method.toUpperCase(), path]]),
    );
    // Of the operator's routes the client has only one.
    const known = Object.fromEntries(documented.filter(([name]) => name !== 'health' && name !== 'metrics'));
    expect(known).toEqual(routes);
  });

  it('sends what the document’s schemas name', async () => {
    const document = (await (await fetch(server.at('/openapi.json'))).json()) as OpenApiDocument;
    const { schemas } = document.components;
    expect(Object.keys(schemas?.Search?.properties ?? {}).sort()).toEqual(
      [
        'cursor',
        'excludeReferences',
        'filter',
        'gallery',
        'k',
        'negativeWeight',
        'negatives',
        'references',
        'texts',
        'weights',
      ].sort(),
    );
    expect(schemas.Search?.required).toEqual(['gallery']);
    const references = JSON.stringify(document).match(/#\/components\/schemas\/\w+/g) ?? [];
    for (const reference of new Set(references)) expect(schemas).toHaveProperty(reference.split('/').at(-1) as string);
    expect(references.length).toBeGreaterThan(10);
  });

  it('goes the whole way: galleries, items, searches, explanations, captions', async () => {
    const [gallery] = await limn.galleries();
    expect(gallery?.name).toBe('shop');
    expect((await limn.gallery('shop')).count).toBe(4);
    const ids = [];
    for await (const { id } of limn.allItems('shop', { limit: 2 })) ids.push(id);
    expect(ids).toEqual(['blue.jpg', 'green.jpg', 'red.jpg', 'sub/grey one.png']);
    const grey = await limn.item('shop', 'sub/grey one.png');
    expect(grey.metadata.colour).toBe('grey one');
    const id = 'a/b c%d&é.png';
    await limn.putItem('shop', id, { picture: await colourImage(250, 250, 0, 'png'), metadata: { colour: 'yellow' } });
    expect((await limn.items('shop', { filter: "colour = 'yellow'" })).items.map((item) => item.id)).toEqual([id]);
    expect((await limn.image('shop', id)).type).toBe('image/jpeg');
    expect((await fetch(limn.imageUrl('shop', id, 'thumbnail'))).status).toBe(200);
    const file = await colourImage(240, 240, 10);
    const found = await limn.search({
      gallery: 'shop',
      references: [{ file }, { id }],
      negatives: [{ file: new Blob([file as Uint8Array<ArrayBuffer>]) }],
      excludeReferences: false,
      k: 1,
    });
    expect(found.hits[0]?.id).toBe(id);
    const next = await limn.search({ gallery: 'shop', texts: ['red'], k: 2 });
    const last = await limn.search({ gallery: 'shop', texts: ['red'], k: 2, cursor: next.cursor });
    expect(last.hits[0]?.rank).toBe(3);
    const { factors } = await limn.explain({ gallery: 'shop', references: [{ file }], texts: ['blue'], hit: 'blue.jpg' });
    expect(factors).toHaveLength(3);
    expect(
      await limn.caption({ gallery: 'shop', reference: { id: 'red.jpg' }, target: { file: await colourImage(0, 255, 0) } }),
    ).toBe('more green');
    await limn.deleteItem('shop', id);
    await expect(limn.item('shop', id)).rejects.toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect(await limn.ready()).toBe(true);
  });

  it('throws what the server says, with the id of the request', async () => {
    const error = await limn.search({ gallery: 'none', texts: ['x'] }, { requestId: 'mine' }).catch((reason) => reason);
    expect(LimnClientError.isInstance(error)).toBe(true);
    expect(error).toMatchObject({
      status: 404,
      code: 'NOT_FOUND',
      request: 'mine',
      message: expect.stringContaining('no gallery "none"'),
    });
    await expect(new LimnClient({ url: 'http://127.0.0.1:1' }).galleries()).rejects.toThrow('fetch failed');
  });

  it('tries again after 429 and 503, as the server asks, and not for ever', async () => {
    const answers = [503, 429, 200];
    let calls = 0;
    const fake = async () => {
      const status = answers[calls++] as number;
      return new Response(
        JSON.stringify(status === 200 ? { galleries: [] } : { error: { code: 'BUSY', message: 'Wait.', request: 'r' } }),
        {
          status,
          headers: { 'retry-after': '0' },
        },
      );
    };
    expect(await new LimnClient({ url: '', fetch: fake as typeof fetch }).galleries()).toEqual([]);
    expect(calls).toBe(3);
    calls = 0;
    await expect(new LimnClient({ url: '', fetch: fake as typeof fetch, retries: 1 }).galleries()).rejects.toMatchObject({
      status: 429,
      code: 'BUSY',
    });
    expect(calls).toBe(2);
    const slow = async () => new Response('{}', { status: 503, headers: { 'retry-after': '60' } });
    await expect(new LimnClient({ url: '', fetch: slow as typeof fetch }).galleries()).rejects.toMatchObject({
      status: 503,
      code: 'UNKNOWN',
    });
  });

  it('stops when told to, also while it waits', async () => {
    const busy = async () => new Response('{}', { status: 503, headers: { 'retry-after': '5' } });
    const client = new LimnClient({ url: '', fetch: busy as typeof fetch });
    const stop = new AbortController();
    const asked = client.galleries({ signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 20);
    await expect(asked).rejects.toThrow('enough');
    await expect(limn.galleries({ signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
  });

  it('takes from the rest of limn nothing but types of the contract', async () => {
    const files = (await readdir(import.meta.dirname)).filter((name) => !name.endsWith('.test.ts'));
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const text = await readFile(join(import.meta.dirname, file), 'utf8');
      const imports = [...text.matchAll(/^(import|export)( type)? [^;]*? from '([^']+)';/gm)];
      for (const [line, , type, from] of imports) {
        if (from?.startsWith('./')) continue;
        expect([from, type], `${file}: ${line}`).toEqual(['../server/contract.js', ' type']);
      }
    }
  });

  it('fills paths so that they stay inside their places', () => {
    expect(routePath('item', { gallery: 'g', id: 'a/../b?c#d' })).toBe('/v1/galleries/g/items/a%2F..%2Fb%3Fc%23d');
  });
});
