/** Serves the mock API with the page: `npm run dev:web` (from source, drawn anew on changes), or without --dev as it was built. */
import { join } from 'node:path';
import { createServer } from 'vite';
import { makeCatalogue, withTitles } from './catalogue.js';
import { startMock } from './server.js';

const web = join(import.meta.dirname, '..');
const port = Number(process.env.PORT ?? 5199);
const latency = Number(process.env.LATENCY ?? 150);
const key = process.env.KEY;
const galleries = { wardrobe: withTitles(makeCatalogue(240, 1)), boutique: 30 };
const show = (process.env.SHOW ?? 'price,url').split(',');
const common = { galleries, show, port, latency, ...(key ? { key } : {}) };

if (process.argv.includes('--dev')) {
  const vite = await createServer({
    root: web,
    configFile: join(web, 'vite.config.ts'),
    server: { middlewareMode: true },
    appType: 'spa',
  });
  const mock = await startMock({ ...common, other: (request, response) => vite.middlewares(request, response) });
  console.log(`The page with a mock API: ${mock.address}`);
} else {
  const mock = await startMock({ ...common, page: join(web, 'dist') });
  console.log(`The built page with a mock API: ${mock.address}`);
}
