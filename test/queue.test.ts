/**
 * Indexing by way of a queue, as operators meet it: the built program, a real Redis, several worker processes, and all of them killed
 * in the middle. In the end every picture is there once, with the vectors that it has without a queue.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LimnClient } from '../src/apps/client/index.js';
import { freePort, hasRedis, type RedisServer, startRedis, withoutRedis } from '../src/core/redis/testing/redis-server.js';
import { Gallery } from '../src/search/gallery/gallery.js';
import { drawImage, type TinyFolder, tinyFolder } from '../src/search/gallery/testing/tiny-gallery.js';
import { queueName } from '../src/search/queue/queue-name.js';
import { WorkQueue } from '../src/search/queue/work-queue.js';
import { openStore } from '../src/search/store/open-store.js';
import type { GalleryStore } from '../src/search/store/store.js';

const program = resolve(import.meta.dirname, '../dist/apps/cli/main.js');
const images = 120;
let folder: TinyFolder;
const children: ChildProcess[] = [];
const servers: RedisServer[] = [];
const keep = (server: RedisServer) => {
  servers.push(server);
  return server;
};

if (!hasRedis) console.warn(`The tests of the queue are skipped: ${withoutRedis}.`);

interface Running {
  child: ChildProcess;
  ended: Promise<{ code: number | null; out: string; error: string }>;
  error(): string;
}

function start(words: readonly string[], environment: Record<string, string> = {}): Running {
  const env = { ...process.env, LIMN_HOME: folder.at('home'), LIMN_THREADS: '1', ...environment };
  const child = spawn(process.execPath, [program, ...words], { cwd: folder.at(), env });
  children.push(child);
  let [out, error] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    error += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, error }));
  return { child, ended, error: () => error };
}

const limn = (words: readonly string[], environment?: Record<string, string>) => start(words, environment).ended;

/** Waits until the gallery has so many pictures; it stays open, as workers are as fast as one opens a store. One that is down is asked again. */
async function untilCount(location: string, least: number): Promise<number> {
  let store: GalleryStore | undefined;
  for (;;) {
    try {
      store ??= await openStore(location);
      const count = await store.count();
      if (count >= least) {
        await store.close();
        return count;
      }
    } catch {
      await store?.close().catch(() => undefined);
      store = undefined;
    }
    await setTimeout(3);
  }
}

/** All that a gallery holds: its items in order, and their vectors. */
async function contentOf(location: string) {
  const store: GalleryStore = await openStore(location);
  const items = await store.list({ limit: 1000 });
  const vectors = await store.vectors(items.map(({ id }) => id));
  await store.close();
  return { items, vectors };
}

/** The same items, and vectors that differ by what other batches round otherwise. */
async function expectSame(location: string, plain: Awaited<ReturnType<typeof contentOf>>) {
  const found = await contentOf(location);
  expect(found.items).toEqual(plain.items);
  for (const [i, vectors] of found.vectors.entries()) {
    for (const name of ['matching', 'factors'] as const) {
      const expected = plain.vectors[i]![name];
      expect(vectors![name].length).toBe(expected.length);
      vectors![name].forEach((value, k) => {
        expect(Math.abs(value - expected[k]!)).toBeLessThan(1e-5);
      });
    }
  }
}

let plain: Awaited<ReturnType<typeof contentOf>>;

beforeAll(async () => {
  folder = await tinyFolder(images);
  const rows = Array.from({ length: images }, (_, i) => `p${String(i).padStart(2, '0')}.jpg,${i % 2 ? 'red' : 'blue'},${i}`);
  await writeFile(folder.at('list.csv'), ['path,colour,price', ...rows, 'broken.jpg,red,1'].join('\n'));
  await writeFile(folder.at('pictures', 'broken.jpg'), 'This is no picture.');
  // The workers' machines have the pictures at another place.
  await symlink(folder.at('pictures'), folder.at('mounted'));
  const { model } = folder;
  const out = `memory:${folder.at('plain')}`;
  const sources = { images: folder.at('pictures'), list: folder.at('list.csv') };
  await (await Gallery.create({ model, ...sources, out, onBroken: 'skip' })).close();
  plain = await contentOf(out);
  expect(plain.items).toHaveLength(images);
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) await server.close();
});
afterAll(() => folder.remove());

const indexing = (location: string, list = 'list.csv') => [
  ...['index', '--model', 'model', '--images', 'pictures', '--list', list, '--store', location, '--job-size', '4'],
];
const working = (location: string) => ['worker', '--gallery', location, '--images', 'mounted', '--stalled-after', '1'];

describe.skipIf(!hasRedis)('limn index --queue with LanceDB', () => {
  it('has every picture once in the end, whoever was killed, names the broken one, and serves it from two servers', async () => {
    const redis = keep(await startRedis({ requirepass: 'secret' }));
    const location = `lancedb:${folder.at('shop')}`;
    const environment = { LIMN_QUEUE: redis.url };
    const index = (...more: string[]) => limn([...indexing(location), ...more], environment);
    const queue = await WorkQueue.open(redis.url, await queueName(location));

    const detached = await index('--detach');
    expect(detached, detached.error).toMatchObject({ code: 0, out: `${location}: 0 pictures, ${images + 1} queued\n` });
    const jobs = await queue.pending();
    expect(jobs.size).toBeGreaterThan(images / 8);
    await index('--detach');
    expect(await queue.pending()).toEqual(jobs);

    const workers = [1, 2, 3].map(() => start(working(location), environment));
    const waiting = start([...indexing(location), '--json'], environment);
    await untilCount(location, images / 5);
    workers[0]!.child.kill('SIGKILL');
    const some = await untilCount(location, images / 3);
    await redis.kill();
    expect(some).toBeLessThan(images);
    await setTimeout(200);
    await redis.restart();
    const ended = await waiting.ended;
    expect(ended.code, ended.error).toBe(1);
    expect(ended.error).toContain('mounted/broken.jpg is not a picture');
    expect(ended.error).toMatch(/limn: 1 of the images could not be read and are not in the gallery; .* --skip-broken\.\n$/);
    const report = JSON.parse(ended.out);
    expect(report).toMatchObject({ pictures: images, replaced: 0, updated: 0, removed: 0, skipped: [{ id: 'broken.jpg' }] });
    expect(report.added + report.unchanged).toBe(images);
    await expectSame(location, plain);
    expect((await queue.pending()).size).toBe(0);

    const again = await index('--skip-broken');
    expect(again.out).toBe(`${location}: ${images} pictures, ${images} unchanged, 1 broken left out\n`);

    // A new list: without two pictures, one of them the broken one, with other metadata, and with another content.
    await cp(folder.at('pictures', 'p03.jpg'), folder.at('kept.jpg'));
    await drawImage(folder.at('pictures', 'p03.jpg'), 777);
    const rows = plain.items
      .slice(1)
      .map(({ id, metadata }) => `${id},${metadata.colour},${id === 'p05.jpg' ? 1000 : metadata.price}`);
    await writeFile(folder.at('second.csv'), ['path,colour,price', ...rows].join('\n'));
    const pruned = await limn([...indexing(location, 'second.csv'), '--prune'], environment);
    const counts = `1 replaced, 1 updated, ${images - 3} unchanged, 1 removed`;
    expect(pruned, pruned.error).toMatchObject({ code: 0, out: `${location}: ${images - 1} pictures, ${counts}\n` });
    await cp(folder.at('kept.jpg'), folder.at('pictures', 'p03.jpg'));

    for (const { child } of workers) child.kill('SIGTERM');
    const told = await Promise.all(workers.slice(1).map(({ ended: end }) => end));
    for (const { code, out, error } of told) {
      expect(code, error).toBe(0);
      expect(out).toMatch(/^limn worker: \d+ pictures written.* in \d+ s\n$/);
      expect(error).not.toContain('secret');
    }
    expect(ended.error + detached.error + again.error).not.toContain('secret');
    await queue.close();
    await expectServedTwice(location);
  }, 300_000);
});

/** Two servers over one store answer alike, and go on where the other one's cursor says. */
async function expectServedTwice(location: string) {
  const serve = async () => {
    const words = ['serve', '--gallery', `shop=${location}`, '--port', '0', '--log', 'silent', '--rate', '0'];
    const { child } = start(words);
    const [line] = await once(child.stdout!, 'data');
    return new LimnClient({ url: /http:\S+/.exec(String(line))?.[0] as string });
  };
  const [one, other] = await Promise.all([serve(), serve()]);
  const request = { gallery: 'shop', references: [{ id: 'p10.jpg' }], texts: ['in red'], k: 5 };
  const first = await one.search(request);
  expect(await other.search(request)).toMatchObject({ hits: first.hits });
  const next = await other.search({ ...request, cursor: first.cursor as string });
  expect(next.hits.map(({ rank }) => rank)).toEqual([6, 7, 8, 9, 10]);
  await one.deleteItem('shop', first.hits[0]!.id);
  await expect(other.item('shop', first.hits[0]!.id)).rejects.toMatchObject({ status: 404 });
}

describe.skipIf(!hasRedis)('limn index --queue with PostgreSQL', () => {
  it('loses nothing when the database is killed while workers write', async () => {
    const redis = keep(await startRedis());
    const port = await freePort();
    // A second attempt of this test must not find what the first one wrote.
    const data = folder.at(`pg-${port}`);
    const database = async () => {
      const child = execFile(process.execPath, ['--import', 'tsx', 'test/support/pg-process.mts', data, String(port)]);
      children.push(child);
      await once(child.stdout!, 'data');
      return child;
    };
    let running = await database();
    const location = `postgres://postgres:secret@127.0.0.1:${port}/postgres?gallery=shop`;
    const environment = { LIMN_QUEUE: redis.url };
    const detached = await limn([...indexing(location), '--detach'], environment);
    expect(detached.code, detached.error).toBe(0);
    const waiting = start([...indexing(location), '--skip-broken'], environment);
    while (!waiting.error().includes('queued')) await setTimeout(20);
    // It has gone through the list, and waits, before the first worker is up.
    await setTimeout(500);
    const workers = [1, 2].map(() => start(working(location), environment));
    const before = await untilCount(location, images / 8);
    running.kill('SIGKILL');
    await once(running, 'exit');
    // The lock of a server that was killed.
    await rm(join(data, 'postmaster.pid'), { force: true });
    await setTimeout(1000);
    running = await database();
    expect(before).toBeLessThan(images);
    const ended = await waiting.ended;
    expect(ended.code, ended.error).toBe(0);
    await expectSame(location, plain);
    for (const { child } of workers) child.kill('SIGTERM');
    const told = (await Promise.all(workers.map(({ ended: end }) => end))).map(({ error }) => error).join('');
    expect(told).toContain('Trying until it works.');
    expect(told + ended.error + ended.out).not.toContain('secret');
  }, 300_000);
});
