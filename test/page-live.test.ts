/** The page in a real browser: a gallery whose model is being trained, and filters of a gallery that is too large to be counted. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Mock, type MockOptions, startMock } from '../web/mock/server.js';
import { hasBrowser, launchBrowser } from './support/browser.js';

const axe = join(import.meta.dirname, '../node_modules/axe-core/axe.min.js');
/** Longer than the page waits before it asks again. */
const pause = 3500;

describe.skipIf(!hasBrowser)('the page', () => {
  const folder = join(import.meta.dirname, '../web/dist');
  let browser: Browser;
  let mock: Mock;
  let page: Page;

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });
  afterEach(async () => {
    await page?.context().close();
    await mock?.close();
  });

  async function open(options: MockOptions, width = 1280): Promise<void> {
    mock = await startMock({ page: folder, ...options });
    page = await browser.newPage({
      viewport: { width, height: 900 },
      reducedMotion: 'reduce',
      colorScheme: 'light',
      bypassCSP: true,
    });
    // The page's own pauses end when the test says so.
    await page.clock.install();
    await page.addInitScript(() => {
      const shifts = { sum: 0 };
      Object.assign(globalThis, { shifts });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as unknown as { value: number; hadRecentInput: boolean }[])
          if (!entry.hadRecentInput) shifts.sum += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.goto(mock.address);
    await page.locator('[data-card]').first().waitFor();
  }

  const searches = () => mock.requests.filter(({ route }) => route === 'search').length;
  const note = () => page.locator('.training').textContent();
  async function violations(): Promise<string[]> {
    await page.evaluate(await readFile(axe, 'utf8'));
    return page.evaluate(async () => {
      const { axe: run } = globalThis as unknown as { axe: { run(options: object): Promise<{ violations: { id: string }[] }> } };
      return (await run.run({ resultTypes: ['violations'] })).violations.map(({ id }) => id);
    });
  }

  it.each([1280, 390])('asks again whenever a better model answers, until the training has ended (%i pixels)', async (width) => {
    await open({ training: { epoch: 1, epochs: 3, ended: false } }, width);
    expect(await note()).toBe('Epoch 1 of 3, training: the hits become better with every epoch.');
    await page.locator('[data-card]').first().click();
    await page.waitForSelector('#results[aria-busy="false"] .card b');
    const before = searches();
    // The same model: nothing is asked again.
    await page.clock.runFor(pause);
    mock.train({ epoch: 2, epochs: 3, ended: false });
    await page.clock.runFor(pause);
    await expect.poll(searches).toBe(before + 1);
    await expect.poll(note).toMatch(/^Epoch 2 of 3/);
    expect(await violations()).toEqual([]);
    mock.train({ epoch: 3, epochs: 3, ended: true });
    await page.clock.runFor(pause);
    await expect.poll(note).toBe('The training has ended: the best model answers.');
    await expect.poll(searches).toBe(before + 2);
    expect(await page.evaluate(() => (globalThis as unknown as { shifts: { sum: number } }).shifts.sum)).toBeLessThan(0.01);
  });

  it('goes on asking where the server does not answer for a while', async () => {
    await open({ training: { epoch: 1, epochs: 2, ended: false } });
    mock.fail({ route: 'galleries', status: 503, times: 1 });
    await page.clock.runFor(pause);
    mock.train({ epoch: 2, epochs: 2, ended: false });
    await expect
      .poll(async () => {
        await page.clock.runFor(pause);
        return note();
      })
      .toMatch(/^Epoch 2 of 2/);
  });

  it('says of counts that they are estimates, and filters by a range of numbers with the keyboard alone', async () => {
    await open({ estimate: 1234, galleries: { wardrobe: 40 } });
    await page.locator('#results[aria-busy="false"]').waitFor();
    await page.getByText('Filters').first().click();
    const kinds = page.getByRole('group', { name: /^kind/ });
    expect(await kinds.locator('legend').textContent()).toBe('kind · counts are estimates');
    for (const count of await kinds.locator('.value .count').allTextContents()) expect(count).toMatch(/^\s*~\d+,\d00$/);
    await page.getByLabel('price from').focus();
    await page.keyboard.type('30');
    await page.keyboard.press('Tab');
    // The answer to the first end comes while the second is typed.
    await page.keyboard.type('6');
    await expect.poll(() => page.inputValue('#filter')).toBe('price >= 30');
    await page.locator('#results[aria-busy="false"]').waitFor();
    await page.keyboard.type('0');
    await page.keyboard.press('Tab');
    await expect.poll(() => page.inputValue('#filter')).toBe('price >= 30 and price <= 60');
    await expect.poll(() => page.getByText('price 30 to 60').count()).toBeGreaterThan(0);
    expect(await violations()).toEqual([]);
  });
});
