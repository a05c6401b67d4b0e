/** The HTTP application: what every request goes through, and the handlers behind it. */
import { randomUUID } from 'node:crypto';
import { OpenAPIHono } from '@hono/zod-openapi';
import { cors } from 'hono/cors';
import { matchedRoutes } from 'hono/route';
import type { Logger } from 'pino';
import type { ChoiceKeeper } from '../../search/choices/choice-keeper.js';
import { callerAddress } from './guard/addresses.js';
import type { Guard } from './guard/guard.js';
import { setSecurityHeaders } from './guard/security-headers.js';
import { addChoiceHandlers } from './handlers/choice-handlers.js';
import { addGalleryHandlers } from './handlers/gallery-handlers.js';
import type { Metrics } from './handlers/metrics.js';
import { registerBodies } from './handlers/openapi.js';
import { addOperationHandlers } from './handlers/operation-handlers.js';
import type { ServerParts } from './handlers/parts.js';
import { asProblem, HttpProblem, problemBody } from './handlers/problems.js';
import { addSearchHandlers } from './handlers/search-handlers.js';
import type { PageFile } from './handlers/static-page.js';
import { misfit } from './request/content.js';
import { checkRequestLine } from './request/request-line.js';
import { imageRoute } from './routes.js';
import { callerGone, type RequestState, type ServerContext, type ServerEnv } from './state.js';

export interface AppOptions {
  parts: ServerParts;
  guard: Guard;
  metrics: Metrics;
  log: Logger;
  page: ReadonlyMap<string, PageFile>;
  /** Where choices of results are kept; undefined where none are. */
  choices: ChoiceKeeper | undefined;
  /** Origins whose pages may use the API. */
  origins: readonly string[];
  /** Proxies of one's own before the server. */
  proxies: number;
  /** Of limn. */
  version: string;
  /** Whether the server takes no new work. */
  ending(): boolean;
  /** How to stop each request that is being answered. */
  running: Set<(reason: HttpProblem) => void>;
}

/** Pictures cost little beside searches, where they need not be decoded. */
const imageCost = 0.1;
/** And so does what is in memory: the page's files, descriptions, that the process lives. */
const openCost = 0.1;

/** Codes of requests that were refused or stopped because there was too much to do, or because the server or its caller ended. */
const overload = new Set(['BUSY', 'TIMEOUT', 'INTERRUPTED']);

export function createApp(options: AppOptions): OpenAPIHono<ServerEnv> {
  const { parts, guard, origins } = options;
  const app = new OpenAPIHono<ServerEnv>({
    defaultHook: (result) => {
      if (!result.success) throw misfit(result.error, result.target === 'param' ? 'address' : result.target);
    },
  });
  app.use(async (c, next) => {
    const started = performance.now();
    const end = begin(c, options);
    checkRequestLine(c.env.incoming);
    await next();
    end();
    finish(c, options, started);
  });
  if (origins.length > 0) {
    const allowHeaders = ['authorization', 'content-type', 'x-request-id', 'if-none-match'];
    const exposeHeaders = ['x-request-id', 'retry-after', 'etag'];
    const allowMethods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'];
    app.use('/v1/*', cors({ origin: [...origins], allowHeaders, exposeHeaders, allowMethods, maxAge: 600 }));
  }
  app.use('/v1/*', async (c, next) => {
    const writes = c.req.method === 'PUT' || c.req.method === 'DELETE';
    await guard.check(c, writes ? 'write' : 'read', c.req.path.endsWith('/picture') ? imageCost : 1);
    await next();
  });
  app.use('/metrics', async (c, next) => {
    await guard.check(c, 'read', 1);
    await next();
  });
  app.use(async (c, next) => {
    const { path } = c.req;
    if (!path.startsWith('/v1/') && path !== '/metrics') guard.checkOpen(c, path === '/readyz' ? 1 : openCost);
    await next();
  });

  registerBodies(app);
  addGalleryHandlers(app, parts, { keepsChoices: options.choices !== undefined });
  addSearchHandlers(app, parts);
  addChoiceHandlers(app, parts, options.choices, options.metrics);
  addOperationHandlers(app, parts, options);

  app.notFound((c) => {
    const methods = methodsOf(app, c.req.path);
    const problem = methods.includes(c.req.method)
      ? new HttpProblem(404, 'NOT_FOUND', 'There is nothing at this address. See /docs.')
      : notAllowed(c.req.method, methods);
    return answer(c, problem);
  });
  app.onError((error, c) => {
    const problem = asProblem(error);
    // That there is too much to do is no failure: the line of the request says so.
    if (problem.status >= 500 && !overload.has(problem.code))
      options.log.error({ request: c.var.state?.id, err: problem.cause ?? problem }, 'failed');
    if (c.var.state) c.var.state.problem = problem.code;
    return answer(c, problem);
  });
  return app;
}

/** Gives a request its state and its time. @returns ends what it holds */
function begin(c: ServerContext, { running, proxies, parts }: AppOptions): () => void {
  const given = c.req.header('x-request-id') ?? '';
  const stop = new AbortController();
  const { outgoing, incoming } = c.env;
  const abort = (reason: HttpProblem) => stop.abort(reason);
  const seconds = parts.limits.requestMilliseconds / 1000;
  const timer = setTimeout(
    () => abort(new HttpProblem(504, 'TIMEOUT', `The request took more than ${seconds} seconds and was stopped.`)),
    parts.limits.requestMilliseconds,
  );
  const onClose = () => abort(callerGone());
  outgoing.once('close', onClose);
  running.add(abort);
  const address = callerAddress(incoming, proxies);
  const state: RequestState = {
    id: /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID(),
    address,
    caller: `address ${address}`,
    signal: stop.signal,
    ends: [],
  };
  c.set('state', state);
  return () => {
    clearTimeout(timer);
    outgoing.off('close', onClose);
    running.delete(abort);
    for (const release of state.ends) release();
  };
}

/** Puts the last headers on the answer, counts it and writes its line in the log. */
function finish(c: ServerContext, { metrics, log, ending, origins }: AppOptions, started: number): void {
  const { res } = c;
  const { id, key, address, problem } = c.var.state;
  res.headers.set('x-request-id', id);
  if (ending()) res.headers.set('connection', 'close');
  const route = routeOf(c);
  // A page of another site that may use the API may also show what it gives. An <img> does not say whose page it is on, so pictures are
  // for all pages as soon as there is one that may show them.
  const embedded = origins.length > 0 && route === imageRoute.path;
  if (embedded || res.headers.has('access-control-allow-origin')) res.headers.set('cross-origin-resource-policy', 'cross-origin');
  setSecurityHeaders(res.headers);
  const milliseconds = performance.now() - started;
  metrics.answered(c.req.method, route, res.status, milliseconds / 1000);
  const line = { request: id, method: c.req.method, route, status: res.status, milliseconds: Math.round(milliseconds * 10) / 10 };
  const level = problem !== undefined && res.status >= 500 ? 'warn' : 'info';
  log[level]({ ...line, ...(problem ? { problem } : {}), address, ...(key ? { key } : {}) }, 'answered');
}

function answer(c: ServerContext, problem: HttpProblem): Response {
  for (const [name, value] of Object.entries(problem.headers)) c.header(name, value);
  const body = JSON.stringify(problemBody(problem, c.var.state.id));
  c.header('content-type', 'application/json');
  return c.newResponse(body, problem.status as 400);
}

/** The pattern that answered, in OpenAPI's spelling; "other" for the page and for what is not there. */
function routeOf(c: ServerContext): string {
  const path = matchedRoutes(c).find((route) => !route.path.includes('*'))?.path ?? 'other';
  return path.replace(/:(\w+)/g, '{$1}');
}

/** The methods that a path has, so that a wrong method is told from a wrong address. */
function methodsOf(app: OpenAPIHono<ServerEnv>, path: string): string[] {
  const parts = path.split('/');
  const found = app.routes.filter(({ method, path: pattern }) => {
    if (method === 'ALL' || pattern.includes('*')) return false;
    const wanted = pattern.split('/');
    return (
      wanted.length === parts.length && wanted.every((part, i) => (part.startsWith(':') ? parts[i] !== '' : part === parts[i]))
    );
  });
  return [...new Set(found.map(({ method }) => method))];
}

function notAllowed(method: string, methods: string[]): HttpProblem {
  if (methods.length === 0) return new HttpProblem(404, 'NOT_FOUND', 'There is nothing at this address. See /docs.');
  const allow = methods.join(', ');
  return new HttpProblem(405, 'USAGE', `This address accepts ${allow}, not ${method.slice(0, 20)}.`, {
    headers: { allow },
  });
}
