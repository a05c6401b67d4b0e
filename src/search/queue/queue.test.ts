/** The parts of the queue, in this process, on a real Redis. Killing processes is in test/queue.test.ts. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { importPeer } from '../../core/peers.js';
import { checkInfo } from '../../core/redis/check-redis.js';
import { freePort, hasRedis, type RedisServer, startRedis, withoutRedis } from '../../core/redis/testing/redis-server.js';
import { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { Gallery } from '../gallery/gallery.js';
import { killedUpload } from '../gallery/testing/killed-upload.js';
import { drawImage, imageBytes, type TinyFolder, tinyFolder } from '../gallery/testing/tiny-gallery.js';
import { saveTinyModel } from '../gallery/testing/tiny-model.js';
import { type IndexThroughQueueOptions, indexThroughQueue } from './index-through-queue.js';
import { jobId, readJob } from './job.js';
import { OpenJobs, type Settled } from './open-jobs.js';
import { queueName } from './queue-name.js';
import { WorkQueue } from './work-queue.js';
import { runWorker, type WorkerOptions } from './worker.js';

if (!hasRedis) console.warn(`The tests of the queue are skipped: ${withoutRedis}.`);

describe('the name of a queue', () => {
  it('is one for a gallery, however its location is written, and another for every other gallery', async () => {
    const same = async (a: string, b: string) => expect(await queueName(a)).toBe(await queueName(b));
    await same('lancedb:galleries/shop', `${process.cwd()}/galleries/shop`);
    await same('lancedb:shop', 'lancedb:./shop?gallery=gallery');
    await same('postgres://me:secret@db/limn?gallery=a', 'postgresql://you@DB:5432/limn?sslmode=require&gallery=a');
    await same('s3://bucket/limn/', 's3://bucket/limn');
    const names = [
      'shop',
      'shop2',
      'shop?gallery=b',
      's3://shop',
      'postgres://db/limn?gallery=a',
      'postgres://db/limn?gallery=b',
    ];
    expect(new Set(await Promise.all(names.map((name) => queueName(name)))).size).toBe(names.length);
    expect(await queueName('anything', 'my_shop-1')).toBe('my_shop-1');
    await expect(queueName('anything', 'a:b')).rejects.toThrow('"a:b" is not a valid queue name');
  });
});

describe('what Redis and BullMQ must be', () => {
  const info = (version: string, policy: string) =>
    `# Server\r\nredis_version:${version}\r\n# Memory\r\nmaxmemory_policy:${policy}\r\n`;

  it('is new enough, and keeps what it is given', () => {
    expect(checkInfo(info('7.0.15', 'noeviction'), 'here')).toBeUndefined();
    expect(checkInfo(info('6.2.0', 'allkeys-lru'), 'here')).toMatch(
      /here evicts keys .*\(allkeys-lru\).* set maxmemory-policy to noeviction/,
    );
    expect(() => checkInfo(info('6.0.16', 'noeviction'), 'here')).toThrow(
      'here has version 6.0.16; the queue needs 6.2 or newer',
    );
    expect(() => checkInfo('', 'here')).toThrow('has version unknown');
  });

  it('is said in one line without the password, where it is missing', async () => {
    const open = (address: string) => WorkQueue.open(address, 'a');
    const unreachable = `redis://me:hunter2@127.0.0.1:${await freePort()}/1`;
    const error = await open(unreachable).catch((failure) => failure);
    expect(error).toMatchObject({
      code: 'QUEUE',
      message: expect.stringMatching(/^Redis at redis:\/\/127\.0\.0\.1:\d+\/1 cannot be used: .*ECONNREFUSED/),
    });
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
    for (const address of ['http://a', 'localhost', 'redis://']) {
      await expect(open(address)).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining('redis://127.0.0.1:6379'),
      });
    }
    const none = importPeer('BullMQ', ['bullmq@1'], () => import('no-such-package' as string));
    await expect(none).rejects.toThrow(/BullMQ cannot be loaded.*npm install bullmq@1/);
  });
});

describe.skipIf(!hasRedis)('a queue on a real Redis', () => {
  let redis: RedisServer;
  let folder: TinyFolder;
  const stops: (() => Promise<unknown>)[] = [];
  let made = 0;

  beforeAll(async () => {
    redis = await startRedis({ requirepass: 'hunter2' });
    folder = await tinyFolder(12);
    await saveTinyModel(folder.at('other'), 2);
  });
  afterEach(async () => {
    await Promise.all(stops.splice(0).map((stop) => stop()));
  });
  afterAll(async () => {
    await redis.close();
    await folder.remove();
  });
  const options = (more: Partial<IndexThroughQueueOptions> = {}): IndexThroughQueueOptions => {
    const base = {
      model: folder.model,
      images: folder.at('pictures'),
      out: `lancedb:${folder.at(`g${made++}`)}`,
      queue: redis.url,
      jobSize: 2,
    };
    return { ...base, ...more };
  };
  /** A worker in this process. */
  const work = (gallery: string, more: Partial<WorkerOptions> = {}) => {
    const stop = new AbortController();
    const ended = runWorker({ queue: redis.url, gallery, stalledAfter: 1, signal: stop.signal, ...more });
    ended.catch(() => {});
    stops.push(() => {
      stop.abort();
      return ended.catch(() => {});
    });
    return { ended, stop };
  };
  const queuedAlone = async (more: Partial<IndexThroughQueueOptions> = {}) => {
    const given = options(more);
    const { gallery, queued } = await indexThroughQueue({ ...given, detach: true });
    await gallery.close();
    return { given, queued };
  };

  it('warns of a Redis that throws keys away, and refuses a wrong password without saying it', async () => {
    const client = new Redis(redis.url);
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const warned: string[] = [];
    await (await WorkQueue.open(redis.url, 'a', { warn: (message) => void warned.push(message) })).close();
    expect(warned).toEqual([expect.stringContaining('allkeys-lru')]);
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    client.disconnect();
    const error = await WorkQueue.open(redis.url.replace('hunter2', 'hunter3'), 'a').catch((failure) => failure);
    expect(error).toMatchObject({ code: 'QUEUE', message: expect.stringMatching(/WRONGPASS|invalid username-password/) });
    expect(inspect(error, { depth: 9 })).not.toContain('hunter');
  });

  it('refuses galleries in memory, and to delete without waiting', async () => {
    const inMemory = indexThroughQueue(options({ out: `memory:${folder.at('memory')}` }));
    await expect(inMemory).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining('has one writer at a time') });
    await expect(indexThroughQueue(options({ detach: true, prune: true }))).rejects.toThrow('give --prune or --detach, not both');
  });

  it('keeps galleries apart, and loses no job to workers that have the wrong model or no pictures', async () => {
    const one = await queuedAlone();
    const two = await queuedAlone();
    await expect(work(two.given.out, { model: folder.at('other') }).ended).rejects.toMatchObject({ code: 'GALLERY' });
    const blind = work(two.given.out, { images: folder.at('nowhere') });
    await expect(blind.ended).rejects.toThrow(/^The pictures are not at .*nowhere on this machine: say with --images/);
    const lost = { id: 'lost', location: `.limn/uploads/aa/${'e'.repeat(32)}-${'e'.repeat(16)}.jpeg` };
    await killedUpload(folder.at('pictures'), two.given.out, lost);
    work(two.given.out);
    const { gallery } = await indexThroughQueue(two.given);
    expect(await gallery.count()).toBe(12);
    // As after every other way of indexing, what a killed server has left without an item is gone.
    expect(gallery.report.notes).toEqual([expect.stringContaining('1 uploaded file without an item')]);
    expect(existsSync(folder.at('pictures', lost.location))).toBe(false);
    await gallery.close();
    const first = await Gallery.open(one.given.out, { model: folder.model });
    expect(await first.count()).toBe(0);
    await first.close();
  });

  it('is emptied when its gallery is made anew, and workers that were given the old model end', async () => {
    const { given } = await queuedAlone();
    const old = work(given.out, { model: folder.at('model') });
    const { gallery: first } = await indexThroughQueue(given);
    await first.close();
    const model = await RetrievalModel.open(folder.at('other'));
    const again = indexThroughQueue({ ...given, model, replace: true });
    again.catch(() => {});
    await expect(old.ended).rejects.toMatchObject({
      code: 'GALLERY',
      message: expect.stringContaining('indexed with another model'),
    });
    work(given.out, { model: folder.at('other') });
    const { gallery } = await again;
    expect(await gallery.count()).toBe(12);
    expect((await gallery.describe()).model.hash).toBe(model.hash);
    await gallery.close();
    await model.close();
  });

  it('writes no picture that has changed since it was queued, and the next call does', async () => {
    await mkdir(folder.at('changing'));
    for (let i = 0; i < 4; i++) await copyFile(folder.at('pictures', `p0${i}.jpg`), folder.at('changing', `${i}.jpg`));
    const { given } = await queuedAlone({ images: folder.at('changing') });
    await drawImage(folder.at('changing', '2.jpg'), 50);
    work(given.out);
    const { gallery } = await indexThroughQueue(given);
    // The old job's picture counts as broken; the new one's is written.
    expect(gallery.report).toMatchObject({ added: expect.any(Number), skipped: [] });
    expect(await gallery.count()).toBe(4);
    await gallery.close();
  });

  it('fetches URLs in the workers, once each, and lists those that lead nowhere', async () => {
    const asked: string[] = [];
    const server: Server = createServer(async (request, response) => {
      asked.push(request.url ?? '');
      if (request.url === '/none.jpg') response.writeHead(404).end();
      else response.end(await imageBytes(asked.length));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    await writeFile(folder.at('urls.csv'), ['url', 'a.jpg', 'none.jpg'].join(`\nhttp://127.0.0.1:${port}/`));
    const urls = { allowAddress: () => true };
    const given = options({ images: undefined, list: folder.at('urls.csv'), urls });
    const indexed = indexThroughQueue(given);
    await setTimeout(500);
    work(given.out, { urls });
    const { gallery } = await indexed;
    expect(gallery.report).toMatchObject({ added: 1, skipped: [{ reason: expect.stringContaining('answered 404') }] });
    expect(asked.filter((path) => path === '/a.jpg')).toHaveLength(1);
    await gallery.close();
    server.closeAllConnections();
    server.close();
  });

  it('queues again what Redis has forgotten', async () => {
    const queue = await WorkQueue.open(redis.url, 'forgetful');
    const items = ['p00.jpg', 'p01.jpg'];
    const written: string[] = [];
    const store = {
      get: async (ids: readonly string[]) =>
        ids.map((id) => (written.includes(id) ? { id, content: 'a', location: id, metadata: {} } : undefined)),
    };
    const settled: Settled[] = [];
    const jobs = new OpenJobs({
      queue,
      store: store as never,
      onSettled: (one) => void settled.push(one),
      onLook: () => {},
      patience: 50,
    });
    const images = items.map((id) => ({ id, content: 'a', location: id, metadata: {}, before: undefined }));
    await jobs.add(images, { version: 1, model: 'm', refresh: false });
    const [id] = await queue.pending();
    const client = new Redis(redis.url);
    await client.flushall();
    const ended = jobs.ended();
    while ((await queue.pending()).size === 0) await setTimeout(20);
    expect([...(await queue.pending())]).toEqual([id]);
    written.push(...items);
    await client.flushall();
    await ended;
    expect(settled.map(({ image, broken }) => [image.id, broken])).toEqual(items.map((one) => [one, undefined]));
    client.disconnect();
    await queue.close();
  });

  it('stops waiting when told to, also while Redis is gone', async () => {
    const stop = new AbortController();
    const indexed = indexThroughQueue({ ...options(), signal: stop.signal });
    indexed.catch(() => {});
    await setTimeout(600);
    await redis.kill();
    stop.abort();
    await expect(indexed).rejects.toMatchObject({
      code: 'INTERRUPTED',
      message: expect.stringContaining('workers go on with what is queued'),
    });
    await redis.restart();
  });

  it('gives one job one id, and refuses jobs of another version', () => {
    const job = {
      version: 1,
      model: 'm',
      refresh: false,
      pictures: [{ id: 'a', location: 'a', content: 'c', metadata: { n: 1 } }],
    } as const;
    const data = readJob(job);
    expect(jobId(data)).toBe(jobId(readJob({ ...job, broken: [] })));
    expect(jobId(readJob({ ...job, model: 'n' }))).not.toBe(jobId(data));
    expect(() => readJob({ ...job, version: 2 })).toThrow('queued by another version of limn');
  });

  it('leaves nothing behind in a folder that was only asked for', async () => {
    await rm(folder.at('absent'), { recursive: true, force: true });
    await expect(work(`lancedb:${folder.at('absent')}`).ended).rejects.toMatchObject({ code: 'GALLERY' });
  });
});
