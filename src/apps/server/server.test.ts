import { createHash } from 'node:crypto';
import { Writable } from 'node:stream';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiExplanation, ApiGallery, ApiSearchAnswer, Item, ItemList } from './contract.js';
import * as contract from './contract.js';
import { createLog } from './log.js';
import { colourImage } from './testing/fake-gallery.js';
import { asJson, form, problemOf, serveFake } from './testing/serving.js';

let server: Awaited<ReturnType<typeof serveFake>>;
const lines: string[] = [];

beforeAll(async () => {
  const stream = new Writable({ write: (chunk, _, done) => done(void lines.push(String(chunk))) });
  server = await serveFake({ log: createLog('info', stream), version: '1.2.3', limits: { rate: 0 } });
});
afterAll(() => server.close());

const at = (path: string) => server.at(path);
const json = async <T>(response: Response): Promise<T> => {
  const text = await response.text();
  expect(response.ok, text).toBe(true);
  return JSON.parse(text) as T;
};
const search = async (request: object) =>
  json<ApiSearchAnswer>(await fetch(at('/v1/search'), asJson({ gallery: 'shop', ...request })));

describe('galleries', () => {
  it('are listed and described as the contract says', async () => {
    const { galleries } = contract.galleries.parse(await json(await fetch(at('/v1/galleries'))));
    expect(galleries.map(({ name, count }) => [name, count])).toEqual([['shop', 4]]);
    expect(await json<ApiGallery>(await fetch(at('/v1/galleries/shop')))).toEqual(galleries[0]);
    expect(await problemOf(await fetch(at('/v1/galleries/shap')), 404, 'NOT_FOUND')).toContain('Did you mean "shop"?');
  });
});

describe('items', () => {
  it('are listed page by page, filtered, and by cursors that hold for the same list only', async () => {
    const first = contract.itemList.parse(await json(await fetch(at('/v1/galleries/shop/items?limit=3'))));
    expect(first.items.map(({ id }) => id)).toEqual(['blue.jpg', 'green.jpg', 'red.jpg']);
    const rest = await json<ItemList>(await fetch(at(`/v1/galleries/shop/items?limit=2&cursor=${first.cursor}`)));
    expect(rest).toEqual({ items: [expect.objectContaining({ id: 'sub/grey one.png' })] });
    const filter = encodeURIComponent("colour = 'red'");
    const red = await json<ItemList>(await fetch(at(`/v1/galleries/shop/items?filter=${filter}`)));
    expect(red.items.map(({ id }) => id)).toEqual(['red.jpg']);
    expect(red.notes).toBeUndefined();
    const none = await json<ItemList>(await fetch(at(`/v1/galleries/shop/items?filter=${encodeURIComponent("colour = 'x'")}`)));
    expect(none).toEqual({ items: [], notes: ["Nothing passes colour = 'x'."] });
    const wrong = await fetch(at(`/v1/galleries/shop/items?filter=${filter}&cursor=${first.cursor}`));
    expect(await problemOf(wrong, 400, 'USAGE')).toContain('belongs to another request');
  });

  it('are put, got, replaced, shown and deleted, with slashes, spaces and signs in their ids', async () => {
    const id = 'new/50% off & ü #1?.jpg'.replace('?', '');
    const address = at(`/v1/galleries/shop/items/${encodeURIComponent(id)}`);
    const bytes = await colourImage(250, 250, 20, 'png');
    const put = {
      method: 'PUT',
      body: form({ picture: bytes, metadata: JSON.stringify({ colour: 'yellow', price: 3.5, new: true, old: null }) }),
    };
    const item = contract.item.parse(await json(await fetch(address, put)));
    const content = createHash('sha256').update(bytes).digest('hex');
    expect(item).toEqual({ id, content, metadata: { colour: 'yellow', price: 3.5, new: true, old: null } });
    expect(await json<Item>(await fetch(address))).toEqual(item);
    const found = await search({ references: [{ id }], excludeReferences: false, k: 1 });
    expect(found.hits[0]?.id).toBe(id);

    const image = await fetch(`${address}/picture`);
    expect(image.headers.get('content-type')).toBe('image/jpeg');
    expect(image.headers.get('cache-control')).toBe('private, max-age=300');
    expect((await sharp(Buffer.from(await image.arrayBuffer())).metadata()).format).toBe('jpeg');
    const tag = image.headers.get('etag') as string;
    const again = await fetch(`${address}/picture`, { headers: { 'if-none-match': tag } });
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag]);
    const small = await fetch(`${address}/picture?size=thumbnail`, { headers: { 'if-none-match': tag } });
    expect(small.status).toBe(200);

    const other = await fetch(address, { method: 'PUT', body: form({ picture: await colourImage(1, 2, 3) }) });
    expect((await json<Item>(other)).metadata).toEqual({});
    expect((await fetch(`${address}/picture`, { headers: { 'if-none-match': tag } })).status).toBe(200);
    const gone = await fetch(address, { method: 'DELETE' });
    expect([gone.status, await gone.text()]).toEqual([204, '']);
    await problemOf(await fetch(address), 404, 'NOT_FOUND');
    await problemOf(await fetch(address, { method: 'DELETE' }), 404, 'NOT_FOUND');
    await problemOf(await fetch(`${address}/picture`), 404, 'NOT_FOUND');
  });

  it('whose file is a JPEG are handed out as they are', async () => {
    const response = await fetch(at('/v1/galleries/shop/items/red.jpg/picture'));
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from((await server.gallery.image('red.jpg')) as Uint8Array));
  });
});

describe('a search', () => {
  it('takes ids and texts as JSON', async () => {
    const answer = contract.searchAnswer.parse(await search({ references: [{ id: 'red.jpg' }], texts: ['in blue'] }));
    expect(answer.hits[0]?.id).not.toBe('red.jpg');
    expect(answer.hits.map(({ rank }) => rank)).toEqual([1, 2, 3]);
    const kept = await search({ references: [{ id: 'red.jpg' }], excludeReferences: false });
    expect(kept.hits[0]?.id).toBe('red.jpg');
    const filtered = await search({ texts: ['green'], filter: "colour = 'blue'" });
    expect(filtered.hits.map(({ id }) => id)).toEqual(['blue.jpg']);
    expect(filtered.notes).toEqual([]);
    const none = contract.searchAnswer.parse(await search({ texts: ['green'], filter: "colour = 'x'" }));
    expect(none).toMatchObject({ hits: [], notes: ["Nothing passes colour = 'x'."] });
    const weighted = await search({ texts: ['green'], weights: [0, 0, 1] });
    expect(weighted.hits[0]?.factors.slice(0, 2).map(Math.abs)).toEqual([0, 0]);
  });

  it('takes uploads as multipart', async () => {
    const request = JSON.stringify({
      gallery: 'shop',
      references: [{ upload: 'mine' }],
      negatives: [{ upload: 'not "this"' }],
      k: 1,
    });
    const body = form({
      request,
      mine: await colourImage(10, 200, 10, 'webp'),
      'not "this"': await colourImage(200, 10, 10),
    });
    const answer = await json<ApiSearchAnswer>(await fetch(at('/v1/search'), { method: 'POST', body }));
    expect(answer.hits.map(({ id }) => id)).toEqual(['green.jpg']);
  });

  it('takes a part of a picture, and refuses what is none', async () => {
    const boxed = (box: object) =>
      fetch(at('/v1/search'), asJson({ gallery: 'shop', references: [{ id: 'red.jpg', box }], texts: ['in blue'] }));
    const part = { left: 0.1, top: 0, width: 0.5, height: 1 };
    expect((await boxed(part)).status).toBe(200);
    for (const wrong of [{ ...part, left: 0.6 }, { ...part, width: 0 }, { ...part, top: -0.1 }, { left: 0 }])
      await problemOf(await boxed(wrong), 400, 'USAGE');
  });

  it('can be prepared: texts to try, and how many items pass a filter', async () => {
    const suggest = (body: object) => fetch(at('/v1/suggest'), asJson({ gallery: 'shop', ...body }));
    // The fake one suggests nothing.
    const none = contract.suggestions.parse(await json(await suggest({ text: 'in bl', reference: 'red.jpg' })));
    expect(none).toEqual({ suggestions: [], unknown: [], filters: [] });
    await problemOf(await suggest({ count: 0 }), 400, 'USAGE');
    await problemOf(await suggest({ reference: 'a\u0000b' }), 400, 'USAGE');
    const { count } = contract.countAnswer.parse(await json(await fetch(at('/v1/galleries/shop/count'))));
    expect(count).toBe(await server.gallery.count());
    expect(count).toBeGreaterThan(0);
    await problemOf(await fetch(at('/v1/galleries/none/count')), 404, 'NOT_FOUND');
  });

  it('goes on where its cursor says, and only for itself', async () => {
    const upload = async (cursor?: string, k = 2, level = 200) => {
      const request = JSON.stringify({ gallery: 'shop', references: [{ upload: 'a' }], k, ...(cursor ? { cursor } : {}) });
      return fetch(at('/v1/search'), { method: 'POST', body: form({ request, a: await colourImage(level, 10, 10) }) });
    };
    const one = await json<ApiSearchAnswer>(await upload());
    const two = await json<ApiSearchAnswer>(await upload(one.cursor));
    expect([...one.hits, ...two.hits].map(({ rank }) => rank)).toEqual([1, 2, 3, 4]);
    expect(new Set([...one.hits, ...two.hits].map(({ id }) => id)).size).toBe(4);
    expect(two.cursor).toBeUndefined();
    expect(await problemOf(await upload(one.cursor, 3), 400, 'USAGE')).toContain('another request');
    expect(await problemOf(await upload(one.cursor, 2, 30), 400, 'USAGE')).toContain('another request');
  });

  it('explains a hit and says what changed', async () => {
    const request = { gallery: 'shop', references: [{ id: 'red.jpg' }], texts: ['in blue'], hit: 'blue.jpg' };
    const explanation = contract.explanation.parse(await json<ApiExplanation>(await fetch(at('/v1/explain'), asJson(request))));
    expect(explanation.hit.id).toBe('blue.jpg');
    expect(explanation.factors.map(({ name }) => name)).toEqual(['red', 'green', 'blue']);
    const change = { gallery: 'shop', reference: { id: 'red.jpg' }, target: { id: 'blue.jpg' } };
    expect(await json(await fetch(at('/v1/caption'), asJson(change)))).toEqual({ text: 'more blue' });
  });

  it('is put together with others that arrive with it', async () => {
    server.gallery.batches.length = 0;
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => search({ references: [{ id: 'red.jpg' }], texts: ['blue'] })),
    );
    for (const { hits } of answers) expect(hits).toEqual(answers[0]?.hits);
    expect(server.gallery.batches.length).toBeLessThan(12);
    expect(server.gallery.batches.reduce((a, b) => a + b)).toBe(12);
  });

  it('fails alone in its batch', async () => {
    const outcomes = await Promise.all(
      ['red.jpg', 'none.jpg', 'blue.jpg'].map((id) => fetch(at('/v1/search'), asJson({ gallery: 'shop', references: [{ id }] }))),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([200, 400, 200]);
  });
});

describe('every answer', () => {
  it('has the id of its request, given or made, and headers that keep browsers careful', async () => {
    const given = await fetch(at('/v1/galleries'), { headers: { 'x-request-id': 'turn-7.a_B' } });
    expect(given.headers.get('x-request-id')).toBe('turn-7.a_B');
    for (const path of ['/v1/galleries', '/nothing', '/docs', '/']) {
      const { headers } = await fetch(at(path), { headers: { 'x-request-id': 'x'.repeat(65) } });
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('leaves a line in the log without texts, filters or pictures', async () => {
    lines.length = 0;
    const options = asJson({ gallery: 'shop', texts: ['a secret wish'], filter: "colour = 'red'" }, { 'x-request-id': 'logged' });
    await fetch(at('/v1/search'), { ...options, headers: { ...options.headers, authorization: 'Bearer limn_secret' } });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      level: 'info',
      request: 'logged',
      method: 'POST',
      route: '/v1/search',
      status: 200,
    });
    expect(lines[0]).not.toMatch(/secret|colour/);
  });

  it('tells of the server’s own failures nothing but the id', async () => {
    lines.length = 0;
    server.gallery.before = async () => {
      throw new Error('disk /var/lib/limn is on fire');
    };
    const response = await fetch(at('/v1/search'), asJson({ gallery: 'shop', texts: ['red'] }));
    server.gallery.before = async () => {};
    expect(await problemOf(response, 500, 'INTERNAL')).not.toContain('/var/lib');
    const logged = lines.map((line) => JSON.parse(line)).find(({ level }) => level === 'error');
    expect(logged).toMatchObject({
      request: response.headers.get('x-request-id'),
      err: { message: 'disk /var/lib/limn is on fire' },
    });
  });
});

describe('operation', () => {
  it('says whether it lives and is ready', async () => {
    expect(await json(await fetch(at('/healthz')))).toEqual({ status: 'ok' });
    expect(await json(await fetch(at('/readyz')))).toEqual({ status: 'ready' });
    server.gallery.before = async () => {
      throw new Error('gone');
    };
    await problemOf(await fetch(at('/readyz')), 503, 'BUSY');
    server.gallery.before = async () => {};
  });

  it('counts by route, not by address', async () => {
    await fetch(at('/v1/galleries/shop/items/red.jpg'));
    await fetch(at('/v1/galleries/shop/items/none-of-these'));
    await fetch(at('/wp-login.php'));
    const response = await fetch(at('/metrics'));
    const text = await response.text();
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(text).toMatch(
      /limn_http_requests_total\{method="GET",route="\/v1\/galleries\/\{gallery\}\/items\/\{id\}",status="404"\} [1-9]/,
    );
    expect(text).toMatch(/limn_http_requests_total\{method="GET",route="other",status="404"\} [1-9]/);
    expect(text).toMatch(/limn_http_request_duration_seconds_bucket\{le="0.05",method="POST",route="\/v1\/search"\} \d/);
    expect(text).toContain('limn_gallery_items{gallery="shop"} 4');
    expect(text).toContain('limn_http_requests_in_flight 1');
    expect(text).toMatch(/limn_event_loop_delay_seconds\{quantile="0.99"\} \d/);
    expect(text).toMatch(/limn_search_batch_size_count \d/);
    expect(text).not.toContain('none-of-these');
    expect(text).not.toContain('wp-login');
  });

  it('has a page of its API that runs nothing', async () => {
    const response = await fetch(at('/docs'));
    const html = await response.text();
    expect(html).toContain('The API of limn 1.2.3');
    for (const word of ['/v1/galleries/{gallery}/items/{id}/picture', 'excludeReferences?: boolean', 'href="#PictureReference"'])
      expect(html).toContain(word);
    expect(html).not.toMatch(/<script|src=|https?:\/\//);
    const style = /<style>([\s\S]*)<\/style>/.exec(html)?.[1] as string;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(response.headers.get('content-security-policy')).toContain(`style-src 'sha256-${hash}'`);
  });

  it('says at / that the page was not built', async () => {
    expect(await (await fetch(at('/'))).text()).toContain('The page was not built');
    await problemOf(await fetch(at('/assets/x.js')), 404, 'NOT_FOUND');
  });
});
