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

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import autocannon, { type Request, type Result } from 'autocannon';
import { Random } from 'limn/engine';
import { reportFailure } from '../lib/report-failure.js';
import { saveResult } from '../lib/save-result.js';
import { makeGallery, startServer } from '../lib/served-gallery.js';
import { median, rounded } from '../lib/statistics.js';

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
    out: { type: 'string' },
  },
});
const scrapeMilliseconds = 2000;
/** Of the samples so many are kept, evenly spread. */
const keptSamples = 60;
/** Fills in a request before it is sent. */
type SetUp = (request: Request) => Request;

/** One kind of search for a time, by connections of its own. */
interface Load {
  url: string;
  setUp: SetUp;
  connections: number;
  seconds: number;
}

type Sample = Awaited<ReturnType<typeof scrape>>;

interface Content {
  ids: string[];
  files: Buffer[];
}

/** Ids of the gallery, and the files of some of its images. */
async function content(url: string): Promise<Content> {
  const answer = await fetch(`${url}/v1/galleries/bench/items?limit=1000`);
  const { items } = (await answer.json()) as { items: { id: string }[] };
  const ids = items.map(({ id }) => id);
  const files: Buffer[] = [];
  for (const id of ids.slice(0, 200)) {
    const answer = await fetch(`${url}/v1/galleries/bench/items/${encodeURIComponent(id)}/picture`);
    files.push(Buffer.from(await answer.arrayBuffer()));
  }
  return { ids, files };
}

/** A sentence of a few thousand. */
function sentence(random: Random): string {
  const colour = random.pick([
    'red',
    'blue',
    'green',
    'black',
    'white',
    'pink',
    'brown',
    'grey',
    'yellow',
    'purple',
    'orange',
    'navy',
  ]);
  const kind = random.pick(['shirt', 'dress', 'bag', 'shoe', 'watch', 'top', 'sandal', 'belt', 'jacket', 'short']);
  const more = random.pick([
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

function byId({ ids }: Content, random: Random): SetUp {
  return (request) => {
    const search = { gallery: 'bench', references: [{ id: random.pick(ids) }], texts: [sentence(random)], k: 20 };
    return { ...request, headers: { 'content-type': 'application/json' }, body: JSON.stringify(search) };
  };
}

function byUpload({ files }: Content, random: Random): SetUp {
  return (request) => {
    const search = { gallery: 'bench', references: [{ upload: 'picture' }], texts: [sentence(random)], k: 20 };
    const part = (name: string, more = '') => `--b\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n`;
    const body = Buffer.concat([
      Buffer.from(`${part('request')}${JSON.stringify(search)}\r\n${part('picture', '; filename="picture.jpg"')}`),
      random.pick(files),
      Buffer.from('\r\n--b--\r\n'),
    ]);
    return { ...request, headers: { 'content-type': 'multipart/form-data; boundary=b' }, body };
  };
}

/** One kind of search for a time, by connections of its own. */
function fire({ url, setUp, connections, seconds }: Load): Promise<Result> {
  return autocannon({
    url,
    connections,
    duration: seconds,
    timeout: 30,
    requests: [{ method: 'POST', path: '/v1/search', setupRequest: setUp }],
  });
}

/** Numbers of one scrape. */
async function scrape(url: string) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const number = (name: string) => Number(new RegExp(`^${name.replace(/[{}".]/g, '\\$&')} (\\S+)`, 'm').exec(text)?.[1]);
  const mebibytes = (name: string) => rounded(number(name) / 2 ** 20, 1);
  const delay = (quantile: number) => rounded(number(`limn_event_loop_delay_seconds{quantile="${quantile}"}`) * 1000);
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
function watchIdle(): () => Promise<{ p99: number; most: number }> {
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
    const told = new Promise<{ p99: number; most: number }>((resolve) => worker.once('message', resolve));
    worker.postMessage('end');
    const { p99, most } = await told;
    await worker.terminate();
    return { p99: rounded(p99), most: rounded(most) };
  };
}

/** The slope of a straight line through points (least squares). */
function slope(points: readonly [number, number][]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const above = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0);
  return above / points.reduce((sum, [at]) => sum + (at - x) ** 2, 0);
}

/** What one kind of search had. */
function side({ requests, latency, errors, timeouts, non2xx }: Result, connections: number) {
  const { p50, p90, p99, max } = latency;
  return {
    connections,
    requestsPerSecond: rounded(requests.mean),
    milliseconds: { p50, p90, p99, max },
    errors,
    timeouts,
    non2xx,
  };
}

async function measure(location: string, seconds: number) {
  const server = await startServer(location, { flags: flags.serve.split(' ').filter(Boolean) });
  try {
    const { url } = server;
    const known = await content(url);
    const random = new Random(1);
    const kinds = [
      { name: 'byId', setUp: byId(known, random), connections: Number(flags['by-id']) },
      { name: 'byUpload', setUp: byUpload(known, random), connections: Number(flags['by-upload']) },
    ].filter(({ connections }) => connections > 0);
    const load = (time: number) =>
      Promise.all(kinds.map(({ setUp, connections }) => fire({ url, setUp, connections, seconds: time })));
    // Sessions are made, code is compiled.
    await load(5);
    const before = await scrape(url);
    const started = performance.now();
    const samples: ({ second: number } & Sample)[] = [];
    const watching = setInterval(async () => {
      const sample = await scrape(url).catch(() => undefined);
      if (sample) samples.push({ second: rounded((performance.now() - started) / 1000, 1), ...sample });
    }, scrapeMilliseconds);
    const endIdle = watchIdle();
    const loads = await load(seconds);
    clearInterval(watching);
    const idle = await endIdle();
    const after = await scrape(url);
    const half = samples.slice(Math.floor(samples.length / 2));
    const growth = (name: 'residentMiB' | 'heapMiB' | 'externalMiB') =>
      rounded(slope(half.map((sample) => [sample.second / 60, sample[name]])));
    const p99s = samples.map(({ delay }) => delay.p99);
    return {
      requestsPerSecond: rounded(loads.reduce((sum, { requests }) => sum + requests.mean, 0)),
      ...Object.fromEntries(kinds.map(({ name, connections }, i) => [name, side(loads[i]!, connections)])),
      meanBatch: rounded((after.batched - before.batched) / (after.batches - before.batches)),
      memory: {
        residentMiB: { before: before.residentMiB, most: Math.max(...samples.map(({ residentMiB }) => residentMiB)) },
        // Over the second half: what a server that keeps nothing has near 0.
        mebibytesAMinute: { resident: growth('residentMiB'), heap: growth('heapMiB'), external: growth('externalMiB') },
      },
      // Of intervals of two seconds.
      eventLoopDelayMilliseconds: {
        p99: { median: rounded(median(p99s)), most: Math.max(...p99s) },
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
  const { model, store } = flags;
  const location = flags.gallery ?? (await makeGallery({ model, store, folder, images: Number(flags.pictures) }));
  const seconds = Number(flags.seconds);
  const result = await measure(location, seconds);
  const { samples: _, ...shown } = result;
  console.log(JSON.stringify(shown, undefined, 2));
  const { out, ...options } = flags;
  await saveResult('serve', { options, ...result }, out);
} catch (error) {
  reportFailure(error);
} finally {
  await rm(folder, { recursive: true, force: true });
}
