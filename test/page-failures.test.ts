/** What goes wrong with an export at its host, on its way or in the browser: the page says it in a sentence, and does all that it still can. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../src/core/files.js';
import type { ExportManifest } from '../src/search/export/format.js';
import { encodeShard, openShard } from '../src/search/export/vector-codes.js';
import { askWorker, type Call } from './support/ask-worker.js';
import { hasBrowser, launchBrowser } from './support/browser.js';
import { type Faults, type Sent, StaticSite, page as webPage } from './support/static-site.js';
import { type TinyExport, tinyExport } from './support/tiny-export.js';

const count = 30;
/** A name that is not taken for this machine, where browsers do what they do with pages that came unencrypted. */
const plainHost = 'shop.test';

const where = (matches: RegExp, change: (sent: Sent) => Sent | undefined): Faults => ({
  change: (path, sent) => (matches.test(path) ? change(sent) : sent),
});
const damaged = (matches: RegExp) =>
  where(matches, (sent) => {
    const body = Buffer.from(sent.body);
    body[10] = (body[10] as number) ^ 1;
    return { ...sent, body };
  });
const missing = (matches: RegExp) => where(matches, (sent) => ({ ...sent, status: 404 }));
const withPage = (matches: RegExp) => where(matches, () => webPage('<title>Our shop</title>'));
const ofType = (matches: RegExp, type: string) => where(matches, (sent) => ({ ...sent, headers: { 'content-type': type } }));
/** A browser that lacks something, as the worker sees it. */
const inWorker = (script: string) =>
  where(/\/worker-/, (sent) => ({ ...sent, body: Buffer.concat([Buffer.from(`${script};\n`), sent.body]) }));

describe.skipIf(!hasBrowser)('an export', () => {
  let exported: TinyExport;
  let site: StaticSite;
  let browser: Browser;
  let context: BrowserContext;

  const at = (...parts: string[]) => exported.folder.at(...parts);
  const manifestOf = async (name: string) => JSON.parse(await readFile(at(name, 'manifest.json'), 'utf8')) as ExportManifest;

  beforeAll(async () => {
    exported = await tinyExport(count);
    site = await StaticSite.start(at('export'));
    browser = await launchBrowser(`--host-resolver-rules=MAP ${plainHost} 127.0.0.1`);
  });

  afterEach(async () => {
    await context?.close();
    site.folder = at('export');
    site.faults = {};
  });

  afterAll(async () => {
    await browser?.close();
    site?.close();
    await exported?.remove();
  });

  async function open(faults: Faults = {}, address = site.address): Promise<Page> {
    site.faults = faults;
    context = await browser.newContext({ viewport: { width: 1100, height: 800 }, reducedMotion: 'reduce' });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    await page.goto(address, { waitUntil: 'domcontentloaded' });
    return page;
  }

  const cards = (page: Page) => page.locator('[data-card]');
  /** Waits until images of the gallery are there to look at. */
  const canBrowse = (page: Page) => cards(page).first().waitFor();
  const searchByImage = (page: Page) => cards(page).first().click();
  const hits = (page: Page) => page.locator('#results[aria-busy="false"] .card b').first().waitFor();
  async function searchByText(page: Page): Promise<void> {
    await page.fill('#say', 'in red');
    await page.keyboard.press('Enter');
  }
  const problem = (page: Page, says: RegExp) => page.getByRole('alert').getByText(says).waitFor();
  const note = (page: Page, says: RegExp) => page.getByLabel('Notes').getByText(says).waitFor();

  it.each([
    ['damaged', damaged, /vectors-0-.* is damaged, or of another export\. Reload the page/],
    ['missing', missing, /vectors-0-.* is missing \(the host answered 404\)\. Reload the page/],
    ['a web page of the host', withPage, /vectors-0-.* is missing: the host answered with a web page\. Reload the page/],
  ] as const)('with vectors that are %s shows its images, and says why it cannot search', async (_, fault, says) => {
    const page = await open(fault(/\/data\/vectors-/));
    await canBrowse(page);
    await searchByImage(page);
    await problem(page, says);
    await page.goBack();
    await canBrowse(page);
  });

  it('leaves out the images of one shard of several that is damaged', async () => {
    await cp(at('export'), at('parts'), { recursive: true });
    const manifest = await manifestOf('parts');
    const { sizes, vectors } = manifest;
    const whole = openShard(await readFile(at('parts', manifest.shards[0]!.path)), count, sizes, vectors.type);
    const rows = Array.from({ length: count }, (_, row) => whole.vectors(row));
    manifest.shards = [];
    for (const [part, from] of [0, 10, 20].entries()) {
      const bytes = encodeShard(rows.slice(from, from + 10), sizes, vectors.type);
      const path = `data/vectors-${part}.bin`;
      await writeFile(at('parts', path), bytes);
      manifest.shards.push({ path, bytes: bytes.length, sha256: sha256(bytes), from, count: 10 });
    }
    await writeFile(at('parts', 'manifest.json'), JSON.stringify(manifest));
    site.folder = at('parts');
    const page = await open(damaged(/vectors-1/));
    await canBrowse(page);
    await page.locator('[data-card="p03.jpg"]').click();
    await note(page, /10 of 30 images are left out of searches: The file data\/vectors-1\.bin of this export is damaged/);
    await hits(page);
    const found = await cards(page).evaluateAll((all) => all.map((card) => card.getAttribute('data-card')));
    // The image of the search itself is no hit.
    expect(found).toHaveLength(19);
  });

  it('with the model of another gallery shows its images', async () => {
    await cp(at('export'), at('foreign'), { recursive: true });
    const manifest = await manifestOf('foreign');
    const { path } = manifest.files.model;
    const model = JSON.parse(await readFile(at('foreign', path), 'utf8'));
    const bytes = Buffer.from(JSON.stringify({ ...model, hash: 'another' }));
    await writeFile(at('foreign', path), bytes);
    manifest.files.model = { path, bytes: bytes.length, sha256: sha256(bytes) };
    await writeFile(at('foreign', 'manifest.json'), JSON.stringify(manifest));
    site.folder = at('foreign');
    const page = await open();
    await canBrowse(page);
    const says = /The model of this export is of the model of another gallery\. Export the gallery again/;
    await note(page, says);
    await searchByImage(page);
    await problem(page, says);
  });

  it.each([
    ['no graph', missing(/\/data\/query-/), /query-.* is missing \(the host answered 404\)/],
    ['a damaged graph', damaged(/\/data\/query-/), /query-.* is damaged, or of another export/],
    [
      'a browser without SIMD',
      inWorker('WebAssembly.validate = () => false'),
      /lacks WebAssembly with SIMD.* Use one from 2023 or later/,
    ],
    [
      'no script of the runtime',
      missing(/\/assets\/ort/),
      /script of the model's runtime cannot be loaded: it is missing, or its host serves it with a wrong type/,
    ],
    ['no runtime', missing(/\/data\/runtime-/), /runtime-.* is missing \(the host answered 404\)/],
  ] as const)('with %s still searches with its images', async (_, faults, says) => {
    const page = await open(faults);
    await canBrowse(page);
    await searchByImage(page);
    await hits(page);
    await searchByText(page);
    await problem(page, says);
  });

  it('searches where the browser has no room to keep it', async () => {
    const page = await open();
    const session = await context.newCDPSession(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin: site.address, quotaSize: 50_000 });
    await page.reload();
    await canBrowse(page);
    await searchByImage(page);
    await hits(page);
    await searchByText(page);
    await hits(page);
    await note(
      page,
      /does not keep this gallery for visits without a network: its space for this site is full\. Searching works all the same/,
    );
  });

  it('searches where the page came unencrypted, and has no storage', async () => {
    const page = await open({}, `http://${plainHost}:${site.port}/`);
    await note(
      page,
      /does not keep this gallery for visits without a network: the page came unencrypted\. Searching works all the same/,
    );
    await searchByImage(page);
    await hits(page);
    await searchByText(page);
    await hits(page);
  });

  it('asks to be reloaded when it was exported again meanwhile', async () => {
    await exported.write('later', '--vectors', 'int8');
    let give: () => void = () => {};
    const until = new Promise<void>((given) => (give = given));
    const page = await open({ delay: (path) => (path.startsWith('/data/vectors-') ? until : undefined) });
    await canBrowse(page);
    site.folder = at('later');
    give();
    await searchByImage(page);
    await problem(page, /exported again since the page was opened\. Reload the page/);
    site.faults = {};
    await page.reload();
    await hits(page);
  });

  it('says at a host that gives scripts a wrong type that it cannot be shown', async () => {
    const page = await open(ofType(/\.js$/, 'application/octet-stream'));
    await page.getByText(/If this text stays.*its host lacks some of its scripts or serves them with a wrong type/).waitFor();
    await context.close();
    const other = await open(ofType(/\/worker-/, 'text/plain'));
    await problem(
      other,
      /The search cannot run: its script is missing, or its host serves it with a wrong type\. Reload the page/,
    );
  });

  it.each([
    ['gives all other files the type of text', ofType(/\.(json|wasm|bin|onnx|webp|svg)$/, 'text/plain')],
    [
      'compresses everything',
      where(/./, ({ headers, ...sent }) => ({
        ...sent,
        headers: { ...headers, 'content-encoding': 'gzip' },
        body: gzipSync(sent.body),
      })),
    ],
  ] as const)('searches at a host that %s', async (_, faults) => {
    const page = await open(faults);
    await canBrowse(page);
    await searchByImage(page);
    await hits(page);
    await searchByText(page);
    await hits(page);
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it.each([
    [
      'cut short',
      where(/manifest\.json/, (sent) => ({ ...sent, body: sent.body.subarray(0, 100) })),
      /manifest\.json is damaged: it is not JSON\. Export the gallery again/,
    ],
    [
      'of nothing',
      where(/manifest\.json/, (sent) => ({ ...sent, body: Buffer.from('{"format":"limn-export-1"}') })),
      /manifest\.json is damaged: it lacks "count"\. Export the gallery again/,
    ],
    ['missing', missing(/manifest\.json/), /manifest\.json of this export is missing \(the host answered 404\)/],
    [
      'a web page of the host',
      withPage(/manifest\.json/),
      /manifest\.json of this export is missing: the host answered with a web page/,
    ],
  ] as const)('says that its manifest is %s, and can be tried again', async (_, faults, says) => {
    const page = await open(faults);
    await problem(page, says);
    site.faults = {};
    await page.getByRole('button', { name: 'Try again' }).click();
    await canBrowse(page);
  });

  it('goes on with what it has when the network fails during the first visit', async () => {
    let give: () => void = () => {};
    const until = new Promise<void>((given) => (give = given));
    const page = await open({
      delay: (path) => (path.startsWith('/data/runtime-') ? until : undefined),
      change: (path, sent) => (path.startsWith('/data/runtime-') ? undefined : sent),
    });
    await canBrowse(page);
    give();
    await searchByImage(page);
    await hits(page);
    await searchByText(page);
    await problem(page, /runtime-.* cannot be reached\. Are you online\?/);
    site.faults = {};
    await page.getByRole('button', { name: 'Try again' }).click();
    await hits(page);
  });

  it('says that another site does not allow its files to be read, and searches where it does', async () => {
    const other = await StaticSite.start(at('export'));
    try {
      const page = await open({}, `${site.address}blank`);
      const calls: Call[] = [['search', { references: [{ id: 'p03.jpg' }], texts: ['in red'] }]];
      const ask = () =>
        askWorker<{ error?: string; hits?: unknown[] }>(page, at('export'), calls, {
          base: other.address,
          scripts: site.address,
        });
      const [refused] = await ask();
      expect(refused?.error).toMatch(
        /manifest\.json cannot be reached\. Are you online\? Does its host allow other sites to read it \(CORS\)\?/,
      );
      other.faults = { change: (_, sent) => ({ ...sent, headers: { ...sent.headers, 'access-control-allow-origin': '*' } }) };
      expect((await ask())[0]?.hits).toHaveLength(20);
    } finally {
      other.close();
    }
  });
});
