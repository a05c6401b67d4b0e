/** The server's small parts, each by itself. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Batcher } from './galleries/batcher.js';
import { callerAddress, isLoopback } from './guard/addresses.js';
import { addKey, KeyRing, readKeys, removeKey } from './guard/keys.js';
import { RateLimiter } from './guard/rate-limit.js';
import { ByteBudget, Slots } from './guard/slots.js';
import { asProblem, HttpProblem } from './handlers/problems.js';
import { loadPage, matchesTag, pageResponse } from './handlers/static-page.js';
import { readCursor, requestDigest, writeCursor } from './request/cursors.js';
import { boundaryOf, parseMultipart } from './request/multipart.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-server-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('Batcher', () => {
  const settle = (values: readonly number[]) =>
    Promise.resolve(values.map((value) => ({ status: 'fulfilled', value: value * 2 }) as const));

  it('answers each query with its own answer, together and in order, in batches of its size', async () => {
    const sizes: number[] = [];
    const batcher = new Batcher<number, number>({ run: settle, size: 4, parallel: 1, onBatch: (size) => sizes.push(size) });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => batcher.submit(i)));
    expect(answers).toEqual(Array.from({ length: 10 }, (_, i) => i * 2));
    expect(sizes.reduce((a, b) => a + b)).toBe(10);
    expect(sizes.slice(0, 2)).toEqual([4, 4]);
  });

  it('gathers while a batch runs, and runs no more at once than it may', async () => {
    let running = 0;
    let most = 0;
    const sizes: number[] = [];
    const run = async (values: readonly number[]) => {
      most = Math.max(most, ++running);
      sizes.push(values.length);
      await sleep(20);
      running--;
      return settle(values);
    };
    const batcher = new Batcher<number, number>({ run, waitMilliseconds: 0, parallel: 1 });
    const first = batcher.submit(1);
    await sleep(5);
    const rest = Promise.all([2, 3, 4].map((value) => batcher.submit(value)));
    expect([await first, ...(await rest)]).toEqual([2, 4, 6, 8]);
    expect([most, sizes]).toEqual([1, [1, 3]]);
  });

  it('fails a query alone, a broken batch as a whole, and goes on', async () => {
    let broken = false;
    const batcher = new Batcher<number, number>({
      run: async (values) => {
        if (broken) throw new Error('all');
        return values.map((value) =>
          value === 2 ? { status: 'rejected', reason: new Error('two') } : { status: 'fulfilled', value },
        );
      },
    });
    const outcome = await Promise.allSettled([1, 2, 3].map((value) => batcher.submit(value)));
    expect(outcome.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    broken = true;
    await expect(batcher.submit(1)).rejects.toThrow('all');
    broken = false;
    expect(await batcher.submit(1)).toBe(1);
  });

  it('drops queries whose callers have gone', async () => {
    const seen: number[] = [];
    const batcher = new Batcher<number, number>({
      run: (values) => {
        seen.push(...values);
        return settle(values);
      },
      waitMilliseconds: 10,
    });
    const stop = new AbortController();
    const gone = batcher.submit(1, stop.signal);
    const stays = batcher.submit(2, new AbortController().signal);
    stop.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    await expect(batcher.submit(3, stop.signal)).rejects.toThrow('gone');
    expect(await stays).toBe(4);
    expect(seen).toEqual([2]);
  });
});

describe('RateLimiter', () => {
  it('lets a burst through, then the rate, each caller by itself', () => {
    let now = 0;
    const limiter = new RateLimiter({ rate: 2, burst: 3, clock: () => now });
    expect([1, 2, 3].map(() => limiter.take('a'))).toEqual([0, 0, 0]);
    expect(limiter.take('a')).toBeCloseTo(0.5);
    expect(limiter.take('b')).toBe(0);
    now = 0.5;
    expect([limiter.take('a'), limiter.take('a') > 0]).toEqual([0, true]);
    now = 100;
    expect([1, 2, 3, 4].map(() => limiter.take('a') > 0)).toEqual([false, false, false, true]);
  });

  it('remembers no more callers than it may, and those that are limited longest', () => {
    const limiter = new RateLimiter({ rate: 1, burst: 5, most: 10, clock: () => 0 });
    for (let i = 0; i < 5; i++) limiter.take('busy');
    for (let i = 0; i < 100; i++) limiter.take(`other ${i}`);
    expect(limiter.take('busy')).toBeGreaterThan(0);
    expect((limiter as unknown as { buckets: Map<string, unknown> }).buckets.size).toBeLessThanOrEqual(10);
  });
});

describe('Slots and ByteBudget', () => {
  it('admit in order, refuse when full, and let those leave who have gone', async () => {
    const slots = new Slots(1, 2);
    const { signal } = new AbortController();
    const leave = await slots.enter(signal);
    const stop = new AbortController();
    const gone = slots.enter(stop.signal);
    const next = slots.enter(signal);
    await expect(slots.enter(signal)).rejects.toMatchObject({ status: 503, code: 'BUSY', headers: { 'retry-after': '1' } });
    stop.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    leave();
    leave();
    const second = await next;
    second();
    const third = await slots.enter(signal);
    await expect(Promise.race([slots.enter(signal), sleep(5).then(() => 'waits')])).resolves.toBe('waits');
    third();
  });

  it('hold so many bytes', () => {
    const budget = new ByteBudget(100);
    const release = budget.reserve(60);
    expect(() => budget.reserve(41)).toThrow('as many uploads as it can');
    release();
    release();
    budget.reserve(100);
    expect(() => budget.reserve(1)).toThrow(HttpProblem);
  });
});

describe('cursors', () => {
  it('come back for their request and type only', () => {
    const digest = requestDigest('a', 1);
    expect(readCursor(writeCursor(digest, 'x/ü'), digest, 'string')).toBe('x/ü');
    expect(readCursor(writeCursor(digest, 40), digest, 'number')).toBe(40);
    expect(() => readCursor(writeCursor(digest, 40), digest, 'string')).toThrow('another request');
    expect(() => readCursor(writeCursor(digest, 40), requestDigest('a', 2), 'number')).toThrow('another request');
    for (const text of ['', 'x', '!!', writeCursor(digest, -1), writeCursor(digest, 1.5), 'W10'])
      expect(() => readCursor(text, digest, 'number')).toThrow('not one that this server gives');
  });
});

describe('keys', () => {
  it('are kept as hashes, found by their whole text, and taken away', async () => {
    const path = join(root, 'keys', 'keys.json');
    await mkdir(join(root, 'keys'));
    const one = await addKey(path, 'read', 'the page');
    const two = await addKey(path, 'write');
    expect(one.key).toMatch(/^limn_[0-9a-f]{8}_[\w-]{43}$/);
    const text = await readFile(path, 'utf8');
    expect(text).not.toContain(one.key.slice(14));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const ring = await KeyRing.open(path);
    expect(await ring.find(one.key)).toMatchObject({ id: one.entry.id, scope: 'read', note: 'the page' });
    expect(await ring.find(two.key)).toMatchObject({ scope: 'write' });
    for (const wrong of [
      '',
      'x',
      `${one.key}x`,
      one.key.slice(0, -1),
      one.key.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')),
      `${one.key.slice(0, 14)}${two.key.slice(14)}`,
      'x'.repeat(10_000),
    ])
      expect(await ring.find(wrong)).toBeUndefined();
    await expect(removeKey(path, 'ffffffff')).rejects.toThrow(/no key "ffffffff" .*Known are/);
    await removeKey(path, one.entry.id);
    expect((await readKeys(path)).map(({ id }) => id)).toEqual([two.entry.id]);
    await sleep(1100);
    expect(await ring.find(one.key)).toBeUndefined();
    expect(await ring.find(two.key)).toBeDefined();
  });

  it('stay as they were while their file is broken', async () => {
    const path = join(root, 'breaking.json');
    const { key } = await addKey(path, 'read');
    const errors: unknown[] = [];
    const ring = await KeyRing.open(path, (error) => errors.push(error));
    await writeFile(path, '{"format":');
    await sleep(1100);
    expect(await ring.find(key)).toBeDefined();
    expect(errors).toHaveLength(1);
    await expect(readKeys(path)).rejects.toThrow('is not a file of keys');
    await expect(KeyRing.open(join(root, 'none.json'))).rejects.toThrow(/Cannot read the keys .*limn serve keys add/);
    await expect(addKey(path, 'read')).rejects.toThrow('is not a file of keys');
  });

  it('of many commands at once are all there, or said not to be', async () => {
    const path = join(root, 'many.json');
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => addKey(path, 'read')));
    const added = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value.entry.id] : []));
    expect(added.length).toBeGreaterThan(0);
    expect((await readKeys(path)).map(({ id }) => id).sort()).toEqual(added.sort());
  });

  it('can be changed after a command was killed while it changed them, and not while one does', async () => {
    const folder = join(root, 'killed');
    const path = join(folder, 'keys.json');
    await mkdir(folder);
    const ended = Number(execFileSync(process.execPath, ['-p', 'process.pid']));
    const locks = [JSON.stringify({ pid: ended, host: hostname() }), ''];
    for (const lock of locks) {
      await writeFile(`${path}.lock`, lock);
      await writeFile(`${path}.${ended}.1.tmp`, 'half');
      await addKey(path, 'read');
      expect(await readdir(folder)).toEqual(['keys.json']);
    }
    expect(await readKeys(path)).toHaveLength(2);
    // Of other files in the folder nothing is known.
    await writeFile(join(folder, `other.${ended}.1.tmp`), 'half');
    await writeFile(`${path}.lock`, JSON.stringify({ pid: process.ppid, host: hostname() }));
    await expect(addKey(path, 'read')).rejects.toThrow(`process ${process.ppid} is changing them`);
    await rm(`${path}.lock`);
    await addKey(path, 'read');
    expect((await readdir(folder)).sort()).toEqual(['keys.json', `other.${ended}.1.tmp`]);
  });
});

describe('multipart', () => {
  it('gives back any names and bytes that FormData sends', async () => {
    const name = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text));
    const parts = fc.uniqueArray(fc.tuple(name, fc.uint8Array({ maxLength: 200 })), {
      minLength: 1,
      maxLength: 6,
      selector: ([key]) => key,
    });
    await fc.assert(
      fc.asyncProperty(parts, async (given) => {
        const body = new FormData();
        for (const [key, bytes] of given) body.set(key, new Blob([bytes as Uint8Array<ArrayBuffer>]), 'a "file"; name="x".jpg');
        const response = new Response(body);
        const bytes = Buffer.from(await response.arrayBuffer());
        const boundary = boundaryOf(response.headers.get('content-type') as string) as string;
        const parsed = parseMultipart(bytes, boundary, 6);
        expect(parsed.map((part) => [part.name, [...part.bytes]])).toEqual(given.map(([key, value]) => [key, [...value]]));
      }),
      { numRuns: 150 },
    );
  });

  it('takes nothing but a problem from any other bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('--b', '\r\n', '--', 'content-disposition: form-data; name="a"', '\r\n\r\n', 'x', '"', '\0')),
        (words) => {
          try {
            parseMultipart(Buffer.from(words.join('')), 'b', 3);
          } catch (error) {
            expect(error).toBeInstanceOf(HttpProblem);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('addresses', () => {
  const incoming = (remoteAddress: string, forwarded?: string) =>
    ({
      socket: { remoteAddress },
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    }) as unknown as IncomingMessage;

  it('believe as many proxies as there are', () => {
    expect(callerAddress(incoming('::ffff:10.0.0.1', '6.6.6.6'), 0)).toBe('10.0.0.1');
    expect(callerAddress(incoming('10.0.0.1', '6.6.6.6, 8.8.8.8'), 1)).toBe('8.8.8.8');
    expect(callerAddress(incoming('10.0.0.1', '6.6.6.6, 8.8.8.8, 10.0.0.2'), 2)).toBe('8.8.8.8');
    expect(callerAddress(incoming('10.0.0.1', 'nonsense'), 1)).toBe('10.0.0.1');
    expect(callerAddress(incoming('10.0.0.1'), 1)).toBe('10.0.0.1');
  });

  it('of one IPv6 network are one caller', () => {
    const [a, b, c] = ['2001:4:5:6::1', '2001:4:5:6:7:8:9:a', '2001:4:5:7::1'].map((address) =>
      callerAddress(incoming(address), 0),
    );
    expect(a).toBe(b);
    expect(a).not.toBe(c);
  });

  it('know this machine by its names', () => {
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]', 'LOCALHOST']) expect(isLoopback(host)).toBe(true);
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'localhost.evil.example', '127.0.0.1.nip.io', ''])
      expect(isLoopback(host)).toBe(false);
  });
});

describe('the page’s files', () => {
  it('have types, tags, times and small copies; nothing else has an address', async () => {
    const folder = join(root, 'page');
    await mkdir(join(folder, 'assets'), { recursive: true });
    await writeFile(join(folder, 'index.html'), '<!doctype html><title>limn</title>');
    await writeFile(join(folder, 'assets', 'index-B4x_9-zQ.js'), `console.log('${'x'.repeat(5000)}')`);
    await writeFile(join(folder, 'assets', 'notes.psd'), 'x');
    await writeFile(join(root, 'secret.txt'), 'x');
    const files = await loadPage(folder);
    expect([...files.keys()].sort()).toEqual(['/', '/assets/index-B4x_9-zQ.js']);
    const page = pageResponse(files.get('/')!, {});
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const script = pageResponse(files.get('/assets/index-B4x_9-zQ.js')!, { acceptEncoding: 'br, gzip' });
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(script.headers.get('content-encoding')).toBe('gzip');
    expect(gunzipSync(Buffer.from(await script.arrayBuffer())).length).toBe(5015);
    const plain = pageResponse(files.get('/assets/index-B4x_9-zQ.js')!, { acceptEncoding: 'gzip;q=0' });
    expect(plain.headers.get('content-encoding')).toBeNull();
    const tag = page.headers.get('etag') as string;
    expect(pageResponse(files.get('/')!, { ifNoneMatch: `"x", W/${tag}` }).status).toBe(304);
    expect(matchesTag('"x"', tag)).toBe(false);
    expect((await loadPage(join(root, 'none'))).size).toBe(0);
  });
});

describe('problems', () => {
  it('hide what only operators may see', () => {
    expect(asProblem(new TypeError('x is not a function'))).toMatchObject({ status: 500, code: 'INTERNAL' });
    expect(asProblem(new Error('/srv/keys')).message).not.toContain('/srv');
  });
});
