/** The search API inside an application of one's own: node server-in-hono.js my-gallery */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Gallery } from 'limn';
import { createApp } from 'limn/server';

const gallery = await Gallery.open(process.argv[2]);
// Keys, limits and metrics are the API's own; "keys" names a file of "limn serve keys add".
const search = await createApp({ galleries: { shirts: gallery }, limits: { rate: 20 } });

const app = new Hono();
app.get('/', (c) => c.text('The shop. Its search is POST /search/v1/search, described at /search/docs'));
app.mount('/search', search.fetch);

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}`);
});

process.once('SIGTERM', () => {
  server.close(async () => {
    await search.close();
    await gallery.close();
  });
});
