/** An export in a real browser: it answers as the gallery itself does, without a server, and says in a sentence what is wrong with it. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Gallery } from '../src/search/gallery/gallery.js';
import type { SearchRequest } from '../src/search/gallery/search-types.js';
import { imageBytes, type TinyFolder } from '../src/search/gallery/testing/tiny-gallery.js';
import { askWorker, type Call } from './support/ask-worker.js';
import { hasBrowser, launchBrowser } from './support/browser.js';
import { StaticSite, page as webPage } from './support/static-site.js';
import { limn, type TinyExport, tinyExport } from './support/tiny-export.js';

const root = join(import.meta.dirname, '..');
const axe = join(root, 'node_modules/axe-core/axe.min.js');
const count = 30;

describe.skipIf(!hasBrowser)('an export', () => {
  let exported: TinyExport;
  let folder: TinyFolder;
  let gallery: Gallery;
  let site: StaticSite;
  let browser: Browser;
  let context: BrowserContext;
  let faults: string[];

  beforeAll(async () => {
    exported = await tinyExport(count);
    ({ folder, gallery } = exported);
    site = await StaticSite.start(folder.at('export'));
    browser = await launchBrowser();
  });

  afterEach(async () => {
    await context?.close();
    site.folder = folder.at('export');
    site.faults = {};
  });

  afterAll(async () => {
    await browser?.close();
    site?.close();
    await exported?.remove();
  });

  /** @param path of what is opened; one that is not there has the origin alone, without the page's own worker */
  async function open(width: number, path = '', colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
    context = await browser.newContext({ viewport: { width, height: 900 }, reducedMotion: 'reduce', colorScheme });
    // On a busy machine the runtime takes long to start.
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    faults = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) faults.push(message.text());
    });
    context.on('request', (request) => {
      if (!request.url().startsWith(site.address) && !/^(blob|data):/.test(request.url())) faults.push(request.url());
      if (request.method() !== 'GET') faults.push(`${request.method()} ${request.url()}`);
    });
    await page.goto(site.address + path);
    return page;
  }

  const ask = <T>(page: Page, calls: Call[]) => askWorker<T>(page, folder.at('export'), calls, { base: site.address });

  const cards = (page: Page) => page.locator('[data-card]');

  async function violationsOf(page: Page): Promise<string[]> {
    await page.evaluate(await readFile(axe, 'utf8'));
    return page.evaluate(async () => {
      const { violations } = await (
        globalThis as never as { axe: { run(): Promise<{ violations: { id: string }[] }> } }
      ).axe.run();
      return violations.map(({ id }) => id);
    });
  }

  it('shows its download, which can be cancelled and taken up again', async () => {
    let give: () => void = () => {};
    const until = new Promise<void>((given) => (give = given));
    site.faults = { delay: (path) => (path.startsWith('/data/runtime-') ? until : undefined) };
    const page = await open(320);
    const note = page.locator('.loading');
    await note.getByText(/^Loading the search: \d+\.\d of 1\d\.\d MB$/).waitFor();
    await cards(page).first().waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await note.getByRole('button', { name: 'Cancel' }).click();
    await note.getByText('The search is not loaded.').waitFor();
    give();
    await note.getByRole('button', { name: /^Load \d+\.\d MB$/ }).click();
    await note.waitFor({ state: 'detached' });
    expect(faults).toEqual([]);
  });

  it('has the hits of the gallery itself: by images, texts, both, filters, weights, negatives, boxes and uploads', async () => {
    const upload = await imageBytes(77);
    const id = 'p03.jpg';
    const requests: SearchRequest[] = [
      { references: [{ id }] },
      { texts: ['in red with short sleeves'] },
      { references: [{ id }], texts: ['the same in blue'] },
      {
        references: [{ id }, { id: 'p04.jpg' }],
        texts: ['in red', 'short'],
        negatives: [{ id: 'p05.jpg' }],
        weights: [1, 0, 0.5],
      },
      { references: [{ id }], texts: ['in red'], filter: "colour = 'red' and price > 5", excludeReferences: false },
      { references: [{ bytes: upload }], texts: ['in red'] },
      { references: [{ bytes: upload, box: { left: 0.2, top: 0, width: 0.8, height: 0.8 } }] },
    ];
    const page = await open(1280, 'blank');
    const answers = await ask<{ hits: { id: string; score: number; factors: number[] }[]; error?: string }>(
      page,
      requests.map((request): Call => {
        const references = request.references?.map((one) =>
          'bytes' in one ? { ...one, bytes: undefined, base64: Buffer.from(one.bytes).toString('base64') } : one,
        );
        return ['search', { ...request, ...(references ? { references } : {}), k: 10 }];
      }),
    );
    for (const [i, request] of requests.entries()) {
      const { hits } = await gallery.search({ ...request, k: 10 });
      const answer = answers[i];
      expect(answer?.error, `request ${i}`).toBeUndefined();
      expect(answer?.hits.map((hit) => hit.id)).toEqual(hits.map((hit) => hit.id));
      for (const [rank, hit] of hits.entries()) {
        const found = answer?.hits[rank];
        expect(Math.abs((found?.score ?? 0) - hit.score)).toBeLessThan(1e-3);
        for (const [k, share] of hit.factors.entries()) expect(Math.abs((found?.factors[k] ?? 0) - share)).toBeLessThan(1e-3);
      }
    }
    const explained = { references: [{ id }], texts: ['in red'] };
    const [explanation, item, list, many] = await ask<never>(page, [
      ['explain', { ...explained, hit: 'p08.jpg' }],
      ['item', id],
      ['items', { limit: 3, filter: "colour = 'blue'" }],
      ['count', 'price < 7'],
    ]);
    const right = await gallery.explain(explained, 'p08.jpg');
    const maps = (one: typeof right) =>
      one.factors.flatMap(({ share, reference, hit }) => [share, ...(reference?.weights ?? []), ...hit.weights]);
    const [found, wanted] = [maps(explanation as unknown as typeof right), maps(right)];
    expect(found.length).toBe(wanted.length);
    for (const [i, weight] of wanted.entries()) expect(Math.abs((found[i] as number) - weight)).toBeLessThan(1e-3);
    const { content, metadata } = (await gallery.get(id)) ?? {};
    expect(item).toEqual({ id, content, metadata });
    expect(list).toMatchObject({ items: [{ id: 'p01.jpg' }, { id: 'p03.jpg' }, { id: 'p05.jpg' }], cursor: 'p05.jpg' });
    expect(many).toBe(7);
    expect(faults).toEqual([]);
  });

  it('is the page: searches, says that nothing is sent, has no accessibility violation, and works on a phone and without a network', async () => {
    const page = await open(320);
    await cards(page).first().click();
    await page.locator('.card b').first().waitFor();
    await page.fill('#say', 'in red');
    await page.keyboard.press('Enter');
    await page.locator('#results[aria-busy="false"] .card b').first().waitFor();
    await page.getByText('Nothing is sent', { exact: false }).first().waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    expect(await violationsOf(page)).toEqual([]);
    const before = await page.locator('[data-card]').evaluateAll((all) => all.map((card) => card.getAttribute('data-card')));
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    await page.reload();
    await page.locator('#results[aria-busy="false"] .card b').first().waitFor();
    await context.setOffline(true);
    site.cut();
    await page.reload();
    await page.locator('#results[aria-busy="false"] .card b').first().waitFor();
    const after = await page.locator('[data-card]').evaluateAll((all) => all.map((card) => card.getAttribute('data-card')));
    expect(after).toEqual(before);
    expect(faults).toEqual([]);
  });

  it.each([
    [320, 'light'],
    [390, 'dark'],
    [768, 'dark'],
    [1440, 'light'],
  ] as const)(
    'fits a page of %i pixels, %s, in each of its states, without an accessibility violation',
    async (width, colorScheme) => {
      const page = await open(width, '', colorScheme);
      const narrow = width < 800;
      const button = (name: string | RegExp) => page.getByRole('button', { name });
      const dialog = page.getByRole('dialog');
      const check = async (state: string) => {
        expect(await page.evaluate(() => document.documentElement.scrollWidth), state).toBeLessThanOrEqual(width);
        expect(await violationsOf(page), state).toEqual([]);
      };
      const close = async () => {
        await page.keyboard.press('Escape');
        await dialog.waitFor({ state: 'detached' });
      };
      await cards(page).first().waitFor();
      // There is one gallery, and nothing to choose.
      expect(await page.locator('.gallery-name').textContent()).toBe(`tiny · ${count}`);
      expect(await page.getByRole('combobox', { name: 'Gallery' }).count()).toBe(0);
      await check('the gallery');
      await cards(page).first().click();
      await page.locator('#results[aria-busy="false"] .card b').first().waitFor();
      await page.fill('#say', 'in red');
      await page.keyboard.press('Enter');
      await page.locator('.phrase').first().waitFor();
      await page.locator('#results[aria-busy="false"] .card b').first().waitFor();
      await check('results');
      for (const [name, part] of [
        ['Filters', page.locator('.facet')],
        ['What counts', page.getByRole('slider')],
      ] as const) {
        await (narrow ? button(new RegExp(`^${name}`)) : page.getByText(name, { exact: true })).click();
        await part.first().waitFor();
        await check(name);
        if (narrow) await close();
      }
      await page.locator('.card').nth(1).hover();
      await button(/^Why /).nth(1).click();
      await dialog.locator('.compare-factors li button').first().click();
      await dialog.locator('canvas').nth(1).waitFor();
      await check('heat maps');
      await close();
      await cards(page).first().focus();
      await page.keyboard.press(' ');
      await dialog.locator('.picture.loaded').waitFor();
      await check('one image');
      await close();
      // An image that only a decoder of other programs reads.
      await page
        .locator('input[type=file]')
        .first()
        .setInputFiles({ name: 'a.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('?') });
      await page
        .locator('.toast')
        .getByText('This file is not a picture that your browser can read.', { exact: false })
        .waitFor();
      await check('a file that is no image');
      site.faults = { change: (path, sent) => (path.startsWith('/data/') ? { ...sent, status: 404 } : sent) };
      const alone = await open(width, '', colorScheme);
      await alone.getByRole('alert').waitFor();
      expect(await alone.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      expect(await violationsOf(alone)).toEqual([]);
    },
  );

  it('takes an upload as it is, and has it after a reload', async () => {
    const page = await open(1000);
    const buffer = await imageBytes(77);
    await cards(page).first().waitFor();
    await page.locator('input[type=file]').first().setInputFiles({ name: 'mine.jpg', mimeType: 'image/jpeg', buffer });
    const found = async () => {
      await page.locator('#results[aria-busy="false"] .card b').first().waitFor();
      return cards(page).evaluateAll((all) => all.map((card) => card.getAttribute('data-card')));
    };
    await page.locator('.reference img').waitFor();
    const kept = await page.evaluate(() => Object.values(sessionStorage));
    expect(kept.some((address) => address.endsWith(`,${buffer.toString('base64')}`))).toBe(true);
    const { hits } = await gallery.search({ references: [{ bytes: buffer }], k: 24 });
    expect(await found()).toEqual(hits.map(({ id }) => id));
    await page.reload();
    expect(await found()).toEqual(hits.map(({ id }) => id));
    expect(faults).toEqual([]);
  });

  it('is an element of a page of another site', async () => {
    const other = await StaticSite.start(folder.at('export'));
    const script = `<script src="${site.address}limn-search.js" defer></script>`;
    // Twice, as where two parts of a page bring it along.
    const html = `<!doctype html>${script}${script}<title>Shop</title><limn-search src="${site.address}" label="Find it"></limn-search>`;
    other.faults = { change: (path, sent) => (path === '/shop.html' ? webPage(html) : sent) };
    try {
      context = await browser.newContext({ reducedMotion: 'reduce' });
      context.setDefaultTimeout(60_000);
      const page = await context.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      await page.goto(`${other.address}shop.html`);
      expect(await page.locator('limn-search iframe').getAttribute('title')).toBe('Find it');
      const frame = page.frameLocator('limn-search iframe');
      await frame.locator('[data-card]').first().click();
      await frame.locator('#results[aria-busy="false"] .card b').first().waitFor();
      await page
        .locator('limn-search')
        .evaluate((element, src) => element.setAttribute('src', src), `${site.address}?device=wasm`);
      await frame.locator('[data-card]').first().waitFor();
      expect(errors).toEqual([]);
    } finally {
      other.close();
    }
  });

  it('is brought up to date by writing what changed, and refuses a folder of something else', async () => {
    expect(await exported.write('anew')).toMatch(/30 images/);
    const again = await exported.write('export', '--json');
    expect(JSON.parse(again)).toMatchObject({ written: 0, removed: 0 });
    const other = folder.at('other');
    await mkdir(other);
    await writeFile(join(other, 'letter.txt'), 'mine');
    await expect(limn('export', '--static', other, '--gallery', folder.at('gallery'))).rejects.toThrow(/holds no export of limn/);
    expect(await readdir(other)).toEqual(['letter.txt']);
    expect((await stat(join(other, 'letter.txt'))).size).toBe(4);
  });
});
