/** The HTTP application without a socket: a line "METHOD address", headers, an empty line, a body. An answer of 500 is a finding. */
import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';

const built = (path) => import(new URL(`../../dist/${path}`, import.meta.url).href);
const multipart =
  '--b\r\nContent-Disposition: form-data; name="request"\r\n\r\n{"gallery":"shop","references":[{"upload":"f"}]}\r\n' +
  '--b\r\nContent-Disposition: form-data; name="f"; filename="a.jpg"\r\n\r\nxx\r\n--b--\r\n';
const search = '{"gallery":"shop","references":[{"id":"a.jpg"}],"texts":["in red"],"k":3}';

/** Has the picture a.jpg and finds it. */
const gallery = {
  describe: async () => ({
    count: 1,
    model: { hash: 'f'.repeat(64), encoder: 'patch' },
    factors: ['a'],
    fields: [{ name: 'price', type: 'number', min: 1, max: 2 }],
    captions: true,
  }),
  count: async () => 1,
  list: async () => [item],
  get: async (id) => (id === item.id ? item : undefined),
  put: async ({ id, metadata }) => ({ ...item, id, metadata }),
  delete: async (id) => id === item.id,
  searchAll: async (requests) =>
    requests.map(() => ({
      status: 'fulfilled',
      value: { hits: [{ ...item, rank: 1, score: 1, matching: 1, factors: [0], negative: 0 }], next: 1 },
    })),
  explain: async () => ({ hit: { ...item, rank: 1, score: 1, matching: 1, factors: [0], negative: 0 }, factors: [] }),
  image: async (id) => (id === item.id ? new Uint8Array([255, 216, 255]) : undefined),
  thumbnail: async () => undefined,
  caption: async () => 'is red',
  close: async () => {},
};
const item = { id: 'a.jpg', content: 'c'.repeat(64), metadata: { price: 1 } };

let application;
async function newApplication() {
  const { createApp } = await built('apps/server/app.js');
  const { Guard } = await built('apps/server/guard/guard.js');
  const { Metrics } = await built('apps/server/handlers/metrics.js');
  const { ServerParts } = await built('apps/server/handlers/parts.js');
  const { Batcher } = await built('apps/server/galleries/batcher.js');
  const { RateLimiter } = await built('apps/server/guard/rate-limit.js');
  const { defaultLimits } = await built('apps/server/guard/limits.js');
  const { silentLog } = await built('apps/server/log.js');
  const limits = { ...defaultLimits, rate: 0 };
  const searches = new Batcher({ run: (requests) => gallery.searchAll(requests), onBatch: () => {} });
  const guard = new Guard({
    keys: undefined,
    limiter: new RateLimiter({ rate: 0, burst: 1 }),
    origins: [],
    onlyLoopbackNames: false,
  });
  const running = new Set();
  return createApp({
    parts: new ServerParts(new Map([['shop', { gallery, searches }]]), limits, () => {}, undefined),
    guard,
    metrics: new Metrics({ items: async () => ({ shop: 1 }), inFlight: () => running.size, process: false }),
    log: silentLog,
    page: new Map(),
    origins: [],
    proxies: 1,
    version: '0',
    running,
    ending: () => false,
  });
}

async function answer(bytes) {
  application ??= await newApplication();
  const end = bytes.indexOf('\n\n');
  const [first = '', ...lines] = bytes
    .subarray(0, end < 0 ? bytes.length : end)
    .toString('latin1')
    .split('\n');
  const space = first.indexOf(' ');
  const url = first.slice(space + 1);
  const rawHeaders = lines.flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
  const headers = [];
  for (let i = 0; i < rawHeaders.length; i += 2) headers.push([rawHeaders[i], rawHeaders[i + 1]]);
  let request;
  try {
    request = new Request(new URL(url, 'http://127.0.0.1').href, { method: first.slice(0, Math.max(0, space)), headers });
  } catch {
    // Node's own parser takes no such request.
    return;
  }
  const incoming = Object.assign(Readable.from(end < 0 ? [] : [bytes.subarray(end + 2)]), {
    url,
    rawHeaders,
    headers: Object.fromEntries(request.headers),
    socket: { remoteAddress: '127.0.0.1' },
    complete: true,
  });
  const outgoing = Object.assign(new EventEmitter(), { closed: false });
  const response = await application.request(request, undefined, { incoming, outgoing });
  await response.arrayBuffer();
  outgoing.emit('close');
  if (response.status >= 500 && response.status !== 503) throw new Error(`answers ${response.status} to ${first.slice(0, 200)}`);
}

export const httpTarget = {
  name: 'HTTP application',
  seeds: [
    'GET /v1/galleries\nhost: 127.0.0.1',
    'GET /v1/galleries/shop/items?limit=2&filter=price%20%3C%2050&after=a',
    'GET /v1/galleries/shop/items/a.jpg/picture?size=thumbnail\nif-none-match: "x"',
    'DELETE /v1/galleries/shop/items/b%2Fc.jpg',
    `POST /v1/search\ncontent-type: application/json\n\n${search}`,
    `POST /v1/search\ncontent-type: multipart/form-data; boundary=b\nx-forwarded-for: 1.2.3.4\n\n${multipart}`,
    'POST /v1/caption\ncontent-type: application/json\n\n{"gallery":"shop","reference":{"id":"a.jpg"},"target":{"id":"a.jpg"}}',
    'POST /v1/explain\ncontent-type: application/json\n\n{"gallery":"shop","texts":["red"],"hit":"a.jpg"}',
    'GET /openapi.json\naccept-encoding: gzip',
  ].map((text) => Buffer.from(text)),
  run: answer,
};
