/** The browser of the page's tests. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** The shell without a window comes first: it opens a page in half the time. */
const places = [
  process.env.LIMN_CHROMIUM,
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const executablePath = places.find((place) => place !== undefined && existsSync(place));
if (!executablePath) console.warn('The tests of the page are skipped: no Chromium was found. LIMN_CHROMIUM says where one is.');

export const hasBrowser = executablePath !== undefined;

export const launchBrowser = (...flags: string[]): Promise<Browser> =>
  chromium.launch({
    executablePath: executablePath as string,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', ...flags],
  });
