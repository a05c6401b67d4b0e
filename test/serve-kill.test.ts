/** What was acknowledged is there, and whole, after the server or the database was killed in the middle of writing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../src/core/random.js';
import { RetrievalModel } from '../src/models/retrieval/retrieval-model.js';
import { Gallery } from '../src/search/gallery/gallery.js';
import { drawImage } from '../src/search/gallery/testing/tiny-gallery.js';
import { saveTinyModel } from '../src/search/gallery/testing/tiny-model.js';
import { type PgServer, startPg } from '../src/search/store/testing/pg-server.js';
import { type Serving, startServing } from './support/serving.js';
import { WrittenItems } from './support/written-items.js';

let root: string;
let pg: PgServer;
const at = (...parts: string[]) => join(root, ...parts);
const running: { kill(signal: NodeJS.Signals): void }[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-serve-kill-'));
  process.env.LIMN_HOME = root;
  pg = await startPg();
  await saveTinyModel(at('model'));
});
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  await pg.close();
  await rm(root, { recursive: true, force: true });
});

/** A gallery of two pictures in a folder of its own. */
async function makeGallery(name: string, location: string): Promise<void> {
  const images = at(`${name}-pictures`);
  await mkdir(images);
  for (const file of ['a.jpg', 'b.jpg']) await drawImage(join(images, file), file.charCodeAt(0));
  const model = await RetrievalModel.open(at('model'));
  await (await Gallery.create({ model, images, out: location })).close();
  await model.close();
}

async function serve(location: string): Promise<Serving> {
  const serving = await startServing(root, '--gallery', `g=${location}`, '--rate', '0', '--log', 'silent');
  running.push(serving);
  return serving;
}

/** Writes until `count` more writes were acknowledged and a random moment has passed, then calls `stop` and lets the writers end. */
async function writeUntil(written: WrittenItems, serving: Serving, count: number, random: Random, stop: () => Promise<unknown>) {
  const ending = new AbortController();
  const enough = written.acknowledged + count;
  const writing = written.write(serving.client, ending.signal);
  while (written.acknowledged < enough) await new Promise((done) => setTimeout(done, 2));
  await new Promise((done) => setTimeout(done, random.below(120)));
  await stop();
  ending.abort();
  await writing;
}

describe('limn serve, killed while it writes', () => {
  it.each([
    ['memory', () => `memory:${at('gallery-memory')}`],
    ['LanceDB', () => `lancedb:${at('gallery-lancedb')}`],
    ['PostgreSQL', () => pg.location('killed')],
  ])('loses nothing that it acknowledged, and leaves no half item, in %s', async (name, location) => {
    await makeGallery(name, location());
    const written = new WrittenItems('g', 7);
    const random = Random.derive(7, 'kills');
    for (let round = 0; round < 2; round++) {
      const serving = await serve(location());
      await written.expectWhole(serving.client);
      await writeUntil(written, serving, 12, random, () => {
        serving.kill('SIGKILL');
        return serving.ended;
      });
    }
    const serving = await serve(location());
    await written.expectWhole(serving.client);
    serving.kill('SIGTERM');
    expect(await serving.ended).toBe(0);
  });
});

describe('PostgreSQL, killed while limn serve writes to it', () => {
  /** PGlite in a process of its own, its data in a folder. @returns the process and its port */
  async function startDatabase(port: number): Promise<{ child: ChildProcess; port: number }> {
    const script = join(import.meta.dirname, 'support', 'pg-child.mjs');
    const child = spawn(process.execPath, [script, at('database'), String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
    running.push(child);
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    return { child, port: Number(line) };
  }

  it('loses nothing that was acknowledged, and the server goes on when it is back', async () => {
    let { child, port } = await startDatabase(0);
    const location = `postgres://postgres:secret@127.0.0.1:${port}/postgres?gallery=g`;
    await makeGallery('database', location);
    const serving = await serve(location);
    const written = new WrittenItems('g', 11);
    const random = Random.derive(11, 'kills');
    for (let round = 0; round < 2; round++) {
      await writeUntil(written, serving, 12, random, async () => {
        child.kill('SIGKILL');
        await once(child, 'exit');
        const refused = await fetch(`${serving.url}/v1/galleries/g/items/a.jpg`);
        expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
      });
      ({ child, port } = await startDatabase(port));
      await written.expectWhole(serving.client);
    }
    serving.kill('SIGTERM');
    expect(await serving.ended).toBe(0);
  });
});
