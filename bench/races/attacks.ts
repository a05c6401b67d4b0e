/**
 * What other callers of `limn serve` notice of an attack, on this machine over loopback: p50, p99 and the longest time of searches by item
 * id over fresh connections, without an attack and under each of them.
 *
 *     npm run bench -- attacks                        in a gallery that it makes of drawn images, 15 s for each run
 *     npm run bench -- attacks --seconds 30 --gallery FOLDER
 *
 * The attacks come from another loopback address (127.0.0.9), as one caller does, from this process, which takes a part of the machine too;
 * the searches from a thread of their own. Each attack runs three times (--runs), in turns, against a new server. The rate is off: what is measured
 * are the shares and turns behind it. The goal is a p99 under one second, of the runs' median. Beside it stand the machine's load, and how much
 * CPU time the server's main thread took between two looks (turnP99, turnMost: loop-cpu.ts), which no load changes.
 *
 * Results go to bench/results/attacks.json.
 */

import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import type { OutgoingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { workerScript } from '../lib/paths.js';
import { reportFailure } from '../lib/report-failure.js';
import { saveResult } from '../lib/save-result.js';
import { type Sent, send } from '../lib/send-request.js';
import { limn, startServer } from '../lib/served-gallery.js';
import { rounded } from '../lib/statistics.js';
import { saveUntrainedModel } from '../lib/untrained-model.js';
import type { Others, OthersFound } from '../workers/other-callers.js';

const { values: flags } = parseArgs({
  options: {
    gallery: { type: 'string' },
    seconds: { type: 'string', default: '15' },
    pictures: { type: 'string', default: '200' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string' },
  },
});
const items = Number(flags.pictures);
const goalMilliseconds = 1000;
const localAddress = '127.0.0.9';

/** Begins against a server; what it gives ends it. */
type Attack = (url: string) => () => void;

async function drawGallery(folder: string): Promise<string> {
  const images = join(folder, 'images');
  await mkdir(images);
  for (let i = 0; i < items; i++) {
    const background = { r: (i * 37) % 256, g: (i * 91) % 256, b: (i * 53) % 256 };
    await sharp({ create: { width: 320, height: 240, channels: 3, background } })
      .jpeg()
      .toFile(join(images, `${i}.jpg`));
  }
  const model = join(folder, 'model');
  await saveUntrainedModel(model);
  const location = `memory:${join(folder, 'gallery')}`;
  await limn('index', '--model', model, '--images', images, '--out', location);
  return location;
}

const multipart = { 'content-type': 'multipart/form-data; boundary=b' };

/** A search with so many uploads, which are different files. */
function withUploads(bytes: Buffer, count: number): Buffer {
  const list = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => ({ upload: `u${from + i}` }));
  const search = { gallery: 'bench', references: list(0, Math.min(8, count)), negatives: list(Math.min(8, count), count) };
  const part = (name: string) => Buffer.from(`--b\r\ncontent-disposition: form-data; name="${name}"; filename="x"\r\n\r\n`);
  const files = list(0, count).flatMap(({ upload }, i) => [part(upload), bytes, Buffer.from([i]), Buffer.from('\r\n')]);
  return Buffer.concat([part('request'), Buffer.from(`${JSON.stringify(search)}\r\n`), ...files, Buffer.from('--b--')]);
}

/** Connections that send a text and are never closed by this side. */
function sockets(url: string, text: string, { atOnce, keep }: { atOnce: number; keep: number }): () => void {
  const open = new Set<Socket>();
  const one = () => {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', localAddress, allowHalfOpen: true });
    socket.on('error', () => {});
    socket.once('connect', () => socket.write(text));
    socket.resume();
    open.add(socket);
    if (open.size <= keep) return;
    const [oldest] = open;
    if (!oldest) return;
    open.delete(oldest);
    oldest.destroy();
  };
  const timer = setInterval(() => {
    for (let i = 0; i < atOnce; i++) one();
  }, 50);
  return () => {
    clearInterval(timer);
    for (const socket of open) socket.destroy();
  };
}

/** Requests that follow each other over so many connections. */
function requests(url: string, path: string, { lanes, ...options }: Sent & { lanes: number }): () => void {
  let ending = false;
  for (let lane = 0; lane < lanes; lane++) {
    void (async () => {
      while (!ending) await send(url, path, { ...options, from: localAddress });
    })();
  }
  return () => {
    ending = true;
  };
}

async function attacks(): Promise<Record<string, Attack>> {
  const side = (pixels: number) => sharp({ create: { width: pixels, height: pixels, channels: 3, background: '#446688' } });
  const interlaced = await side(7000).png({ progressive: true }).toBuffer();
  const smaller = await side(1900).png({ progressive: true }).toBuffer();
  const progressive = await side(7000).jpeg({ progressive: true }).toBuffer();
  const post =
    (headers: OutgoingHttpHeaders, body: Sent['body'] & {}, lanes = 16): Attack =>
    (url) =>
      requests(url, '/v1/search', { method: 'POST', headers, body, lanes });
  const redos = `--b\r\nA:${' '.repeat(3900)}\n\r\n\r\nx\r\n--b--`;
  const promised =
    'POST /v1/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 16000000\r\n\r\n{';
  return {
    none: () => () => {},
    'headers of parts that are blank': post(multipart, redos, 4),
    'connections with nonsense': (url) => sockets(url, 'nonsense\r\n\r\n', { atOnce: 50, keep: 3000 }),
    'connections with half a request': (url) => sockets(url, 'GET / HTTP/1.1\r\nhost: lo', { atOnce: 50, keep: 3000 }),
    'promised bodies': (url) => sockets(url, promised, { atOnce: 10, keep: 256 }),
    readiness: (url) => requests(url, '/readyz', { lanes: 16 }),
    '16 interlaced PNGs of 49 megapixels': post(multipart, withUploads(interlaced, 16)),
    '2 interlaced PNGs of 49 megapixels': post(multipart, withUploads(interlaced, 2)),
    '16 interlaced PNGs of 3.6 megapixels': post(multipart, withUploads(smaller, 16)),
    '2 progressive JPEGs of 49 megapixels': post(multipart, withUploads(progressive, 2)),
  };
}

const round = (value: number) => rounded(value, 1);

/** The times of others' searches, sorted, from a thread of their own. */
async function others(url: string, seconds: number): Promise<OthersFound> {
  const thread = new Worker(workerScript('other-callers'), { workerData: { url, seconds, items } satisfies Others });
  const [{ times, failed }]: [OthersFound] = (await once(thread, 'message')) as [OthersFound];
  return { times: times.sort((a, b) => a - b), failed };
}

/** One run of an attack against a new server. */
async function run(location: string, attack: Attack) {
  const cpuFile = join(folder, 'loop-cpu.json');
  const node = ['--import', pathToFileURL(workerScript('loop-cpu')).href];
  const server = await startServer(location, { node, env: { LOOP_CPU: cpuFile } });
  await others(server.url, 2);
  const stop = attack(server.url);
  await sleep(500);
  server.child.kill('SIGUSR2');
  const { times, failed } = await others(server.url, Number(flags.seconds));
  stop();
  await server.end();
  const turn: { p99: number; most: number } = JSON.parse(await readFile(cpuFile, 'utf8'));
  const at = (quantile: number) => round(times[Math.min(times.length - 1, Math.floor(quantile * times.length))] ?? Number.NaN);
  const load = round(loadavg()[0]!);
  return {
    searches: times.length,
    failed,
    p50: at(0.5),
    p99: at(0.99),
    most: at(1),
    turnP99: round(turn.p99),
    turnMost: round(turn.most),
    load,
  };
}

type Run = Awaited<ReturnType<typeof run>>;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const folder = await mkdtemp(join(tmpdir(), 'limn-bench-attacks-'));
try {
  const location = flags.gallery ?? (await drawGallery(folder));
  const all = Object.entries(await attacks()).filter(([name]) => !flags.only || name === 'none' || name.includes(flags.only));
  const runs: Record<string, Run[]> = {};
  // In turns, so that what else the machine does meets all of them.
  for (let turn = 0; turn < Number(flags.runs); turn++) {
    for (const [name, attack] of all) {
      const found = await run(location, attack);
      runs[name] = [...(runs[name] ?? []), found];
      console.log(`${name}: ${JSON.stringify(found)}`);
    }
  }
  const results: Record<string, { medians: Run; runs: Run[]; goal: object }> = {};
  for (const [name, found] of Object.entries(runs)) {
    const keys = Object.keys(found[0]!) as (keyof Run)[];
    const medians = Object.fromEntries(keys.map((key) => [key, median(found.map((one) => one[key]))])) as unknown as Run;
    const met = medians.failed === 0 && medians.p99 < goalMilliseconds;
    results[name] = { medians, runs: found, goal: { says: `p99 under ${goalMilliseconds} ms, none refused`, met } };
  }
  console.table(Object.fromEntries(Object.entries(results).map(([name, { medians }]) => [name, medians])));
  await saveResult('attacks', { seconds: Number(flags.seconds), unit: 'milliseconds', attacks: results });
} catch (error) {
  reportFailure(error);
} finally {
  await rm(folder, { recursive: true, force: true });
}
