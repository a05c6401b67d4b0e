/**
 * `limn serve` under load on this machine: searches by item id and by upload at once, over loopback.
 *
 *     npm run bench -- serve                          ten minutes, in a gallery that it makes of $LIMN_SHARED_DATA/product-photos
 *     npm run bench -- serve --seconds 60 --gallery FOLDER | --model FOLDER [--pictures 2000] [--store memory|lancedb]
 *                            [--by-id 6] [--by-upload 2] [--serve "MORE FLAGS"] [--out FILE]
 *
 * Without --gallery it indexes photographs, and without --model it trains one for them, for one epoch: what is found does not matter here.
 *
 * Each kind of search has connections of its own, which ask again as soon as they are answered. Nearly every search is a new one: an
 * item or a file with a sentence that was not asked with it before. Memory and the delay of the event loop are read from the server's
 * /metrics every two seconds. The load comes from this machine too, and takes a part of it: "idle" is the delay that a thread which does
 * nothing has beside it.
 *
 * Results go to bench/results/serve.json.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import autocannon from 'autocannon';
import { Random } from '../dist/core/random.js';
import { makeGallery, program } from './served-gallery.mjs';
import { machine, median } from './sides.mjs';

const { values: flags } = parseArgs({
  options: {
    gallery: { type: 'string' },
    model: { type: 'string' },
    pictures: { type: 'string', default: '2000' },
    store: { type: 'string', default: 'memory' },
    seconds: { type: 'string', default: '600' },
    'by-id': { type: 'string', default: '6' },
    'by-upload': { type: 'string', default: '2' },
    serve: { type: 'string', default: '' },
    out: { type: 'string', default: fileURLToPath(new URL('results/serve.json', import.meta.url)) },
  },
});
const scrapeMilliseconds = 2000;
/** Of the samples so many are kept, evenly spread. */
const keptSamples = 60;
const round = (value, digits = 2) => Number(value.toFixed(digits));

/** The built server on a free port. */
async function start(location) {
  const words = ['serve', '--gallery', `bench=${location}`, '--port', '0', '--rate', '0', '--log', 'error'];
  const child = spawn(process.execPath, [program, ...words, ...flags.serve.split(' ').filter(Boolean)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const url = await new Promise((found, failed) => {
    child.stdout.on('data', (chunk) => {
      const line = /limn serve: (\S+)/.exec(String(chunk));
      if (line) found(line[1]);
    });
    ended.then(() => failed(new Error('limn serve did not start')));
  });
  const end = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { url, end };
}

/** Ids of the gallery, and the files of some of its pictures. */
async function content(url) {
  const { items } = await (await fetch(`${url}/v1/galleries/bench/items?limit=1000`)).json();
  const ids = items.map(({ id }) => id);
  const files = [];
  for (const id of ids.slice(0, 200)) {
    const answer = await fetch(`${url}/v1/galleries/bench/items/${encodeURIComponent(id)}/picture`);
    files.push(Buffer.from(await answer.arrayBuffer()));
  }
  return { ids, files };
}

/** A sentence of a few thousand. */
function sentence(random) {
  const one = (words) => words[random.below(words.length)];
  const colour = one(['red', 'blue', 'green', 'black', 'white', 'pink', 'brown', 'grey', 'yellow', 'purple', 'orange', 'navy']);
  const kind = one(['shirt', 'dress', 'bag', 'shoe', 'watch', 'top', 'sandal', 'belt', 'jacket', 'short']);
  const more = one([
    'for men',
    'for women',
    'for summer',
    'for winter',
    'casual',
    'formal',
    'for sports',
    'for girls',
    'for boys',
  ]);
  return `the same ${kind} in ${colour}, ${more}${random.below(2) === 0 ? '' : ', but lighter'}`;
}

function byId({ ids }, random) {
  return (request) => {
    const search = { gallery: 'bench', references: [{ id: ids[random.below(ids.length)] }], texts: [sentence(random)], k: 20 };
    return { ...request, headers: { 'content-type': 'application/json' }, body: JSON.stringify(search) };
  };
}

function byUpload({ files }, random) {
  return (request) => {
    const search = { gallery: 'bench', references: [{ upload: 'picture' }], texts: [sentence(random)], k: 20 };
    const part = (name, more = '') => `--b\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n`;
    const body = Buffer.concat([
      Buffer.from(`${part('request')}${JSON.stringify(search)}\r\n${part('picture', '; filename="picture.jpg"')}`),
      files[random.below(files.length)],
      Buffer.from('\r\n--b--\r\n'),
    ]);
    return { ...request, headers: { 'content-type': 'multipart/form-data; boundary=b' }, body };
  };
}

/** One kind of search for a time, by connections of its own. */
function cannon(url, setupRequest, connections, duration) {
  return autocannon({
    url,
    connections,
    duration,
    timeout: 30,
    requests: [{ method: 'POST', path: '/v1/search', setupRequest }],
  });
}

/** Numbers of one scrape. */
async function scrape(url) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const number = (name) => Number(new RegExp(`^${name.replace(/[{}".]/g, '\\$&')} (\\S+)`, 'm').exec(text)?.[1]);
  const mebibytes = (name) => round(number(name) / 2 ** 20, 1);
  const delay = (quantile) => round(number(`limn_event_loop_delay_seconds{quantile="${quantile}"}`) * 1000);
  return {
    residentMiB: mebibytes('process_resident_memory_bytes'),
    heapMiB: mebibytes('nodejs_heap_size_used_bytes'),
    externalMiB: mebibytes('nodejs_external_memory_bytes'),
    delay: { p50: delay(0.5), p99: delay(0.99), most: delay(1) },
    batches: number('limn_search_batch_size_count'),
    batched: number('limn_search_batch_size_sum'),
  };
}

/** Watches the event loop of a thread that does nothing, as the server watches its own. @returns ends it and tells, in milliseconds */
function watchIdle() {
  const code = `
    const { monitorEventLoopDelay } = require('node:perf_hooks');
    const { parentPort } = require('node:worker_threads');
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    parentPort.once('message', () => {
      const over = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - 10);
      parentPort.postMessage({ p99: over(delay.percentile(99)), most: over(delay.max) });
    });`;
  const worker = new Worker(code, { eval: true });
  worker.unref();
  return async () => {
    const told = new Promise((resolve) => worker.once('message', resolve));
    worker.postMessage('end');
    const { p99, most } = await told;
    await worker.terminate();
    return { p99: round(p99), most: round(most) };
  };
}

/** The slope of a straight line through points (least squares). */
function slope(points) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const above = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0);
  return above / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
}

/** What one kind of search had. */
function side({ requests, latency, errors, timeouts, non2xx }, connections) {
  const { p50, p90, p99, max } = latency;
  return { connections, requestsPerSecond: round(requests.mean), milliseconds: { p50, p90, p99, max }, errors, timeouts, non2xx };
}

async function measure(location, seconds) {
  const server = await start(location);
  try {
    const { url } = server;
    const known = await content(url);
    const random = new Random(1);
    const kinds = [
      { name: 'byId', setup: byId(known, random), connections: Number(flags['by-id']) },
      { name: 'byUpload', setup: byUpload(known, random), connections: Number(flags['by-upload']) },
    ].filter(({ connections }) => connections > 0);
    const load = (duration) => Promise.all(kinds.map(({ setup, connections }) => cannon(url, setup, connections, duration)));
    // Sessions are made, code is compiled.
    await load(5);
    const before = await scrape(url);
    const started = performance.now();
    const samples = [];
    const watching = setInterval(async () => {
      const sample = await scrape(url).catch(() => undefined);
      if (sample) samples.push({ second: round((performance.now() - started) / 1000, 1), ...sample });
    }, scrapeMilliseconds);
    const endIdle = watchIdle();
    const loads = await load(seconds);
    clearInterval(watching);
    const idle = await endIdle();
    const after = await scrape(url);
    const half = samples.slice(Math.floor(samples.length / 2));
    const growth = (name) => round(slope(half.map((sample) => [sample.second / 60, sample[name]])));
    const p99s = samples.map(({ delay }) => delay.p99);
    return {
      requestsPerSecond: round(loads.reduce((sum, { requests }) => sum + requests.mean, 0)),
      ...Object.fromEntries(kinds.map(({ name, connections }, i) => [name, side(loads[i], connections)])),
      meanBatch: round((after.batched - before.batched) / (after.batches - before.batches)),
      memory: {
        residentMiB: { before: before.residentMiB, most: Math.max(...samples.map(({ residentMiB }) => residentMiB)) },
        // Over the second half: what a server that keeps nothing has near 0.
        mebibytesAMinute: { resident: growth('residentMiB'), heap: growth('heapMiB'), external: growth('externalMiB') },
      },
      // Of intervals of two seconds.
      eventLoopDelayMilliseconds: {
        p99: { median: round(median(p99s)), most: Math.max(...p99s) },
        intervalsAbove20: p99s.filter((p99) => p99 >= 20).length,
        intervals: samples.length,
        most: Math.max(...samples.map(({ delay }) => delay.most)),
        idle,
      },
      samples: samples
        .filter((_, i) => i % Math.ceil(samples.length / keptSamples) === 0)
        .map(({ batches: _, batched: __, ...sample }) => sample),
    };
  } finally {
    await server.end();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'limn-bench-serve-'));
try {
  const about = {
    date: new Date().toISOString(),
    command: ['npm run bench -- serve --', ...process.argv.slice(2)].join(' ').replace(/ --$/, ''),
    machine: machine(),
  };
  const { model, store } = flags;
  const location = flags.gallery ?? (await makeGallery({ model, store, folder, pictures: Number(flags.pictures) }));
  const seconds = Number(flags.seconds);
  const result = await measure(location, seconds);
  const { samples: _, ...shown } = result;
  console.log(JSON.stringify(shown, undefined, 2));
  await mkdir(dirname(flags.out), { recursive: true });
  await writeFile(flags.out, `${JSON.stringify({ ...about, options: { ...flags, out: undefined }, ...result }, undefined, 2)}\n`);
  console.log(`written to ${flags.out}`);
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
