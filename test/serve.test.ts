/** `limn serve` as its operators and callers meet it: the built program, a real gallery, real sockets, and its end in all ways. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { LimnClient } from '../src/apps/client/index.js';
import { RetrievalModel } from '../src/models/retrieval/retrieval-model.js';
import { Gallery } from '../src/search/gallery/gallery.js';
import { saveTinyModel } from '../src/search/gallery/testing/tiny-model.js';
import { program, type Serving, startServing } from './support/serving.js';

let root: string;
const at = (...parts: string[]) => join(root, ...parts);
const env = () => ({ ...process.env, LIMN_HOME: root, LIMN_THREADS: '1' });
const image = (red: number, green: number, blue: number) =>
  sharp({ create: { width: 64, height: 48, channels: 3, background: { r: red, g: green, b: blue } } })
    .jpeg()
    .toBuffer();

const running: Serving[] = [];
async function serve(...words: string[]): Promise<Serving> {
  const serving = await startServing(root, ...words);
  running.push(serving);
  return serving;
}

function limn(...words: string[]): Promise<{ code: number; out: string; error: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [program, ...words], { env: env(), cwd: root }, (failure, out, error) => {
      done({ code: failure ? Number(failure.code) : 0, out, error });
    });
  });
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-serve-'));
  process.env.LIMN_HOME = root;
  await mkdir(at('pictures', 'sub'), { recursive: true });
  for (let i = 0; i < 12; i++) await writeFile(at('pictures', `${i}.jpg`), await image(i * 20, 255 - i * 20, 90));
  await writeFile(at('pictures', 'sub', 'a b.jpg'), await image(1, 2, 250));
  await saveTinyModel(at('model'));
  const model = await RetrievalModel.open(at('model'));
  for (const name of ['shop', 'other']) await (await Gallery.create({ model, images: at('pictures'), out: at(name) })).close();
  await model.close();
});
afterEach(() => {
  for (const serving of running.splice(0)) serving.kill('SIGKILL');
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('limn serve', () => {
  it('searches, explains, adds and deletes in a real gallery', async () => {
    const { client, url, kill, ended, log } = await serve('--gallery', 'shop');
    const [shop] = await client.galleries();
    expect(shop).toMatchObject({ name: 'shop', count: 13, captions: false });
    expect(shop?.factors).toHaveLength(3);
    const { hits, cursor } = await client.search({ gallery: 'shop', references: [{ id: '3.jpg' }], texts: ['in red'], k: 5 });
    expect(hits.map(({ rank }) => rank)).toEqual([1, 2, 3, 4, 5]);
    expect(hits.map(({ id }) => id)).not.toContain('3.jpg');
    for (const { score, matching, factors, negative } of hits)
      expect(matching + factors.reduce((a, b) => a + b, 0) - negative).toBeCloseTo(score, 5);
    const more = await client.search({ gallery: 'shop', references: [{ id: '3.jpg' }], texts: ['in red'], k: 5, cursor });
    expect(new Set([...hits, ...more.hits].map(({ id }) => id)).size).toBe(10);
    // The file of a picture finds what its id finds.
    const file = await readFile(at('pictures', '3.jpg'));
    const uploaded = await client.search({ gallery: 'shop', references: [{ file }], texts: ['in red'], k: 5 });
    expect(uploaded.hits.map(({ id }) => id)).toEqual(hits.map(({ id }) => id));
    const why = await client.explain({ gallery: 'shop', references: [{ file }], texts: ['in red'], hit: hits[0]?.id as string });
    expect(why.factors).toHaveLength(3);
    for (const { hit, reference } of why.factors) {
      expect(hit.weights).toHaveLength(hit.columns * hit.rows);
      expect(reference?.weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 3);
    }
    const bytes = await image(250, 250, 250);
    const item = await client.putItem('shop', 'new/white one.jpg', { picture: bytes, metadata: { colour: 'white', price: 9 } });
    expect(
      (
        await client.search({
          gallery: 'shop',
          references: [{ file: bytes }],
          texts: ['the same'],
          filter: "colour = 'white'",
          excludeReferences: false,
        })
      ).hits.map(({ id }) => id),
    ).toEqual([item.id]);
    expect(Buffer.from(await (await client.image('shop', item.id)).arrayBuffer())).toEqual(bytes);
    expect(
      (await sharp(Buffer.from(await (await client.image('shop', 'sub/a b.jpg', 'thumbnail')).arrayBuffer())).metadata()).format,
    ).toBe('jpeg');
    await expect(client.search({ gallery: 'shop', texts: ['red'], filter: 'colour = ' })).rejects.toMatchObject({
      status: 400,
      code: 'USAGE',
    });
    await expect(client.search({ gallery: 'shop', references: [{ id: 'none.jpg' }] })).rejects.toMatchObject({ status: 400 });
    await expect(client.caption({ gallery: 'shop', reference: { id: '1.jpg' }, target: { id: '2.jpg' } })).rejects.toMatchObject({
      status: 404,
    });
    const cut = new Blob([bytes.subarray(0, 200) as Uint8Array<ArrayBuffer>]);
    await expect(client.putItem('shop', 'cut.jpg', { picture: cut })).rejects.toMatchObject({ status: 422, code: 'IMAGE' });
    await expect(client.item('shop', 'cut.jpg')).rejects.toMatchObject({ status: 404 });
    await client.deleteItem('shop', item.id);
    expect((await client.gallery('shop')).count).toBe(13);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('limn_gallery_items{gallery="shop"} 13');
    expect(metrics).toMatch(/process_resident_memory_bytes \d/);
    kill('SIGTERM');
    expect(await ended).toBe(0);
    const lines = log()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({ route }) => route === '/v1/search').length).toBeGreaterThan(4);
    expect(log()).not.toMatch(/in red|white|Bearer/);
  });

  it('finishes what it was asked before it ends', async () => {
    const { client, kill, ended } = await serve('--gallery', 'shop', '--batch-wait', '400', '--log', 'error');
    await client.galleries();
    const asked = client.search({ gallery: 'shop', references: [{ id: '1.jpg' }], texts: ['in blue'] }, { retries: 0 });
    asked.catch(() => {});
    await new Promise((done) => setTimeout(done, 200));
    kill('SIGTERM');
    // On a machine that is slow enough the request may not have arrived; then it is refused as a whole.
    const hits = await asked.then(
      (answer) => answer.hits.length,
      (error) => String(error.cause?.code),
    );
    expect([12, 'ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET']).toContain(hits);
    expect(await ended).toBe(0);
  });

  it('makes keys, lists them, asks for them, and takes them away', async () => {
    const read = await limn('serve', 'keys', 'add', '--file', 'keys.json', '--scope', 'read', '--note', 'for the page');
    expect(read).toMatchObject({ code: 0, out: expect.stringMatching(/^limn_[0-9a-f]{8}_[\w-]{43}\n$/) });
    const write = await limn('serve', 'keys', 'add', '--file', 'keys.json', '--scope', 'write');
    const listed = JSON.parse((await limn('serve', 'keys', 'list', '--file', 'keys.json', '--json')).out) as {
      id: string;
      scope: string;
    }[];
    expect(listed.map(({ scope }) => scope)).toEqual(['read', 'write']);
    const { url, log } = await serve('--gallery', 'shop', '--keys', 'keys.json');
    await expect(new LimnClient({ url }).galleries()).rejects.toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    const reader = new LimnClient({ url, key: read.out.trim() });
    expect(await reader.galleries()).toHaveLength(1);
    await expect(reader.deleteItem('shop', '1.jpg')).rejects.toMatchObject({ status: 403, code: 'FORBIDDEN' });
    await expect(new LimnClient({ url, key: write.out.trim() }).deleteItem('shop', 'none.jpg')).rejects.toMatchObject({
      status: 404,
    });
    expect(await limn('serve', 'keys', 'remove', '--file', 'keys.json', '--id', listed[0]?.id as string)).toMatchObject({
      code: 0,
    });
    await new Promise((done) => setTimeout(done, 1200));
    await expect(reader.galleries()).rejects.toMatchObject({ status: 401 });
    expect(log()).toContain(listed[0]?.id);
    expect(log()).not.toContain(read.out.trim().slice(14));
  });

  it('takes its settings from a file, several galleries among them', async () => {
    const settings = {
      serve: { gallery: ['one=shop', `two=${at('other')}`], rate: 0, model: 'model', log: 'silent', allowUrls: false },
    };
    await writeFile(at('settings.json'), JSON.stringify(settings));
    const { client } = await serve('--config', 'settings.json');
    expect((await client.galleries()).map(({ name }) => name)).toEqual(['one', 'two']);
  });

  it('says in one line why it does not start', async () => {
    const taken = await serve('--gallery', 'shop', '--log', 'silent');
    const port = new URL(taken.url).port;
    await writeFile(at('strange.json'), '{"serve":{"gallary":["shop"]}}');
    const wrong: [string[], number, RegExp][] = [
      [[], 2, /needs --gallery/],
      [['--gallery', 'none'], 1, /none/],
      [['--gallery', 'shop', '--port', port], 1, new RegExp(`Port ${port} on 127.0.0.1 is taken`)],
      [['--gallery', 'shop', '--host', '0.0.0.0'], 2, /--keys.*--open/],
      [['--gallery', 'shop', '--keys', 'no-keys.json'], 2, /Cannot read the keys/],
      [['--gallery', 'a=shop', '--gallery', 'a=other'], 2, /both called a/],
      [['--gallery', 'white space'], 2, /cannot be called "white space"/],
      [['--gallery', 'shop', '--model', 'pictures'], 1, /pictures/],
      [['--gallery', 'shop', '--captioner', 'model'], 1, /captioner/],
      [['--gallery', 'shop', '--log', 'loud'], 2, /loud/],
      [['--config', 'strange.json'], 2, /serve\.gallary.*Did you mean/],
    ];
    for (const [words, code, reason] of wrong) {
      const ended = await limn('serve', ...words);
      expect(ended, words.join(' ')).toMatchObject({ code, out: '' });
      expect(ended.error).toMatch(reason);
      expect(ended.error.trim().split('\n')).toHaveLength(1);
    }
    expect(await limn('serve', 'keys', 'add', '--file', 'x.json')).toMatchObject({ code: 2 });
    expect(await limn('serve', 'keys', 'add', '--file', 'x.json', '--scope', 'admin')).toMatchObject({ code: 2 });
  });
});
