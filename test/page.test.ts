/** The page in a real browser, on a mock of the API: whole journeys, what can go wrong, and accessibility. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeCatalogue, withTitles } from '../web/mock/catalogue.js';
import { type Mock, type MockOptions, startMock } from '../web/mock/server.js';
import { hasBrowser, launchBrowser } from './support/browser.js';

const axe = join(import.meta.dirname, '../node_modules/axe-core/axe.min.js');

describe.skipIf(!hasBrowser)('the page', () => {
  const folder = join(import.meta.dirname, '../web/dist');
  let browser: Browser;
  let mock: Mock;
  let context: BrowserContext;
  let page: Page;
  /** Requests that left this machine, broken rules of the content policy, and errors of scripts. */
  let faults: string[];

  beforeAll(async () => {
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
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
    // A test may start another mock while the page's last requests are still being told of.
    const { address: home } = mock;
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) faults.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(home) && !/^(blob|data):/.test(request.url())) faults.push(request.url());
    });
    await page.goto(address);
    return page;
  }

  /** Another mock in the place of the first. */
  async function restart(options: MockOptions): Promise<void> {
    await mock.close();
    mock = await startMock({ page: folder, ...options });
  }

  /** As soon as it is there: Playwright's own waiting looks twice a second. */
  const seen = (what: Locator) => expect.poll(() => what.isVisible()).toBe(true);
  const cards = () => page.locator('[data-card]');
  const ids = () => cards().evaluateAll((found) => found.map((card) => card.getAttribute('data-card') ?? ''));
  const button = (name: string | RegExp) => page.getByRole('button', { name });
  const advised = (text: string) => page.locator('.advice').getByRole('button', { name: text, exact: true });
  const turns = () => page.locator('.turn-main');
  const ranked = () => seen(page.locator('.card b').first());
  const lastSearch = () => mock.requests.findLast(({ route }) => route === 'search')?.body as Record<string, unknown>;
  const say = async (text: string) => {
    await page.fill('#say', text);
    await page.keyboard.press('Enter');
    await seen(page.locator('.phrase', { hasText: text }).first());
    await settled();
  };
  const settled = () => seen(page.locator('#results[aria-busy="false"] .card b').first());
  /** The first picture, with a text, as most journeys begin. */
  const begin = async (text = 'the same in green') => {
    await cards().first().click();
    await ranked();
    await say(text);
  };

  describe('searching', () => {
    it('goes from a picture and a text to hits, on from one of them, and back by the back button, a reload and a link', async () => {
      await open();
      await seen(cards().nth(4));
      const [reference] = (await ids()).slice(4);
      await cards().nth(4).click();
      await ranked();
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
      await page.getByText('What counts').click();
      await expect.poll(() => page.locator('.score-bar .cost').count()).toBeGreaterThan(0);
      // How much it counts is in the request, and in the link.
      const strength = page.locator('.strength input');
      await strength.fill('1.2');
      await strength.dispatchEvent('change');
      await expect.poll(() => lastSearch().negativeWeight).toBe(1.2);
      expect(page.url()).toMatch(/;n1\.2$/);
      await settled();
      await button(`No longer less like ${less}`).click();
      await expect.poll(() => lastSearch().negatives).toEqual([]);
      await button(`Remove the reference ${more}`).click();
      await expect.poll(() => lastSearch().references).toHaveLength(1);
    });

    it('searches by text alone, and by the examples of the start', async () => {
      await open();
      await seen(page.locator('.example q').first());
      await page.locator('.example').first().click();
      await ranked();
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
      const count = () => mock.requests.filter(({ route }) => route === 'search').length;
      const searches = count();
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
      expect(count()).toBe(searches + 1);
      expect(await ids()).not.toEqual(before);
      expect(page.url()).toMatch(/;w1,1,1,1,1,0,1,1$/);
      await button('Reset all').click();
      await expect.poll(ids).toEqual(before);
    });

    it('filters by facets, ranges and text', async () => {
      await open();
      await begin('red');
      await page.getByText('Filters').click();
      const value = (name: string) => page.locator('.facet').getByRole('button', { name: new RegExp(`^${name} \\d+$`) });
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
      await seen(page.getByRole('alert').getByText('The filter is wrong at character 1'));
      expect(await page.getByText('written by hand').isVisible()).toBe(true);
      await button('Clear filters').click();
      await settled();
      // Each condition stands above the grid; where nothing passes, the one that empties it is said.
      await page.fill('#filter', "kind in ('dress', 'bag') and price <= 3 and on_sale = false");
      await page.keyboard.press('Enter');
      await seen(page.getByText('No picture fits'));
      expect(await page.getByLabel('Notes').textContent()).toMatch(/^0 of \d+ images match the filter\.$/);
      expect(await page.locator('.chip').allTextContents()).toEqual([
        'kind: dress',
        'kind: bag',
        'price at most 3',
        'on sale: no',
      ]);
      await button(/^Without price at most 3: \d+ pictures$/).click();
      await expect.poll(() => lastSearch().filter).toBe("kind in ('dress', 'bag') and on_sale = false");
      await settled();
      await button('Remove the filter kind: bag').click();
      await expect.poll(() => lastSearch().filter).toBe("kind = 'dress' and on_sale = false");
      await button('Clear all').click();
      await expect.poll(() => lastSearch().filter).toBeUndefined();
      await settled();
      // The first field tells most pictures apart, and long ones can be searched.
      const colours = page.locator('.facet', { has: page.getByText('colour', { exact: true }) });
      await colours.getByRole('button', { name: /more$/ }).click();
      await colours.getByRole('searchbox').fill('ack');
      await expect.poll(() => colours.locator('.value').allTextContents()).toEqual([expect.stringMatching(/^black \d+$/)]);
    });

    it('calls pictures by their names where they have some, on a phone too, and finds words in them', async () => {
      const items = makeCatalogue(40, 5).map((item, at) => ({
        ...item,
        metadata: { ...item.metadata, name: `A garment with a name that is longer than its picture is wide, number ${at}` },
      }));
      await restart({ galleries: { shop: items } });
      await open({ viewport: { width: 360, height: 800 }, hasTouch: true, isMobile: true });
      await seen(cards().first());
      const fits = async () =>
        expect(await page.evaluate(() => document.documentElement.scrollWidth), 'width of the page').toBeLessThanOrEqual(360);
      await fits();
      await cards().first().click();
      await ranked();
      await fits();
      expect(await page.locator('.card-name').first().textContent()).toMatch(/^A garment with a name .*, number \d+$/);
      expect(await cards().first().getAttribute('aria-label')).toMatch(/^Go on from number 1, A garment/);
      // The filters come up from the bottom, and say how many pictures they leave.
      await button('Filters').click();
      await page.getByLabel('name has').fill('number 3');
      await page.keyboard.press('Enter');
      await expect.poll(() => lastSearch().filter).toBe("name contains 'number 3'");
      await button('Show 11').click();
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
      const value = (name: string) => page.locator('.facet').getByRole('button', { name: new RegExp(`^${name} \\d+$`) });
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
      await seen(dialog.locator('.compare-factors li').first());
      await seen(dialog.locator('.compare-words q').nth(1));
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
      expect(await dialog.locator('.reason').textContent()).toMatch(/ like your (text|picture)/);
      for (const { cells, marked } of rows) expect(marked).toBe(cells[0] !== cells[1]);
      await page.keyboard.press('ArrowRight');
      await seen(dialog.getByText('Why number 2?'));
      await page.keyboard.press('Escape');
      await expect.poll(() => dialog.count()).toBe(0);
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
      await seen(cards().first());
      const buffer = await sharp({ create: { width, height, channels: 3, background: '#b03030' } })
        .png()
        .toBuffer();
      await page.locator('input[type=file]').first().setInputFiles({ name: 'mine.png', mimeType: 'image/png', buffer });
      await ranked();
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

    it('suggests what the model knows, says what it does not, and lets texts be changed or replaced', async () => {
      await open();
      await cards().first().click();
      await ranked();
      await seen(page.locator('.examples button').first());
      await page.fill('#say', 'blu sripes');
      await seen(page.getByText('has never seen “blu”, “sripes”'));
      await advised('blue stripes').click();
      expect(await page.inputValue('#say')).toBe('blue stripes');
      await page.fill('#say', '');
      await page.locator('.examples button').first().click();
      await settled();
      await button('Start over').click();
      await begin('in red');
      await say('in gren');
      // A text that was sent can be mended as well, in its place.
      await advised('in green').click();
      await expect.poll(() => lastSearch().texts).toEqual(['in red', 'in green']);
      await button('Replace “in red”').click();
      await expect.poll(() => lastSearch().texts).toEqual(['in green']);
      await settled();
      expect(await button(/^Replace/).count()).toBe(0);
      await button('Change “in green”').click();
      await page.locator('.phrase-edit').fill('with stripes');
      await page.keyboard.press('Enter');
      await expect.poll(() => lastSearch().texts).toEqual(['with stripes']);
      await expect.poll(() => page.title()).toMatch(/^with stripes – .* · wardrobe · limn$/);
      // However long a text is, the column keeps its width.
      const width = async () => (await page.locator('.composer').boundingBox())?.width ?? 0;
      const before = await width();
      for (const long of [`${'very '.repeat(40)}long`, 'x'.repeat(170)]) {
        await say(long);
        expect(await width()).toBe(before);
      }
    });

    it('suggests filters that the text says, which one press uses and another takes away for good', async () => {
      await open();
      await seen(cards().first());
      const all = await cards().count();
      await page.fill('#say', 'a red one under 60');
      await seen(button('Show only colour: red'));
      await seen(button('Show only price below 60'));
      // Nothing is filtered before.
      expect(page.url()).not.toContain('red');
      expect(await cards().count()).toBe(all);
      await button('Do not suggest colour: red').click();
      await expect.poll(() => button('Show only colour: red').count()).toBe(0);
      await button('Show only price below 60').click();
      await seen(button('Remove the filter price below 60'));
      await expect.poll(() => button('Show only price below 60').count()).toBe(0);
      await say('in red, not blue');
      expect(lastSearch()).toMatchObject({ texts: ['in red, not blue'], filter: 'price < 60' });
      await button('Remove the filter price below 60').click();
      await page.reload();
      await page.fill('#say', 'red, over 60');
      await seen(button('Show only price above 60'));
      expect(await button('Show only colour: red').count()).toBe(0);
    });

    it('tells a server that keeps choices what was chosen, says so, and tells no other', async () => {
      const choices = () => mock.requests.filter(({ route }) => route === 'choices').map(({ body }) => body);
      await open();
      await begin();
      await cards().nth(1).click();
      await settled();
      expect(choices()).toEqual([]);
      expect(await page.getByText('This shop keeps').count()).toBe(0);
      await restart({ keepsChoices: true });
      await open();
      await seen(page.getByText('This shop keeps which result you choose. No image of yours is stored.'));
      const [reference] = await ids();
      await begin();
      const shown = await ids();
      await cards().nth(1).click();
      await expect
        .poll(choices)
        .toMatchObject([{ references: [{ id: reference }], texts: ['the same in green'], shown, chosen: shown[1], turn: 1 }]);
      await settled();
      await page.locator('.card').nth(2).hover();
      await button(/^Why /).nth(2).click();
      const again = await ids();
      await button('This is it').click();
      await expect.poll(choices).toMatchObject([{}, { chosen: again[2], turn: 2 }]);
    });

    it('looks closer, and searches with a part of the reference, which its link keeps', async () => {
      await restart({ galleries: { shop: withTitles(makeCatalogue(40, 5)) }, show: ['price', 'url'] });
      await open();
      await seen(cards().first());
      expect(await page.locator('.card-fields a').first().getAttribute('href')).toMatch(/^https:\/\/shop\.example\//);
      await cards().nth(1).focus();
      await page.keyboard.press('Space');
      const dialog = page.getByRole('dialog');
      const title = await page.locator('.card-name').nth(1).textContent();
      await seen(dialog.getByRole('heading', { name: title as string }));
      await page.keyboard.press('ArrowRight');
      await seen(dialog.getByRole('heading', { name: (await page.locator('.card-name').nth(2).textContent()) as string }));
      await page.keyboard.press('Escape');
      await cards().nth(1).click();
      await ranked();
      expect(await page.locator('.reference img').getAttribute('alt')).toBe(`Reference: ${title}`);
      await button(`Choose a part of ${title}`).click();
      await expect.poll(() => dialog.locator('.picture.loaded').count()).toBe(1);
      const frame = await dialog.locator('.crop-frame').boundingBox();
      const at = (x: number, y: number) =>
        [(frame?.x ?? 0) + x * (frame?.width ?? 0), (frame?.y ?? 0) + y * (frame?.height ?? 0)] as const;
      await page.mouse.move(...at(0.05, 0.1));
      await page.mouse.down();
      await page.mouse.move(...at(0.55, 0.6));
      await page.mouse.up();
      await page.keyboard.press('Tab');
      await dialog.locator('.crop-box').focus();
      await page.keyboard.press('Shift+ArrowRight');
      await button('Search with this part').click();
      await expect.poll(() => (lastSearch().references as { box?: object }[])[0]?.box).toBeDefined();
      const { box } = (lastSearch().references as { box: Record<string, number> }[])[0] as { box: Record<string, number> };
      const wanted = { left: 0.05, top: 0.1, width: 0.52, height: 0.5 };
      for (const [side, value] of Object.entries(wanted)) expect(Math.abs((box[side] ?? 9) - value), side).toBeLessThan(0.03);
      await settled();
      await open({}, page.url());
      await ranked();
      expect(lastSearch().references).toEqual([{ id: expect.any(String), box }]);
      // The part fills the frame.
      const [shown, whole] = [page.locator('.reference'), page.locator('.reference img')];
      await expect
        .poll(async () => (await whole.boundingBox())?.width ?? 0)
        .toBeGreaterThan(1.5 * ((await shown.boundingBox())?.width ?? 0));
      await button(`Choose another part of ${title}`).click();
      await button('All of it').click();
      await expect.poll(() => (lastSearch().references as object[])[0]).toEqual({ id: expect.any(String) });
    });

    it('chooses another gallery, which begins anew', async () => {
      await open();
      await begin();
      await page.getByRole('combobox', { name: 'Gallery' }).selectOption('boutique');
      await expect.poll(() => cards().count()).toBe(30);
      expect(await turns().count()).toBe(0);
      await page.goBack();
      await ranked();
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
      await seen(cards().first());
      const file = { name: 'mine.png', mimeType: 'image/png', buffer: await image() };
      await page.locator('input[type=file]').first().setInputFiles(file);
      await ranked();
      const sent = mock.requests.findLast(({ route }) => route === 'search');
      expect(sent?.files).toHaveLength(1);
      expect(sent?.body).toMatchObject({ references: [{ upload: sent?.files[0] }] });
      const width = () => page.locator('.reference img').evaluate((image: HTMLImageElement) => image.naturalWidth);
      await expect.poll(width).toBe(1280);
      await page.reload();
      await ranked();
      await expect.poll(width).toBe(1280);

      const link = page.url();
      await open({}, link);
      await seen(page.getByRole('alert').getByText('Links cannot carry pictures'));
      await page.locator('.reference input[type=file]').first().setInputFiles(file);
      await ranked();
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
      expect(mock.requests.findLast(({ route }) => route === 'search')?.files).toHaveLength(2);
      const text = { name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('no picture') };
      await page.locator('input[type=file]').first().setInputFiles(text);
      await seen(page.getByText('not a picture that your browser can read'));
    });
  });

  describe('where something is wrong', () => {
    it('says that the server cannot be reached, and goes on when it can', async () => {
      await open();
      await begin();
      await page.route('**/v1/search', (route) => route.abort());
      await cards().first().click();
      await seen(page.getByRole('alert').getByText('cannot be reached'));
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
      await seen(page.getByText(/Trying again in 1 s/));
      await settled();
      expect(await page.getByRole('alert').count()).toBe(0);
    });

    it('keeps what it has where a further page fails', async () => {
      await open({ viewport: { width: 900, height: 500 } });
      await begin();
      mock.fail({ route: 'search', status: 500, code: 'INTERNAL', message: 'The disk is gone.' });
      await page.mouse.wheel(0, 5000);
      await seen(page.getByRole('alert').getByText('The disk is gone.'));
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
      await seen(dialog.getByText('refused'));
      await dialog.getByLabel('API key').fill('secret');
      await page.keyboard.press('Enter');
      await seen(cards().first());
      await expect.poll(() => page.locator('.card .picture.loaded img').count()).toBeGreaterThan(3);
      expect(await page.locator('.card img').first().getAttribute('src')).toMatch(/^blob:/);
      await page.reload();
      await seen(cards().first());
      expect(await dialog.count()).toBe(0);
      expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('secret');
      expect(page.url()).not.toContain('secret');
    });

    it('shows skeletons while it waits, and never an answer to an older question', async () => {
      await open();
      await begin();
      mock.setLatency(500);
      await cards().first().click();
      await seen(page.locator('.card.skeleton').first());
      await page.fill('#say', 'but floral');
      await page.keyboard.press('Enter');
      await settled();
      expect(lastSearch().texts).toEqual(['the same in green', 'but floral']);
      expect(await page.locator('#results-title').textContent()).toContain('but floral');
    });

    it('says what to do where there is no gallery, or not this one', async () => {
      await open({}, `${mock.address}#/gone?f=a%20%3D%201`);
      await seen(page.getByRole('alert').getByText('There is no gallery “gone” here'));
      expect(await cards().count()).toBe(0);
      await button('boutique · 30').click();
      await seen(cards().first());
      await restart({ galleries: {} });
      await open();
      await seen(page.getByText('No gallery yet'));
    });
  });

  describe('for everyone', () => {
    it('works by keys alone', async () => {
      await open();
      await seen(cards().nth(8));
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
      await ranked();
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
      await seen(page.getByRole('dialog').getByText('Keyboard'));
      await page.keyboard.press('Escape');
      await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    });

    it('tells a screen reader how many hits there are, and what each is', async () => {
      await open();
      await begin();
      const status = page.locator('#results [role=status]');
      await expect.poll(() => status.textContent()).toMatch(/^24 of 72 · \d+ ms$/);
      expect(await cards().first().getAttribute('aria-label')).toMatch(/^Go on from number 1, /);
      expect(await page.locator('.score-bar').count()).toBe(0);
      await page.getByText('What counts').click();
      await expect
        .poll(() => page.locator('.score-bar').first().getAttribute('aria-label'))
        .toMatch(/^Score \d.*colour \d.*part 8 \d/);
    });

    it('moves nothing for those who ask for less motion', async () => {
      await open();
      await seen(cards().first());
      const moving = await page.evaluate(
        () =>
          [...document.querySelectorAll('*')].filter((one) => {
            const { transitionDuration, animationName } = getComputedStyle(one);
            return transitionDuration.split(', ').some((time) => time !== '0s') || animationName !== 'none';
          }).length,
      );
      expect(moving).toBe(0);
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

    it.each([360, 820, 1280])(
      'has no violation of accessibility by day and by night, fits, and moves nothing by itself, %i wide',
      async (width) => {
        const touch = width < 1000;
        await open({ viewport: { width, height: 800 }, hasTouch: touch, isMobile: touch }, 'about:blank');
        await page.addInitScript(() => {
          const shifts = { sum: 0, what: [] as string[] };
          Object.assign(globalThis, { shifts });
          interface Shift extends PerformanceEntry {
            value: number;
            hadRecentInput: boolean;
            sources: { node: Node | null }[];
          }
          new PerformanceObserver((list) => {
            for (const { value, hadRecentInput, sources } of list.getEntries() as Shift[]) {
              if (hadRecentInput) continue;
              shifts.sum += value;
              for (const { node } of sources)
                shifts.what.push(node instanceof Element ? node.outerHTML.slice(0, 90) : String(node));
            }
          }).observe({ type: 'layout-shift', buffered: true });
        });
        await page.goto(mock.address);
        await page.evaluate(await readFile(axe, 'utf8'));
        const violations = (rules: object) =>
          page.evaluate(
            async (options) => {
              const { axe: run } = globalThis as unknown as {
                axe: { run: (options: object) => Promise<{ violations: Violation[] }> };
              };
              return (await run.run(options)).violations;
            },
            // What passes need not be written down.
            { resultTypes: ['violations'], ...rules },
          );
        const check = async (where: string) => {
          const found = await violations({});
          // In the dark only colours are others.
          await page.emulateMedia({ colorScheme: 'dark' });
          found.push(...(await violations({ runOnly: ['color-contrast'] })));
          await page.emulateMedia({ colorScheme: 'light' });
          expect(found.map(({ id, nodes }) => `${where}: ${id} ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
          expect(await page.evaluate(() => document.documentElement.scrollWidth), where).toBeLessThanOrEqual(width);
        };
        /** What a finger can meet is large enough; links in sentences and under pictures are text. */
        const checkTargets = async (where: string) => {
          if (!touch) return;
          const small = await page.evaluate(() => {
            const open = document.querySelector('dialog') ?? document;
            return [...open.querySelectorAll<HTMLElement>('button, select, input:not([hidden])')]
              .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.matches('.skip'))
              .map((one) => ({
                one: one.outerHTML.slice(0, 120),
                box: (one.closest('.inputs label') ?? one).getBoundingClientRect(),
              }))
              .filter(({ box }) => box.width < 43.5 || box.height < 43.5)
              .map(({ one, box }) => `${Math.round(box.width)} x ${Math.round(box.height)}: ${one}`);
          });
          expect(small, where).toEqual([]);
        };
        /** What moves by itself while a page builds up; what follows a click is wanted. */
        const stayed = async (where: string) => {
          const { sum, what } = await page.evaluate(
            () => (globalThis as unknown as { shifts: { sum: number; what: string[] } }).shifts,
          );
          expect(sum, `shift of the layout, ${where}: ${what.join(' ')}`).toBeLessThanOrEqual(0.01);
        };
        await seen(cards().first());
        await seen(page.locator('.example q').first());
        await expect.poll(() => page.locator('.card .picture.loaded').count()).toBeGreaterThan(1);
        await check('start');
        await checkTargets('start');
        await stayed('start');
        // The grid comes first: some of it is in sight before one scrolls.
        const top = async () => (await cards().first().boundingBox())?.y ?? 9999;
        expect(await top()).toBeLessThan(500);
        await begin();
        await cards().nth(1).click();
        await expect.poll(() => turns().count()).toBe(2);
        await settled();
        await say('in gren');
        await seen(advised('in green'));
        if (touch) expect(await top()).toBeLessThan(520);
        const link = page.url();
        await button(/^Less like/)
          .nth(3)
          .dispatchEvent('click');
        await seen(page.locator('.negatives li'));
        await settled();
        await button(/^Change “/)
          .first()
          .click();
        await check('changing a text');
        await page.keyboard.press('Escape');
        if (touch) {
          for (const name of ['Filters', 'What counts']) {
            await button(new RegExp(`^${name}`)).click();
            await check(name);
            await checkTargets(name);
            await page.keyboard.press('Escape');
          }
        } else for (const summary of await page.locator('summary').all()) await summary.click();
        await check('results');
        await checkTargets('results');
        // A tablet has what a phone has, with more room.
        if (width === 820) return;
        await button(/^Why /).first().dispatchEvent('click');
        await page.locator('.compare-factors li button').first().click();
        await check('compare');
        await checkTargets('compare');
        await page.keyboard.press('Escape');
        await button(/^Look closer/)
          .first()
          .dispatchEvent('click');
        await seen(page.locator('.zoom-frame .picture.loaded'));
        await check('zoom');
        await page.keyboard.press('Escape');
        await button(/^Choose a part/).click();
        await seen(page.locator('.crop-frame .picture.loaded'));
        await check('crop');
        await page.keyboard.press('Escape');
        if (touch) await button(/^Filters/).click();
        await page.fill('#filter', "kind = 'dress' and price <= 3");
        await page.keyboard.press('Enter');
        if (touch) await button('Show 0').click();
        await seen(button(/^Without price/));
        await check('nothing passes');
        if (touch) await button(/^Filters/).click();
        await page.fill('#filter', 'wrong (');
        await page.keyboard.press('Enter');
        if (touch) await page.keyboard.press('Escape');
        await seen(page.getByRole('alert'));
        await check('problem');
        // A link to a search builds up without a word from anybody.
        await page.goto('about:blank');
        await page.goto(link);
        await settled();
        await expect.poll(() => page.locator('.card .picture.loaded').count()).toBeGreaterThan(1);
        await seen(page.locator('.examples button').first());
        await stayed('link');
      },
    );
  });

  it('is at most 40 kB of script, compressed', async () => {
    // What an exported gallery loads beside it, a page that is served never asks for.
    const page = await readFile(join(folder, 'index.html'), 'utf8');
    const names = [...page.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.js)"/g)].map(([, name]) => name as string);
    expect(names.length).toBeGreaterThan(0);
    const sizes = await Promise.all(names.map(async (name) => gzipSync(await readFile(join(folder, name))).length));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(40_000);
  });
});

interface Violation {
  id: string;
  impact: string;
  nodes: { html: string }[];
}
