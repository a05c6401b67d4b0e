/**
 * A server with the contract of the HTTP API for working on the page and for its tests: drawn garments, plausible scores, and
 * errors on demand. Bodies are checked against the contract on the way in and out.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { z } from 'zod';
import * as contract from '../../src/apps/server/contract.js';
import { pagePolicy } from '../../src/apps/server/guard/security-headers.js';
import { Vocabulary } from '../../src/models/encoders/text/vocabulary.js';
import { Suggester } from '../../src/search/gallery/suggest/suggester.js';
import { drawItem, type MockItem, makeCatalogue } from './catalogue.js';
import { filterItems } from './filtering.js';
import { difference, factors, heatMap, rank } from './scoring.js';

export interface MockOptions {
  /** @default a free one */
  port?: number;
  /** Milliseconds that every answer of the API takes. @default 0 */
  latency?: number;
  /** Wanted of every request, where given. */
  key?: string;
  /** The built page, served at "/". */
  page?: string;
  /** Answers what is not the API's in place of `page`. */
  other?: (request: IncomingMessage, response: ServerResponse) => void;
  /** Say that the counts of values are estimates, so many times as large. @default they are exact */
  estimate?: number;
  /** Where the galleries' model is still being trained. @default it is not */
  training?: z.infer<typeof contract.gallery>['training'];
  /** Say that choices are kept; they are among the requests. @default false */
  keepsChoices?: boolean;
  /** Fields that the page shows of each hit. @default none */
  show?: readonly string[];
  /** Their items, or how many are made up. @default two galleries */
  galleries?: Record<string, number | readonly MockItem[]>;
}

export interface Failure {
  /** What the path must begin with, behind /v1/. */
  route: string;
  status: number;
  code?: string;
  message?: string;
  /** Seconds. */
  retryAfter?: number;
  /** How many requests fail. @default 1 */
  times?: number;
}

export interface Mock {
  readonly address: string;
  /** Bodies of POST requests so far, with their routes and the names of their files. */
  readonly requests: { route: string; body: unknown; files: string[] }[];
  /** Lets the next requests fail. */
  fail(failure: Failure): void;
  setLatency(milliseconds: number): void;
  /** As if the galleries' model were being trained: each epoch is another model. */
  train(training: NonNullable<z.infer<typeof contract.gallery>['training']>): void;
  close(): Promise<void>;
}

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

/** As if a model had been trained on them. */
const texts = [
  ...['red', 'blue', 'green', 'black', 'yellow', 'white', 'pink'].flatMap((colour) => [`the same in ${colour}`, `in ${colour}`]),
  'with stripes',
  'but floral',
  'is dotted',
  'with short sleeves',
  'and sleeveless',
  'is a dress',
  'has blue stripes',
  'but longer',
];
const vocabulary = Vocabulary.build([...texts, 'a and but is has long']);

type Catalogues = Map<string, readonly MockItem[]>;

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

export async function startMock(options: MockOptions = {}): Promise<Mock> {
  const catalogues: Catalogues = new Map(
    Object.entries(options.galleries ?? { wardrobe: 72, boutique: 30 }).map(([name, items], at) => [
      name,
      typeof items === 'number' ? makeCatalogue(items, at + 1) : items,
    ]),
  );
  const failures: (Failure & { times: number })[] = [];
  const requests: Mock['requests'] = [];
  let latency = options.latency ?? 0;
  let count = 0;
  let training = options.training;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const address = new URL(request.url ?? '/', 'http://mock');
    if (!address.pathname.startsWith('/v1/')) {
      if (options.other) return options.other(request, response);
      return servePage(options.page, address.pathname, response);
    }
    const id = `mock-${++count}`;
    try {
      if (latency > 0) await rest(latency);
      const route = address.pathname.slice('/v1/'.length);
      const failure = failures.find((one) => route.startsWith(one.route) && one.times-- > 0);
      if (failure) {
        const { status, code = 'RATE_LIMITED', message = 'This request was made to fail.', retryAfter } = failure;
        throw new Refusal(status, code, message, retryAfter);
      }
      if (options.key && request.headers.authorization !== `Bearer ${options.key}`) {
        throw new Refusal(401, 'UNAUTHORIZED', 'This server needs an API key: send it as "Authorization: Bearer KEY".');
      }
      await respond(request, route.split('/').map(decodeURIComponent), address.searchParams, response);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'INTERNAL', String(error));
      const headers = refusal.retryAfter === undefined ? {} : { 'retry-after': String(refusal.retryAfter) };
      send(
        response,
        refusal.status,
        { error: { code: refusal.code, message: refusal.message, request: id } },
        contract.problem,
        headers,
      );
    }
  };

  const respond = async (
    request: IncomingMessage,
    path: string[],
    query: URLSearchParams,
    response: ServerResponse,
  ): Promise<void> => {
    const [route = '', name = '', items, itemId, image] = path;
    if (request.method === 'POST') {
      const { body, files } = await readBody(request);
      if (items === 'choices') {
        requests.push({ route: 'choices', body: parse(contract.choice, body), files });
        return send(response, 200, { kept: true }, contract.choiceAnswer);
      }
      requests.push({ route, body, files });
      return post(route, body, catalogues, response);
    }
    if (route !== 'galleries') throw new Refusal(404, 'NOT_FOUND', 'There is no such route.');
    const { show } = options;
    const described = ([named, all]: [string, readonly MockItem[]]) => ({
      ...estimated(describeGallery([named, all]), options.estimate),
      ...(show ? { show: [...show] } : {}),
      ...(options.keepsChoices ? { keepsChoices: true } : {}),
      ...(training ? { training, model: { hash: `mock-${training.epoch}`, encoder: 'mock' } } : {}),
    });
    if (!name) return send(response, 200, { galleries: [...catalogues].map(described) }, contract.galleries);
    const catalogue = catalogueOf(catalogues, name);
    if (!items) return send(response, 200, described([name, catalogue]), contract.gallery);
    if (items === 'count') {
      const { filter } = contract.countQuery.parse(Object.fromEntries(query));
      return send(response, 200, { count: filtered(catalogue, filter).length }, contract.countAnswer);
    }
    if (!itemId) return list(catalogue, query, response);
    const item = itemOf(catalogue, itemId);
    if (!image) return send(response, 200, { id: item.id, content: '0'.repeat(64), metadata: item.metadata }, contract.item);
    const bytes = await drawItem(item, query.get('size') === 'full' ? 720 : 320);
    response.writeHead(200, { 'content-type': 'image/jpeg', 'cache-control': 'private, max-age=600' }).end(bytes);
  };

  const server = createServer((request, response) => void answer(request, response));
  const port = await listen(server, options.port ?? 0);
  return {
    address: `http://127.0.0.1:${port}/`,
    requests,
    fail: (failure) => void failures.push({ times: 1, ...failure }),
    setLatency: (milliseconds) => {
      latency = milliseconds;
    },
    train: (next) => {
      training = next;
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      done(typeof address === 'object' && address ? address.port : port);
    });
  });
}

function catalogueOf(catalogues: Catalogues, name: string): readonly MockItem[] {
  const found = catalogues.get(name);
  if (!found) throw new Refusal(404, 'NOT_FOUND', `There is no gallery ${JSON.stringify(name)}.`);
  return found;
}

function itemOf(catalogue: readonly MockItem[], id: string): MockItem {
  const found = catalogue.find((item) => item.id === id);
  if (!found) throw new Refusal(404, 'NOT_FOUND', `There is no picture ${JSON.stringify(id)}.`);
  return found;
}

function describeGallery([name, catalogue]: [string, readonly MockItem[]]): z.infer<typeof contract.gallery> {
  const fields = Object.keys(catalogue[0]?.metadata ?? {}).map((field) => {
    const values = [...new Set(catalogue.map(({ metadata }) => metadata[field]))].filter(
      (value) => value !== null && value !== undefined,
    );
    const type = typeof values[0] as 'string' | 'number' | 'boolean';
    if (type === 'number') {
      const numbers = values.map(Number);
      return { name: field, type, values: [Math.min(...numbers), Math.max(...numbers)] };
    }
    const shown = values.slice(0, 100);
    const counts = shown.map((value) => catalogue.filter(({ metadata }) => metadata[field] === value).length);
    return { name: field, type, values: shown, counts };
  });
  return {
    name,
    count: catalogue.length,
    model: { hash: 'mock', encoder: 'mock' },
    factors,
    fields,
    captions: name === 'wardrobe',
  };
}

/** As of a gallery that is too large to be counted. */
function estimated(gallery: z.infer<typeof contract.gallery>, times: number | undefined): z.infer<typeof contract.gallery> {
  if (times === undefined) return gallery;
  const fields = gallery.fields.map(({ counts, ...field }) =>
    counts ? { ...field, counts: counts.map((count) => count * times), approximate: true } : field,
  );
  return { ...gallery, count: gallery.count * times, fields };
}

function filtered(catalogue: readonly MockItem[], filter: string | undefined): readonly MockItem[] {
  const found = filterItems(catalogue, filter);
  if (!found) throw new Refusal(400, 'USAGE', 'The filter is wrong at character 1: expected a field, "not" or "(".');
  return found;
}

function list(catalogue: readonly MockItem[], query: URLSearchParams, response: ServerResponse): void {
  const { cursor = '0', limit, filter } = contract.listQuery.parse(Object.fromEntries(query));
  const from = Number(cursor);
  const passing = filtered(catalogue, filter);
  const items = passing.slice(from, from + limit).map(({ id, metadata }) => ({ id, content: '0'.repeat(64), metadata }));
  const next = from + limit < passing.length ? { cursor: String(from + limit) } : {};
  send(response, 200, { items, ...next, ...(items.length > 0 ? {} : { notes: notesOn(catalogue, 0) }) }, contract.itemList);
}

function notesOn(catalogue: readonly MockItem[], found: number): string[] {
  return found > 0 ? [] : [`0 of ${catalogue.length} images match the filter.`];
}

function post(route: string, body: unknown, catalogues: Catalogues, response: ServerResponse): void {
  if (route === 'search') {
    const request = parse(contract.search, body);
    const catalogue = catalogueOf(catalogues, request.gallery);
    const all = rank(request, filtered(catalogue, request.filter), catalogue);
    const from = Number(request.cursor ?? 0);
    const next = from + request.k < all.length ? { cursor: String(from + request.k) } : {};
    const hits = all.slice(from, from + request.k);
    send(response, 200, { hits, ...next, notes: notesOn(catalogue, hits.length), milliseconds: 7.3 }, contract.searchAnswer);
  } else if (route === 'explain') {
    const { hit: id, ...asked } = parse(contract.explain, body);
    const catalogue = catalogueOf(catalogues, asked.gallery);
    const hit = rank({ ...asked, k: 200 }, catalogue, catalogue).find((one) => one.id === id);
    if (!hit) throw new Refusal(404, 'NOT_FOUND', `There is no picture ${JSON.stringify(id)}.`);
    const reference = asked.references[0];
    const named = reference && 'id' in reference ? reference.id : 'upload';
    const explained = factors.map((name, at) => ({
      name,
      share: hit.factors[at] ?? 0,
      ...(reference ? { reference: heatMap(named, at) } : {}),
      hit: heatMap(id, at),
    }));
    send(response, 200, { hit, factors: explained }, contract.explanation);
  } else if (route === 'suggest') {
    const { gallery, reference, text, texts: said, count } = parse(contract.suggest, body);
    const metadata = catalogueOf(catalogues, gallery).find(({ id }) => id === reference)?.metadata;
    const suggester = new Suggester({
      vocabulary,
      texts,
      wholeWords: true,
      fields: describeGallery([gallery, catalogueOf(catalogues, gallery)]).fields,
    });
    send(response, 200, suggester.suggest({ metadata, seed: reference, typed: text, said, count }), contract.suggestions);
  } else if (route === 'caption') {
    const { gallery, reference, target } = parse(contract.caption, body);
    const catalogue = catalogueOf(catalogues, gallery);
    const imageOf = (image: typeof reference) => ('id' in image ? itemOf(catalogue, image.id) : (catalogue[3] as MockItem));
    send(response, 200, { text: difference(imageOf(reference), imageOf(target)) }, contract.captionAnswer);
  } else throw new Refusal(404, 'NOT_FOUND', 'There is no such route.');
}

function parse<T extends z.ZodType>(schema: T, body: unknown): z.infer<T> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new Refusal(400, 'USAGE', `The request is wrong: ${z.prettifyError(parsed.error)}.`);
  return parsed.data;
}

async function readBody(request: IncomingMessage): Promise<{ body: unknown; files: string[] }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const type = request.headers['content-type'] ?? '';
  const response = new Response(Buffer.concat(chunks), { headers: { 'content-type': type } });
  if (!type.startsWith('multipart/form-data')) return { body: await response.json(), files: [] };
  const form = await response.formData();
  const files = [...form].flatMap(([name, part]) => (typeof part === 'string' ? [] : [name]));
  return { body: JSON.parse(String(form.get('request'))), files };
}

function send<T extends z.ZodType>(response: ServerResponse, status: number, body: z.infer<T>, schema: T, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(schema.parse(body)));
}

async function servePage(folder: string | undefined, path: string, response: ServerResponse): Promise<void> {
  const name = path === '/' ? 'index.html' : normalize(path).replace(/^\/+/, '');
  const bytes = folder && !name.startsWith('..') ? await readFile(join(folder, name)).catch(() => undefined) : undefined;
  if (!bytes) return void response.writeHead(404).end();
  const type = types[extname(name)] ?? 'application/octet-stream';
  response.writeHead(200, { 'content-type': type, 'content-security-policy': pagePolicy }).end(bytes);
}
