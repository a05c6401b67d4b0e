/** What those who run the server ask it: health, readiness, metrics, the API's description; and the page. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import * as routes from '../routes.js';
import type { ServerEnv } from '../state.js';
import { docsPage } from './docs-page.js';
import type { Metrics } from './metrics.js';
import { openApiDocument } from './openapi.js';
import type { ServerParts } from './parts.js';
import { HttpProblem } from './problems.js';
import { type PageFile, pageResponse, withoutPage } from './static-page.js';

export interface OperationOptions {
  metrics: Metrics;
  /** Whether the server takes no new work. */
  ending(): boolean;
  page: ReadonlyMap<string, PageFile>;
  /** Of limn. */
  version: string;
}

/** How long a store may take to say how many pictures it has before the server is not ready. */
const readyMilliseconds = 2000;

export function addOperationHandlers(app: OpenAPIHono<ServerEnv>, parts: ServerParts, options: OperationOptions): void {
  app.openapi(routes.healthRoute, (c) => c.json({ status: 'ok' }, 200));

  app.openapi(routes.readyRoute, async (c) => {
    const unready = (message: string) => new HttpProblem(503, 'BUSY', message, { headers: { 'retry-after': '2' } });
    if (options.ending()) throw unready('The server is ending.');
    for (const [name, { gallery }] of parts.galleries) {
      if (!(await answersInTime(gallery.count()))) throw unready(`The store of the gallery ${name} does not answer.`);
    }
    return c.json({ status: 'ready' }, 200);
  });

  app.openapi(routes.metricsRoute, async (c) => {
    const { registry } = options.metrics;
    return c.text(await registry.metrics(), 200, { 'content-type': registry.contentType });
  });

  // Made when first asked for: by then all routes are there.
  let documents: { json: string; html: string; policy: string } | undefined;
  const describe = () => {
    if (documents) return documents;
    const document = openApiDocument(app, options.version);
    documents = { json: JSON.stringify(document), ...docsPage(document) };
    return documents;
  };
  app.get('/openapi.json', (c) =>
    c.body(describe().json, 200, { 'content-type': 'application/json', 'cache-control': 'no-cache' }),
  );
  app.get('/docs', (c) => {
    const { html, policy } = describe();
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'cache-control': 'no-cache',
    };
    return c.body(html, 200, headers);
  });

  app.get('*', async (c, next) => {
    const file = options.page.get(c.req.path);
    if (file) {
      return pageResponse(file, { ifNoneMatch: c.req.header('if-none-match'), acceptEncoding: c.req.header('accept-encoding') });
    }
    if (c.req.path === '/') return c.text(withoutPage, 200, { 'cache-control': 'no-cache' });
    return next();
  });
}

async function answersInTime(answer: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), readyMilliseconds);
  });
  const came = answer.then(
    () => true,
    () => false,
  );
  return Promise.race([came, late]).finally(() => clearTimeout(timer));
}
