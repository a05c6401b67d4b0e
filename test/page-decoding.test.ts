/** Image files as a browser decodes and fits them, against the gallery's own way with sharp. */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../src/core/random.js';
import { decodeImage, type ImageSettings } from '../src/models/encoders/image/image.js';
import { hasBrowser, launchBrowser } from './support/browser.js';
import { StaticSite } from './support/static-site.js';

type Fitted = (bytes: readonly number[], settings: ImageSettings, box: object | undefined) => Promise<number[]>;

const [width, height] = [203, 151];

/** Waves with noise; a fourth channel, or a second, is transparent on the left. */
function waves(channels: 1 | 2 | 3 | 4, most: 255 | 65_535 = 255): Sharp {
  const random = new Random(3);
  const value = (x: number, y: number, c: number) =>
    c === 3 || (channels === 2 && c === 1)
      ? x / width
      : 0.5 + 0.4 * Math.sin(x / (7 + c)) * Math.cos(y / (5 + 2 * c)) + 0.1 * (random.uniform() - 0.5);
  const numbers = Array.from({ length: width * height * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    return most * value(pixel % width, Math.floor(pixel / width), i % channels);
  });
  const data = most === 255 ? Uint8Array.from(numbers) : Uint16Array.from(numbers);
  return sharp(data, { raw: { width, height, channels } });
}

const grey = (image: Sharp) => image.toColourspace('b-w');
const turned = (orientation: number) => waves(3).withMetadata({ orientation });

/** How far pixels may be apart, and how far on average; all others are the same. */
const files: readonly [name: string, image: Sharp, most?: number, mean?: number][] = [
  ['JPEG', waves(3).jpeg({ quality: 90, chromaSubsampling: '4:4:4' })],
  ['JPEG with a quarter of the colours', waves(3).jpeg({ quality: 90 })],
  ['progressive JPEG', waves(3).jpeg({ quality: 85, progressive: true })],
  ['grey JPEG', grey(waves(1)).jpeg({ quality: 90 })],
  ['PNG', waves(3).png()],
  ['grey PNG', grey(waves(1)).png()],
  ['PNG with a palette', waves(3).png({ palette: true })],
  ['16-bit PNG', waves(3, 65_535).toColourspace('rgb16').png(), 3, 0.6],
  ['lossless WebP', waves(3).webp({ lossless: true })],
  ['WebP', waves(3).webp({ quality: 85 })],
  ['transparent WebP', waves(4).webp({ quality: 85 })],
  // libvips cuts off what a browser rounds.
  ['transparent PNG', waves(4).png(), 3, 0.6],
  ['grey transparent PNG', grey(waves(2)).png(), 3, 0.6],
  ['JPEG in Display P3', waves(3).withIccProfile('p3').jpeg({ chromaSubsampling: '4:4:4' }), 3, 0.1],
  ['PNG in Display P3', waves(3).withIccProfile('p3').png(), 3, 0.1],
  ['GIF', waves(3).gif()],
  ['AVIF', waves(3).avif({ quality: 80 }), 3, 0.3],
  ...[2, 3, 4, 5, 6, 7, 8].map((orientation): [string, Sharp] => [
    `JPEG of orientation ${orientation}`,
    turned(orientation).jpeg(),
  ]),
  ['PNG of orientation 6', turned(6).png()],
  ['WebP of orientation 6', turned(6).webp({ lossless: true })],
];

describe.skipIf(!hasBrowser)('in a browser', () => {
  let site: StaticSite;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    site = await StaticSite.start(join(import.meta.dirname, '../dist'));
    browser = await launchBrowser();
    page = await browser.newPage();
    await page.goto(`${site.address}blank`);
    const content = `
      import { decodePixels } from '/apps/browser/decode-image.js';
      import { fitPixels } from '/apps/browser/fit-pixels.js';
      globalThis.fitted = async (bytes, settings, box) =>
        [...fitPixels(await decodePixels(Uint8Array.from(bytes), 'The image', { settings, box }), settings)];`;
    await page.addScriptTag({ type: 'module', content });
    await page.waitForFunction(() => 'fitted' in globalThis);
  });

  afterAll(async () => {
    await browser?.close();
    site?.close();
  });

  // All pixels; half and an eighth of each side of JPEG files; and parts, which are cut from all pixels.
  const settings: ImageSettings[] = [
    { size: 128, fit: 'fill' },
    { size: 34, fit: 'fill' },
    { size: 12, fit: 'fill' },
    { size: 64, fit: 'contain', resampling: 'pillow-bicubic' },
  ];

  const fitted = (bytes: Uint8Array, one: ImageSettings, box?: object): Promise<number[]> =>
    page.evaluate(([bytes, settings, box]) => (globalThis as unknown as { fitted: Fitted }).fitted(bytes, settings, box), [
      [...bytes],
      one,
      box,
    ] as const);

  it.each(files)('%s', async (_, image, most = 0, mean = 0) => {
    const file = await image.toBuffer();
    const box = { left: 0.25, top: 0.1, width: 0.5, height: 0.6 };
    for (const one of settings) {
      // WebP files are shrunk to any size while they are decoded.
      const parts = file.subarray(8, 12).toString() === 'WEBP' && !one.resampling ? [box] : [undefined, box];
      for (const part of parts) {
        const [found, wanted] = [await fitted(file, one, part), await decodeImage(file, { ...one, box: part })];
        expect(found.length).toBe(wanted.length);
        const apart = found.map((value, i) => Math.abs(value - (wanted[i] as number)));
        expect(Math.max(...apart)).toBeLessThanOrEqual(most);
        expect(apart.reduce((sum, value) => sum + value, 0) / apart.length).toBeLessThanOrEqual(mean);
      }
    }
  });

  it('reads an image in strips as it reads one at once', async () => {
    const data = Buffer.alloc(5000 * 900 * 3, 0).map((_, i) => (i * 7919) % 251);
    const file = await sharp(data, { raw: { width: 5000, height: 900, channels: 3 } })
      .png({ compressionLevel: 1 })
      .toBuffer();
    const one: ImageSettings = { size: 96, fit: 'fill' };
    expect(await fitted(file, one)).toEqual([...(await decodeImage(file, one))]);
  });
});
