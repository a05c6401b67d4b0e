/** The API inside an application of one's own answers as the server does. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApp, type MountableApp } from './index.js';
import type { RunningServer } from './server.js';
import { asJson, serveFake } from './testing/serving.js';

let plain: RunningServer;
let search: MountableApp;
let server: ReturnType<typeof serve>;
let url: string;

beforeAll(async () => {
  const fake = await serveFake();
  plain = fake;
  search = await createApp({ galleries: { shop: fake.gallery }, page: '/nowhere', limits: { bodyBytes: 5000 } });
  const app = new Hono();
  app.get('/', (c) => c.text('the shop'));
  app.mount('/find', search.fetch);
  url = await new Promise<string>((found) => {
    server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', overrideGlobalObjects: false }, ({ port }) =>
      found(`http://127.0.0.1:${port}`),
    );
  });
});
afterAll(async () => {
  await plain.close();
  await new Promise((done) => server.close(done));
});

const bodyOf = async (response: Response) => ({ status: response.status, body: (await response.json()) as object });

it.each([
  ['/v1/galleries', {}],
  ['/v1/galleries/shop/items/red.jpg', {}],
  ['/v1/search', asJson({ gallery: 'shop', references: [{ id: 'red.jpg' }], texts: ['in blue'], k: 2 })],
])('%s', async (path, init) => {
  const mounted = await bodyOf(await fetch(`${url}/find${path}`, init));
  expect(mounted.status).toBe(200);
  const { milliseconds: _, ...rest } = mounted.body as { milliseconds?: unknown };
  const { milliseconds: __, ...expected } = (await bodyOf(await fetch(`${plain.url}${path}`, init))).body as {
    milliseconds?: unknown;
  };
  expect(rest).toEqual(expected);
});

it('has its own limits and errors, and leaves the application alone', async () => {
  expect(await (await fetch(url)).text()).toBe('the shop');
  const large = await bodyOf(await fetch(`${url}/find/v1/search`, asJson({ gallery: 'shop', texts: ['x'.repeat(6000)] })));
  expect(large).toMatchObject({ status: 413, body: { error: { code: 'TOO_LARGE' } } });
  expect(await bodyOf(await fetch(`${url}/find/v1/galleries/none`))).toMatchObject({ status: 404 });
});

it('takes no work when it was closed', async () => {
  await search.close();
  const { status } = await fetch(`${url}/find/readyz`);
  expect(status).toBe(503);
});
