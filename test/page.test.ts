/** The page in a real browser, on a mock of the API: whole journeys, what can go wrong, and accessibility. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeCatalogue } from '../web/mock/catalogue.js';
import { type Mock, type MockOptions, startMock } from '../web/mock/server.js';

const places = [process.env.LIMN_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = places.find((place) => place !== undefined && existsSync(place));
if (!executablePath) console.warn('The tests of the page are skipped: no Chromium was found. LIMN_CHROMIUM says where one is.');

const axe = join(import.meta.dirname, '../node_modules/axe-core/axe.min.js');
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'];

describe.skipIf(!executablePath)('the page', () => {
  let folder: string;
  let browser: Browser;
  let mock: Mock;
  let context: BrowserContext;
  let page: Page;
  /** Requests that left this machine, broken rules of the content policy, and errors of scripts. */
  let faults: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'limn-page-'));
    const web = join(import.meta.dirname, '../web');
    await build({ root: web, configFile: join(web, 'vite.config.ts'), logLevel: 'error', build: { outDir: folder } });
    browser = await chromium.launch({ executablePath: executablePath as string, args });
  });

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    faults = [];
    mock = await startMock({ page: folder });
  });

  afterEach(async () => {
    await context?.close();
    await mock.close();
    expect(faults).toEqual([]);
  });

  async function open(options: BrowserContextOptions = {}, address = mock.address): Promise<Page> {
    await context?.close();
    context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(20_000);
    page = await context.newPage();
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) faults.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(mock.address) && !/^(blob|data):/.test(request.url())) faults.push(request.url());
    });
    await page.goto(address);
    return page;
  }

  /** Another mock in the place of the first. */
  async function restart(options: MockOptions): Promise<void> {
    await mock.close();
    mock = await startMock({ page: folder, ...options });
  }

  const cards = () => page.locator('[data-card]');
  const ids = () => cards().evaluateAll((found) => found.map((card) => card.getAttribute('data-card') ?? ''));
  const button = (name: string | RegExp) => page.getByRole('button', { name });
  const turns = () => page.locator('.turn-main');
  const scored = () => page.locator('.score-bar').first().waitFor();
  const lastSearch = () => mock.requests.findLast(({ route }) => route === 'search')?.body as Record<string, unknown>;
  const say = async (text: string) => {
    await page.fill('#say', text);
    await page.keyboard.press('Enter');
    await page.locator('.phrase', { hasText: text }).waitFor();
    await settled();
  };
  const settled = () => page.waitForSelector('#results[aria-busy="false"] .score-bar');
  /** The first picture, with a text, as most journeys begin. */
  const begin = async (text = 'the same in green') => {
    await cards().first().click();
    await scored();
    await say(text);
  };

  describe('searching', () => {
    it('goes from a picture and a text to hits, on from one of them, and back by the back button, a reload and a link', async () => {
      await open();
      await cards().nth(4).waitFor();
      const [reference] = (await ids()).slice(4);
      await cards().nth(4).click();
      await scored();
      expect(lastSearch()).toMatchObject({ gallery: 'wardrobe', references: [{ id: reference }], texts: [] });
      expect(lastSearch().weights).toBeUndefined();
      expect(await ids()).not.toContain(reference);
      await say('the same in green');
      expect(lastSearch()).toMatchObject({ references: [{ id: reference }], texts: ['the same in green'] });
      const first = await ids();

      await cards().nth(1).click();
      await expect.poll(() => turns().count()).toBe(2);
      await settled();
      expect(lastSearch()).toMatchObject({ references: [{ id: first[1] }], texts: ['the same in green'] });
      await say('with stripes');
      expect(lastSearch()).toMatchObject({ texts: ['the same in green', 'with stripes'] });
      expect(await turns().count()).toBe(2);
      const second = await ids();
      const link = page.url();

      await page.goBack();
      await page.goBack();
      await expect.poll(ids).toEqual(first);
      await page.goForward();
      await page.goForward();
      await expect.poll(ids).toEqual(second);
      await page.reload();
      await expect.poll(ids).toEqual(second);
      await open({}, link);
      await expect.poll(ids).toEqual(second);
      expect(await turns().count()).toBe(2);
    });

    it('goes back to a turn, forks and removes it, and starts over', async () => {
      await open();
      await begin();
      await say('with stripes');
      await expect.poll(() => turns().count()).toBe(2);
      await turns().first().click();
      await expect.poll(() => page.locator('.turn-main[aria-current]').getAttribute('aria-label')).toContain('the same in green');
      await settled();
      expect(await page.locator('.phrase').count()).toBe(1);
      await page.locator('.turn').first().hover();
      await button('Try another text beside turn 1').click();
      await expect.poll(() => turns().count()).toBe(3);
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('say');
      await say('but floral');
      expect(lastSearch()).toMatchObject({ texts: ['but floral'] });
      await page.locator('.turn').first().hover();
      await button('Remove turn 1').click();
      await expect.poll(() => turns().count()).toBe(2);
      await button('Start over').click();
      await expect.poll(() => turns().count()).toBe(0);
      expect(await page.locator('.welcome').isVisible()).toBe(true);
    });

    it('lets texts rest, takes several references and negatives, and moves a picture from one to the other', async () => {
      await open();
      await begin();
      await page.locator('.phrase-text').click();
      await expect.poll(() => lastSearch().texts).toEqual([]);
      await page.locator('.phrase-text').click();
      await expect.poll(() => lastSearch().texts).toEqual(['the same in green']);
      await settled();
      const [, more = '', less = ''] = await ids();
      await page.locator(`[data-id="${more}"]`).hover();
      await button(`More like ${more}`).click();
      await expect.poll(() => lastSearch().references).toHaveLength(2);
      await settled();
      await page.locator(`[data-id="${less}"]`).hover();
      await button(`Less like ${less}`).click();
      await expect.poll(() => lastSearch().negatives).toEqual([{ id: less }]);
      await settled();
      expect(await page.locator('.score-bar .cost').count()).toBeGreaterThan(0);
      await button(`No longer less like ${less}`).click();
      await expect.poll(() => lastSearch().negatives).toEqual([]);
      await button(`Remove the reference ${more}`).click();
      await expect.poll(() => lastSearch().references).toHaveLength(1);
    });

    it('searches by text alone, and by the examples of the start', async () => {
      await open();
      await page.locator('.example q').first().waitFor();
      await page.locator('.example').first().click();
      await scored();
      expect(lastSearch().texts).toHaveLength(1);
      await button('Start over').click();
      await say('a dress');
      expect(lastSearch()).toMatchObject({ references: [], texts: ['a dress'] });
      expect(await cards().first().getAttribute('data-card')).toMatch(/^dress/);
    });

    it('loads more where the end of the grid comes in sight', async () => {
      await open({ viewport: { width: 900, height: 500 } });
      await begin();
      await expect.poll(() => cards().count()).toBe(24);
      await page.mouse.wheel(0, 5000);
      await expect.poll(() => cards().count()).toBeGreaterThan(24);
      await page.mouse.wheel(0, 20_000);
      await expect.poll(() => cards().count()).toBe(71);
      expect(new Set(await ids()).size).toBe(71);
    });

    it('re-weights factors while one pulls a slider, and puts them back', async () => {
      await open();
      await begin();
      const before = await ids();
      const searches = mock.requests.length;
      await page.getByText('What counts').click();
      const slider = page.getByRole('slider', { name: 'kind' });
      await slider.evaluate((input: HTMLInputElement) => {
        for (const value of ['0.6', '0.3', '0']) {
          input.value = value;
          input.dispatchEvent(new InputEvent('input', { bubbles: true }));
        }
      });
      await expect.poll(() => lastSearch().weights).toEqual([0.125, 0.125, 0.125, 0.125, 0.125, 0, 0.125, 0.125]);
      await settled();
      expect(mock.requests.length).toBe(searches + 1);
      expect(await ids()).not.toEqual(before);
      expect(page.url()).toMatch(/;w1,1,1,1,1,0,1,1$/);
      await button('Reset all').click();
      await expect.poll(ids).toEqual(before);
    });

    it('filters by facets, ranges and text', async () => {
      await open();
      await begin('red');
      await page.getByText('Filters').click();
      const value = (name: string) => page.locator('.facet').getByRole('button', { name, exact: true });
      await value('dress').click();
      await expect.poll(() => lastSearch().filter).toBe("kind = 'dress'");
      await settled();
      await value('bag').click();
      await page.getByLabel('price to').fill('90');
      await page.keyboard.press('Enter');
      await expect.poll(() => lastSearch().filter).toBe("kind in ('dress', 'bag') and price <= 90");
      await expect.poll(() => page.inputValue('#filter')).toBe("kind in ('dress', 'bag') and price <= 90");
      await page.fill('#filter', "brand = 'Mary''s'");
      await page.keyboard.press('Enter');
      await expect.poll(() => lastSearch().filter).toBe("brand = 'Mary''s'");
      await expect.poll(() => value("Mary's").getAttribute('aria-pressed')).toBe('true');
      await page.fill('#filter', 'nonsense (');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('The filter is wrong at character 1').waitFor();
      expect(await page.getByText('written by hand').isVisible()).toBe(true);
      await button('Clear filters').click();
      await settled();
      await page.fill('#filter', 'price >= 9000');
      await page.keyboard.press('Enter');
      await page.getByText('No picture fits').waitFor();
      await button('Clear the filters').click();
      await settled();
    });

    it('calls pictures by their names where they have some, on a phone too, and finds words in them', async () => {
      const items = makeCatalogue(40, 5).map((item, at) => ({
        ...item,
        metadata: { ...item.metadata, name: `A garment with a name that is longer than its picture is wide, number ${at}` },
      }));
      await restart({ galleries: { shop: items } });
      await open({ viewport: { width: 360, height: 800 }, hasTouch: true, isMobile: true });
      await cards().first().waitFor();
      const fits = async () =>
        expect(await page.evaluate(() => document.documentElement.scrollWidth), 'width of the page').toBeLessThanOrEqual(360);
      await fits();
      await cards().first().click();
      await scored();
      await fits();
      expect(await page.locator('.card-name').first().textContent()).toMatch(/^A garment with a name .*, number \d+$/);
      expect(await cards().first().getAttribute('aria-label')).toMatch(/^Go on from number 1, A garment/);
      await page.getByText('Filters').click();
      await page.getByLabel('name has').fill('number 3');
      await page.keyboard.press('Enter');
      await expect.poll(() => lastSearch().filter).toBe("name contains 'number 3'");
      await settled();
      expect(await cards().count()).toBe(11);
      await button(/^Why /).first().click();
      await page.getByRole('dialog').locator('.compare-factors li button').first().click();
      const frames = page.getByRole('dialog').locator('.compare-frame');
      const [left, right] = [await frames.first().boundingBox(), await frames.nth(1).boundingBox()];
      expect(right?.width).toBe(left?.width);
    });

    it('keeps a filter and weights for each turn, also in its link', async () => {
      await open();
      await begin('red');
      await page.getByText('Filters').click();
      const value = (name: string) => page.locator('.facet').getByRole('button', { name, exact: true });
      await value('dress').click();
      await expect.poll(() => lastSearch().filter).toBe("kind = 'dress'");
      await settled();
      // The next turn begins with it, and changes its own.
      await cards().first().click();
      await expect.poll(() => turns().count()).toBe(2);
      await settled();
      expect(lastSearch().filter).toBe("kind = 'dress'");
      await page.getByText('What counts').click();
      await page.getByRole('slider', { name: 'kind' }).fill('0');
      await expect.poll(() => lastSearch().weights).toHaveLength(8);
      await button('Clear filters').click();
      await expect.poll(() => lastSearch().filter).toBeUndefined();
      await settled();
      const second = await ids();
      await turns().first().click();
      await expect.poll(() => lastSearch().filter).toBe("kind = 'dress'");
      expect(lastSearch().weights).toBeUndefined();
      await settled();
      expect(await value('dress').getAttribute('aria-pressed')).toBe('true');
      expect(await turns().first().getAttribute('title')).toBe("red (where kind = 'dress')");
      await button('Gallery').click();
      await expect.poll(() => value('dress').getAttribute('aria-pressed')).toBe('false');
      await turns().nth(1).click();
      await settled();
      await page.reload();
      await settled();
      expect(await ids()).toEqual(second);
      expect(lastSearch()).toMatchObject({ weights: [0.125, 0.125, 0.125, 0.125, 0.125, 0, 0.125, 0.125] });
      expect(lastSearch().filter).toBeUndefined();
    });

    it('compares a hit with the reference: shares, heat maps, fields, and what changed', async () => {
      await open();
      await begin();
      const [first = '', second = ''] = await ids();
      await cards().first().hover();
      await button(`Why ${first}?`).click();
      const dialog = page.getByRole('dialog');
      await dialog.locator('.compare-factors li').first().waitFor();
      await dialog.locator('.compare-words q').nth(1).waitFor();
      expect(await dialog.locator('canvas').count()).toBe(0);
      await dialog.getByRole('button', { name: /^colour/ }).click();
      await expect.poll(() => dialog.locator('canvas').count()).toBe(2);
      const dark = await dialog
        .locator('canvas')
        .first()
        .evaluate((canvas: HTMLCanvasElement) => {
          const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
          return [...data].filter((_, at) => at % 4 === 3);
        });
      expect(Math.min(...dark)).toBe(0);
      expect(Math.max(...dark)).toBeGreaterThan(100);
      const rows = await dialog.locator('.metadata tbody tr').evaluateAll((found) =>
        found.map((row) => ({
          cells: [...row.querySelectorAll('td')].map((cell) => cell.textContent),
          marked: row.className === 'differs',
        })),
      );
      expect(rows).toHaveLength(7);
      for (const { cells, marked } of rows) expect(marked).toBe(cells[0] !== cells[1]);
      await page.keyboard.press('ArrowRight');
      await dialog.getByText('Why number 2?').waitFor();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      await cards().nth(1).focus();
      await page.keyboard.press('c');
      await button('Go on from this').click();
      await expect.poll(() => lastSearch().references).toEqual([{ id: second }]);
    });

    it.each([
      [1200, 300],
      [300, 1200],
    ])('lays heat maps exactly over pictures of %i x %i', async (width, height) => {
      await open();
      await cards().first().waitFor();
      const buffer = await sharp({ create: { width, height, channels: 3, background: '#b03030' } })
        .png()
        .toBuffer();
      await page.locator('input[type=file]').first().setInputFiles({ name: 'mine.png', mimeType: 'image/png', buffer });
      await scored();
      await cards().first().focus();
      await page.keyboard.press('c');
      const dialog = page.getByRole('dialog');
      await dialog.locator('.compare-factors li button').first().click();
      await expect.poll(() => dialog.locator('canvas').count()).toBe(2);
      await expect.poll(() => dialog.locator('.picture.loaded').count()).toBe(2);
      for (const frame of await dialog.locator('.compare-frame').all()) {
        const [image, map] = [await frame.locator('img').boundingBox(), await frame.locator('canvas').boundingBox()];
        for (const side of ['x', 'y', 'width', 'height'] as const)
          expect(Math.abs((map?.[side] ?? 0) - (image?.[side] ?? 9)), side).toBeLessThan(1);
        const natural = await frame
          .locator('img')
          .evaluate((image: HTMLImageElement) => image.naturalWidth / image.naturalHeight);
        // To a pixel of its height.
        expect(Math.abs((image?.width ?? 0) / natural - (image?.height ?? 0))).toBeLessThan(1);
      }
    });

    it('chooses another gallery, which begins anew', async () => {
      await open();
      await begin();
      await page.getByRole('combobox', { name: 'Gallery' }).selectOption('boutique');
      await expect.poll(() => cards().count()).toBe(30);
      expect(await turns().count()).toBe(0);
      await page.goBack();
      await scored();
      expect(lastSearch().gallery).toBe('wardrobe');
    });
  });

  describe('pictures of the device', () => {
    const image = () =>
      sharp({ create: { width: 2600, height: 1300, channels: 3, background: '#b03030' } })
        .png()
        .toBuffer();

    it('are sent small, kept over a reload, and asked for where a link cannot carry them', async () => {
      await open();
      await cards().first().waitFor();
      const file = { name: 'mine.png', mimeType: 'image/png', buffer: await image() };
      await page.locator('input[type=file]').first().setInputFiles(file);
      await scored();
      const sent = mock.requests.findLast(({ route }) => route === 'search');
      expect(sent?.files).toHaveLength(1);
      expect(sent?.body).toMatchObject({ references: [{ upload: sent?.files[0] }] });
      const width = () => page.locator('.reference img').evaluate((image: HTMLImageElement) => image.naturalWidth);
      await expect.poll(width).toBe(1280);
      await page.reload();
      await scored();
      await expect.poll(width).toBe(1280);

      const link = page.url();
      await open({}, link);
      await page.getByRole('alert').getByText('Links cannot carry pictures').waitFor();
      await page.locator('.reference input[type=file]').first().setInputFiles(file);
      await scored();
      expect(await page.getByRole('alert').count()).toBe(0);
    });

    it('can be pasted and dropped, and are refused where they are no pictures', async () => {
      await open();
      await begin();
      const bytes = [...(await image())];
      await page.evaluate((data) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(data)], 'a.png', { type: 'image/png' }));
        document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true, cancelable: true }));
      }, bytes);
      await expect.poll(() => turns().count()).toBe(2);
      const drag = (name: string, selector: string) =>
        page.locator(selector).evaluate(
          (target, { data, event }) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([new Uint8Array(data)], 'b.png', { type: 'image/png' }));
            target.dispatchEvent(new DragEvent(event, { dataTransfer, bubbles: true, cancelable: true }));
          },
          { data: bytes, event: name },
        );
      await drag('dragenter', 'body');
      // The place to drop it on comes with the next frame, however long that takes.
      await drag('drop', '[data-drop=add]');
      await expect.poll(() => (lastSearch().references as unknown[]).length).toBe(2);
      expect(mock.requests.at(-1)?.files).toHaveLength(2);
      const text = { name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('no picture') };
      await page.locator('input[type=file]').first().setInputFiles(text);
      await page.getByText('not a picture that your browser can read').waitFor();
    });
  });

  describe('where something is wrong', () => {
    it('says that the server cannot be reached, and goes on when it can', async () => {
      await open();
      await begin();
      await page.route('**/v1/search', (route) => route.abort());
      await cards().first().click();
      await page.getByRole('alert').getByText('cannot be reached').waitFor();
      await page.unroute('**/v1/search');
      await button('Try again').click();
      await settled();
      expect(await page.getByRole('alert').count()).toBe(0);
    });

    it('waits as long as a busy server says, then tries again by itself', async () => {
      await open();
      await begin();
      mock.fail({ route: 'search', status: 429, retryAfter: 1, message: 'Too many requests with this key.' });
      await cards().first().click();
      await page.getByText(/Trying again in 1 s/).waitFor();
      await settled();
      expect(await page.getByRole('alert').count()).toBe(0);
    });

    it('keeps what it has where a further page fails', async () => {
      await open({ viewport: { width: 900, height: 500 } });
      await begin();
      mock.fail({ route: 'search', status: 500, code: 'INTERNAL', message: 'The disk is gone.' });
      await page.mouse.wheel(0, 5000);
      await page.getByRole('alert').getByText('The disk is gone.').waitFor();
      expect(await cards().count()).toBe(24);
      expect(
        await page
          .getByRole('alert')
          .getByText(/mock-\d+/)
          .isVisible(),
      ).toBe(true);
      await button('Try again').click();
      await expect.poll(() => cards().count()).toBeGreaterThan(24);
    });

    it('asks for a key, says when it is refused, and shows pictures with it', async () => {
      await restart({ key: 'secret' });
      await open();
      const dialog = page.getByRole('dialog');
      await dialog.getByLabel('API key').fill('wrong');
      await page.keyboard.press('Enter');
      await dialog.getByText('refused').waitFor();
      await dialog.getByLabel('API key').fill('secret');
      await page.keyboard.press('Enter');
      await cards().first().waitFor();
      await expect.poll(() => page.locator('.card .picture.loaded img').count()).toBeGreaterThan(3);
      expect(await page.locator('.card img').first().getAttribute('src')).toMatch(/^blob:/);
      await page.reload();
      await cards().first().waitFor();
      expect(await dialog.count()).toBe(0);
      expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('secret');
      expect(page.url()).not.toContain('secret');
    });

    it('shows skeletons while it waits, and never an answer to an older question', async () => {
      await open();
      await begin();
      mock.setLatency(500);
      await cards().first().click();
      await page.locator('.card.skeleton').first().waitFor();
      await page.fill('#say', 'but floral');
      await page.keyboard.press('Enter');
      await settled();
      expect(lastSearch().texts).toEqual(['the same in green', 'but floral']);
      expect(await page.locator('#results-title').textContent()).toContain('but floral');
    });

    it('says what to do where there is no gallery, or not this one', async () => {
      await open({}, `${mock.address}#/gone?f=a%20%3D%201`);
      await page.getByText('There is no gallery "gone" here.').waitFor();
      await cards().first().waitFor();
      await restart({ galleries: {} });
      await open();
      await page.getByText('No gallery yet').waitFor();
    });
  });

  describe('for everyone', () => {
    it('works by keys alone', async () => {
      await open();
      await cards().nth(8).waitFor();
      await cards().first().focus();
      const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-card') ?? document.activeElement?.id);
      const all = await ids();
      const columns = await cards().evaluateAll((found) => {
        const top = found[0]?.getBoundingClientRect().top;
        return found.filter((card) => card.getBoundingClientRect().top === top).length;
      });
      await page.keyboard.press('ArrowRight');
      expect(await focused()).toBe(all[1]);
      await page.keyboard.press('ArrowDown');
      expect(await focused()).toBe(all[1 + columns]);
      await page.keyboard.press('ArrowUp');
      await page.keyboard.press('ArrowLeft');
      expect(await focused()).toBe(all[0]);
      await page.keyboard.press('Enter');
      await scored();
      await expect.poll(focused).toBe('say');
      await page.keyboard.type('in blue');
      await page.keyboard.press('Escape');
      expect(await page.inputValue('#say')).toBe('');
      await page.keyboard.press('Escape');
      await page.keyboard.press('/');
      await page.keyboard.type('in red');
      await page.keyboard.press('Enter');
      await expect.poll(() => lastSearch().texts).toEqual(['in red']);
      await settled();
      await cards().nth(2).focus();
      const third = await focused();
      await page.keyboard.press('-');
      await expect.poll(() => lastSearch().negatives).toEqual([{ id: third }]);
      await page.keyboard.press('?');
      await page.getByRole('dialog').getByText('Keyboard').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    });

    it('tells a screen reader how many hits there are, and what each is', async () => {
      await open();
      await begin();
      const status = page.locator('#results [role=status]');
      expect(await status.textContent()).toContain('First 24');
      expect(await cards().first().getAttribute('aria-label')).toMatch(/^Go on from number 1, /);
      expect(await page.locator('.score-bar').first().getAttribute('aria-label')).toMatch(/^Score \d.*colour \d/);
    });

    it('follows the system to the dark, and the button against it', async () => {
      await open({ colorScheme: 'dark' });
      const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      expect(await paper()).toBe('rgb(21, 20, 19)');
      await button('Theme: as the system').click();
      expect(await paper()).toBe('rgb(250, 249, 247)');
      await page.reload();
      expect(await paper()).toBe('rgb(250, 249, 247)');
    });

    const screens = [360, 1280].flatMap((width) => (['light', 'dark'] as const).map((colorScheme) => ({ width, colorScheme })));
    it.each(screens)(
      'has no serious violation of accessibility, $width wide and $colorScheme',
      async ({ width, colorScheme }) => {
        const phone = width < 500;
        await open({ viewport: { width, height: 800 }, colorScheme, hasTouch: phone, isMobile: phone });
        await page.evaluate(await readFile(axe, 'utf8'));
        const check = async (where: string) => {
          const found = await page.evaluate(async () => {
            const { axe: run } = globalThis as unknown as { axe: { run: () => Promise<{ violations: Violation[] }> } };
            return (await run.run()).violations;
          });
          const serious = found.filter(({ impact }) => impact === 'serious' || impact === 'critical');
          expect(serious.map(({ id, nodes }) => `${where}: ${id} ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
          expect(await page.evaluate(() => document.documentElement.scrollWidth), where).toBeLessThanOrEqual(width);
        };
        await cards().first().waitFor();
        await check('start');
        await begin();
        await cards().nth(1).click();
        await expect.poll(() => turns().count()).toBe(2);
        await settled();
        for (const summary of await page.locator('summary').all()) await summary.click();
        await button(/^Less like/)
          .nth(3)
          .dispatchEvent('click');
        await page.locator('.negatives li').waitFor();
        await settled();
        await check('results');
        await button(/^Why /).first().dispatchEvent('click');
        await page.locator('.compare-factors li button').first().click();
        await check('compare');
        await page.keyboard.press('Escape');
        await page.fill('#filter', 'wrong (');
        await page.keyboard.press('Enter');
        await page.getByRole('alert').waitFor();
        await check('problem');
      },
    );
  });

  it('is less than 60 kB of script, compressed', async () => {
    const names = (await readdir(join(folder, 'assets'))).filter((name) => name.endsWith('.js'));
    const sizes = await Promise.all(names.map(async (name) => gzipSync(await readFile(join(folder, 'assets', name))).length));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(60_000);
  });
});

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string }[];
}
