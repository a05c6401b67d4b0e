/**
 * Small requests that once stopped the server, against the built program over a real gallery. Each test shows by the order of events that
 * other callers are served while the attack goes on: what hung would end none of them.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asJson, form, problemOf } from '../src/apps/server/testing/serving.js';
import { RetrievalModel } from '../src/models/retrieval/retrieval-model.js';
import { Gallery } from '../src/search/gallery/gallery.js';
import { drawImage, imageBytes } from '../src/search/gallery/testing/tiny-gallery.js';
import { saveTinyModel } from '../src/search/gallery/testing/tiny-model.js';
import { type Serving, startServing } from './support/serving.js';

let root: string;
let serving: Serving;
const at = (path: string) => `${serving.url}${path}`;
const port = () => Number(new URL(serving.url).port);
const byId = asJson({ gallery: 'shop', references: [{ id: '1.jpg' }], texts: ['in red'] });
const upload = (bytes: Uint8Array) =>
  fetch(at('/v1/search'), {
    method: 'POST',
    body: form({ request: '{"gallery":"shop","references":[{"upload":"a"}]}', a: bytes }),
  });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-serve-attacks-'));
  process.env.LIMN_HOME = root;
  const images = join(root, 'pictures');
  await mkdir(images);
  for (let i = 0; i < 6; i++) await drawImage(join(images, `${i}.jpg`), i);
  await saveTinyModel(join(root, 'model'));
  const model = await RetrievalModel.open(join(root, 'model'));
  const gallery = await Gallery.create({ model, images, out: `memory:${join(root, 'shop')}` });
  await gallery.close();
  await model.close();
  // Whoever has to wait for a connection at the end waits longer than the tests do.
  serving = await startServing(root, '--gallery', `shop=memory:${join(root, 'shop')}`, '--rate', '0', '--shutdown', '3600');
});
afterAll(async () => {
  serving.kill('SIGKILL');
  await rm(root, { recursive: true, force: true });
});

/** A connection from another address of this machine that never ends by itself. @returns the socket, and its end by the server */
function attacker(text: string): Promise<{ socket: Socket; ended: Promise<void> }> {
  const socket = connect({ port: port(), host: '127.0.0.1', localAddress: '127.0.0.9', allowHalfOpen: true });
  socket.on('error', () => {});
  socket.resume();
  const ended = new Promise<void>((resolve) => {
    socket.once('end', resolve);
    socket.once('close', () => resolve());
  });
  return once(socket, 'connect').then(() => {
    socket.write(text);
    return { socket, ended };
  });
}

/** A request whose answer comes over a connection of its own. */
async function fresh(): Promise<number> {
  const sent = request(at('/v1/galleries'), { agent: false });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  return answer.statusCode ?? 0;
}

describe('limn serve goes on for others', () => {
  it('while a multipart header asks for endless reading', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const lines = [
      `content-disposition: form-data;${'""'.repeat(1900)}`,
      `A:${' '.repeat(3900)}\n`,
      `A:${' \t'.repeat(1900)}x\n`,
    ];
    const attacks = [...lines, ...lines].map((line) =>
      fetch(at('/v1/search'), { method: 'POST', headers, body: `--b\r\n${line}\r\n\r\nx\r\n--b--` }),
    );
    expect((await fetch(at('/v1/search'), byId)).status).toBe(200);
    for (const attack of attacks) await problemOf(await attack, 400, 'USAGE');
  });

  it('while 3,000 connections send nonsense and never close', async () => {
    const attacks: Awaited<ReturnType<typeof attacker>>[] = [];
    for (let wave = 0; wave < 10; wave++) {
      attacks.push(...(await Promise.all(Array.from({ length: 300 }, () => attacker('nonsense\r\n\r\n')))));
      expect(await fresh()).toBe(200);
    }
    // Each is closed by the server, though its other side never does.
    await Promise.all(attacks.map(({ ended }) => ended));
    expect(await fresh()).toBe(200);
    for (const { socket } of attacks) socket.destroy();
  });

  it('while the connections of one address send no whole request', async () => {
    const attacks = await Promise.all(Array.from({ length: 600 }, () => attacker('POST /v1/search HTTP/1.1\r\nhost: loc')));
    expect(await fresh()).toBe(200);
    // The first of them had to make room for the others of their address.
    await Promise.all(attacks.slice(0, 300).map(({ ended }) => ended));
    for (const { socket } of attacks) socket.destroy();
  });

  it('while bodies are promised and do not come', async () => {
    const promise =
      'POST /v1/search HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 16000000\r\n\r\n{';
    const attacks = await Promise.all(Array.from({ length: 64 }, () => attacker(promise)));
    let ended = 0;
    for (const attack of attacks) void attack.ended.then(() => ended++);
    await sleep(200);
    expect((await fetch(at('/v1/search'), byId)).status).toBe(200);
    expect((await upload(await imageBytes(9))).status).toBe(200);
    expect(ended).toBe(0);
    for (const { socket } of attacks) socket.destroy();
  });

  it('while large interlaced pictures are decoded', async () => {
    const large = await sharp({ create: { width: 5000, height: 4900, channels: 3, background: '#446688' } })
      .png({ progressive: true })
      .toBuffer();
    const many = (count: number) => {
      const references = Array.from({ length: Math.min(8, count) }, (_, i) => ({ upload: `a${i}` }));
      const negatives = Array.from({ length: Math.max(0, count - 8) }, (_, i) => ({ upload: `b${i}` }));
      const parts: Record<string, Uint8Array | string> = { request: JSON.stringify({ gallery: 'shop', references, negatives }) };
      // Each is another file, so that none stands for two.
      for (const [i, { upload }] of [...references, ...negatives].entries()) {
        parts[upload] = Buffer.concat([large, Buffer.from([i])]);
      }
      return form(parts);
    };
    const tooMany = await fetch(at('/v1/search'), { method: 'POST', body: many(16) });
    expect(await problemOf(tooMany, 413, 'TOO_LARGE')).toContain('more pixels to decode');
    const order: string[] = [];
    const stop = new AbortController();
    const attacks = Array.from({ length: 3 }, () =>
      fetch(at('/v1/search'), { method: 'POST', body: many(4), signal: stop.signal }).then(
        () => order.push('attack'),
        () => order.push('given up'),
      ),
    );
    await sleep(300);
    for (let i = 0; i < 6; i++) {
      expect((await fetch(at('/v1/search'), byId)).status).toBe(200);
      expect((await upload(await imageBytes(20 + i))).status).toBe(200);
      order.push('other');
    }
    // One after the other, the twelve large pictures of the attack take longer than all of the others.
    expect(order.filter((name) => name === 'attack').length).toBeLessThan(3);
    stop.abort();
    await Promise.all(attacks);
  });

  it('and ends though connections are left that send nothing', async () => {
    const attacks = await Promise.all([attacker(''), attacker('GET / HTTP/1.1\r\nhost: lo'), attacker('nonsense\r\n\r\n')]);
    serving.kill('SIGTERM');
    expect(await serving.ended).toBe(0);
    await Promise.all(attacks.map(({ ended }) => ended));
    const failures = serving
      .log()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: string; msg: string });
    expect(failures.filter(({ level, msg }) => level === 'error' || msg === 'failed')).toEqual([]);
    for (const { socket } of attacks) socket.destroy();
  });
});
