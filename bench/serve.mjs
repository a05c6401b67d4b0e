/**
 * `limn serve` under load on this machine: searches by item id and by upload, mixed, over loopback.
 *
 *     node bench/serve.mjs --gallery FOLDER [--seconds 60] [--connections 16] [--uploads 0.25] [--out FILE] [--serve "MORE FLAGS"]
 *
 * Prints requests a second, latencies, the memory of the server over time (read every two seconds from /metrics), and the delay of its
 * event loop. The load comes from this machine too, and takes a part of it.
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';

const { values } = parseArgs({
  options: {
    gallery: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    connections: { type: 'string', default: '16' },
    uploads: { type: 'string', default: '0.25' },
    out: { type: 'string' },
    serve: { type: 'string', default: '' },
  },
});
if (!values.gallery) throw new Error('give --gallery FOLDER');
const [seconds, connections, uploads] = [values.seconds, values.connections, values.uploads].map(Number);

const program = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const words = ['serve', '--gallery', `bench=${values.gallery}`, '--port', '0', '--rate', '0', '--log', 'error'];
const server = spawn(process.execPath, [program, ...words, ...values.serve.split(' ').filter(Boolean)], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = await new Promise((found, failed) => {
  server.stdout.on('data', (chunk) => {
    const line = /limn serve: (\S+)/.exec(String(chunk));
    if (line) found(line[1]);
  });
  server.on('exit', () => failed(new Error('limn serve did not start')));
});

/** What autocannon sends: each connection goes through the list again and again. */
async function requests() {
  const { items } = await (await fetch(`${url}/v1/galleries/bench/items?limit=200`)).json();
  const texts = ['in red', 'with short sleeves', 'the same in blue', 'longer and darker'];
  const list = [];
  for (const [i, { id }] of items.entries()) {
    const text = texts[i % texts.length];
    // Spread evenly over the list.
    if (Math.floor((i + 1) * uploads) > Math.floor(i * uploads)) list.push(await upload(id, text));
    else list.push(byId(id, text));
  }
  return list;
}

function byId(id, text) {
  const request = { gallery: 'bench', references: [{ id }], texts: [text], k: 20 };
  return { method: 'POST', path: '/v1/search', headers: { 'content-type': 'application/json' }, body: JSON.stringify(request) };
}

async function upload(id, text) {
  const picture = await (await fetch(`${url}/v1/galleries/bench/items/${encodeURIComponent(id)}/picture`)).arrayBuffer();
  const form = new FormData();
  form.set('request', JSON.stringify({ gallery: 'bench', references: [{ upload: 'picture' }], texts: [text], k: 20 }));
  form.set('picture', new Blob([picture]), 'picture.jpg');
  const response = new Response(form);
  const headers = { 'content-type': response.headers.get('content-type') };
  return { method: 'POST', path: '/v1/search', headers, body: Buffer.from(await response.arrayBuffer()) };
}

/** Numbers of one scrape. */
async function scrape() {
  const text = await (await fetch(`${url}/metrics`)).text();
  const number = (name) => Number(new RegExp(`^${name.replace(/[{}".]/g, '\\$&')} (\\S+)`, 'm').exec(text)?.[1]);
  return {
    megabytes: Math.round(number('process_resident_memory_bytes') / 2 ** 20),
    heap: Math.round(number('nodejs_heap_size_used_bytes') / 2 ** 20),
    delay50: number('limn_event_loop_delay_seconds{quantile="0.5"}') * 1000,
    delay99: number('limn_event_loop_delay_seconds{quantile="0.99"}') * 1000,
    delayMost: number('limn_event_loop_delay_seconds{quantile="1"}') * 1000,
    batches: number('limn_search_batch_size_count'),
    batched: number('limn_search_batch_size_sum'),
  };
}

const list = await requests();
// Sessions are made, code is compiled.
await autocannon({ url, connections, amount: Math.max(2 * connections, 50), requests: list });
const before = await scrape();
const started = performance.now();
const samples = [];
const watching = setInterval(async () => {
  const sample = await scrape().catch(() => undefined);
  if (sample) samples.push({ second: Math.round((performance.now() - started) / 1000), ...sample });
}, 2000);
const load = await autocannon({ url, connections, duration: seconds, requests: list, timeout: 30 });
clearInterval(watching);
const after = await scrape();
server.kill('SIGTERM');

const round = (value) => Math.round(value * 100) / 100;
const tenth = Math.max(1, Math.floor(samples.length / 10));
const mean = (rows) => round(rows.reduce((sum, { megabytes }) => sum + megabytes, 0) / rows.length);
const result = {
  machine: `${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.version}`,
  seconds,
  connections,
  uploads,
  requestsPerSecond: round(load.requests.mean),
  latency: { p50: load.latency.p50, p90: load.latency.p90, p99: load.latency.p99, most: load.latency.max },
  failures: { errors: load.errors, timeouts: load.timeouts, non2xx: load.non2xx },
  meanBatch: round((after.batched - before.batched) / (after.batches - before.batches)),
  memory: {
    before: before.megabytes,
    firstTenth: mean(samples.slice(0, tenth)),
    lastTenth: mean(samples.slice(-tenth)),
    after: after.megabytes,
  },
  // Of the scrapes while there was load.
  eventLoopDelay: {
    p50: round(Math.max(...samples.map((s) => s.delay50))),
    p99: round(Math.max(...samples.map((s) => s.delay99))),
    most: round(Math.max(...samples.map((s) => s.delayMost))),
  },
  samples,
};
const { samples: _, ...shown } = result;
console.log(JSON.stringify(shown, undefined, 2));
if (values.out) await writeFile(values.out, `${JSON.stringify(result, undefined, 2)}\n`);
