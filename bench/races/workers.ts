/**
 * Workers on this machine: pictures a second with one and more of them against no queue at all, and bytes a picture in the store and in
 * Redis.
 *
 *     npm run bench -- workers --model RUN --images FOLDER [--count 500] [--workers 1,2] [--store lancedb|postgres://...]
 *         [--threads 1] [--job-size 32] [--out FILE]
 *
 * It starts a redis-server of its own (Debian: redis-server). `--threads` are the compute threads of each process. A PostgreSQL must be
 * one that may be written to: its gallery "bench" is made anew.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { connect } from '@lancedb/lancedb';
import { Redis } from 'ioredis';
import { openStore } from 'limn/stores';
import { bytesIn } from '../lib/bytes-in.js';
import { program } from '../lib/paths.js';
import { rounded } from '../lib/statistics.js';

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string' },
    images: { type: 'string' },
    count: { type: 'string', default: '500' },
    workers: { type: 'string', default: '1,2' },
    store: { type: 'string', default: 'lancedb' },
    threads: { type: 'string', default: '1' },
    'job-size': { type: 'string', default: '32' },
    out: { type: 'string' },
  },
});
const { model, images } = flags;
if (!model || !images) {
  console.error('bench: give --model RUN and --images FOLDER');
  process.exit(2);
}
const root = await mkdtemp(join(tmpdir(), 'limn-bench-workers-'));
const env = { ...process.env, LIMN_HOME: join(root, 'home'), LIMN_THREADS: flags.threads };

const names = (await readdir(images)).filter((name) => /\.(jpe?g|png|webp)$/i.test(name)).sort();
const chosen = names.slice(0, Number(flags.count));
const imageSizes = await Promise.all(chosen.map(async (name) => (await stat(join(images, name))).size));
const list = join(root, 'list.csv');
await writeFile(list, ['path', ...chosen].join('\n'));

const port = await new Promise<number>((found) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = server.address() as AddressInfo;
    server.close(() => found(free));
  });
});
const redis = spawn(
  'redis-server',
  ['--port', String(port), '--bind', '127.0.0.1', '--dir', root, '--save', '', '--appendonly', 'yes'],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
await new Promise<void>((ready) => {
  redis.stdout.on('data', (text) => String(text).includes('Ready to accept') && ready());
});
const queue = `redis://127.0.0.1:${port}`;
const client = new Redis(queue);

let made = 0;
const location = () =>
  flags.store === 'lancedb'
    ? `lancedb:${join(root, `gallery-${made++}`)}`
    : `${flags.store}${flags.store.includes('?') ? '&' : '?'}gallery=bench`;
const indexing = (store: string) => [
  ...['index', '--model', model, '--images', resolve(images), '--list', list],
  ...['--store', store, '--skip-broken', '--json'],
];
const queueing = (store: string) => [...indexing(store), '--queue', queue, '--job-size', flags['job-size']];

/** Runs limn to its end. @returns its seconds and what it printed */
function limn(words: readonly string[]): { seconds: number; queued: number } {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return { seconds: (performance.now() - started) / 1000, ...JSON.parse(stdout) };
}

/** What the waiting jobs take in Redis, its scripts and streams left out. */
async function bytesOfJobs() {
  const keys = (await client.keys('limn:*')).filter((key) => /:(pictures-\w+|wait)$/.test(key));
  const sizes = await Promise.all(keys.map((key) => client.memory('USAGE', key, 'SAMPLES', 0)));
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}

/** What a gallery takes on the disk when old versions, which limn keeps for ten minutes, are gone. */
async function bytesOnDisk(folder: string): Promise<number> {
  const connection = await connect(folder);
  const table = await connection.openTable('gallery');
  await table.optimize({ cleanupOlderThan: new Date() });
  connection.close();
  return bytesIn(folder);
}

/** Workers that are started beforehand, and wait. */
async function withWorkers(count: number) {
  const store = location();
  const detached = limn([...queueing(store), '--replace', '--detach']);
  const redisBytes = await bytesOfJobs();
  const workers = Array.from({ length: count }, () =>
    spawn(process.execPath, [program, 'worker', '--gallery', store, '--queue', queue], { env, stdio: 'ignore' }),
  );
  const gallery = await openStore(store);
  const countNow = async () => gallery.count();
  while ((await countNow()) === 0) await new Promise((later) => setTimeout(later, 20));
  // From the first write to the last: the start of a process, and its first job, are not counted.
  const [first, since] = [await countNow(), performance.now()];
  while ((await countNow()) < detached.queued) await new Promise((later) => setTimeout(later, 20));
  const seconds = (performance.now() - since) / 1000;
  await gallery.close();
  const ends = workers.map((worker) => new Promise((end) => worker.once('exit', end)));
  for (const worker of workers) worker.kill('SIGTERM');
  await Promise.all(ends);
  limn(queueing(store));
  return {
    workers: count,
    picturesPerSecond: rounded((detached.queued - first) / seconds, 1),
    queueingPicturesPerSecond: rounded(detached.queued / detached.seconds, 1),
    redisBytesPerPicture: Math.round(redisBytes / detached.queued),
    ...(flags.store === 'lancedb'
      ? { storeBytesPerPicture: Math.round((await bytesOnDisk(store.slice('lancedb:'.length))) / detached.queued) }
      : {}),
  };
}

try {
  const plain = limn(indexing(location()));
  const nothing = limn(indexing(flags.store === 'lancedb' ? `lancedb:${join(root, 'gallery-0')}` : location()));
  const results: Awaited<ReturnType<typeof withWorkers>>[] = [];
  for (const count of flags.workers.split(',').map(Number)) results.push(await withWorkers(count));
  const [cpu] = cpus();
  const report = {
    machine: { cpu: cpu?.model, cores: cpus().length, load: loadavg().map((load) => rounded(load, 1)), node: process.version },
    pictures: chosen.length,
    bytesOfAPicture: Math.round(imageSizes.reduce((sum, size) => sum + size, 0) / chosen.length),
    threads: Number(flags.threads),
    withoutQueue: {
      picturesPerSecond: rounded(chosen.length / plain.seconds, 1),
      secondsForNothingNew: rounded(nothing.seconds, 1),
    },
    results,
  };
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  if (flags.out) await writeFile(flags.out, `${JSON.stringify(report, undefined, 2)}\n`);
} finally {
  client.disconnect();
  redis.kill();
  await rm(root, { recursive: true, force: true });
}
