/**
 * Searching an export in headless Chromium: the first result, searches after it, and drawn galleries of several sizes.
 *
 *     npm run bench -- browser --export FOLDER [--sizes 2000,20000,100000 --width 512 --turns 40]
 *
 * The folder is one of `limn export --static`. Results go to bench/results/browser.json and into docs/browser.md.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import type { ExportManifest } from '#limn/search/export/format.js';
import type { Call } from '../../test/support/ask-worker.js';
import { askWorker, peakOfPages, withPage } from '../lib/ask-worker.js';
import type { BrowserSize } from '../lib/browser-table.js';
import { drawExport } from '../lib/drawn-export.js';
import { reportFailure } from '../lib/report-failure.js';
import { saveResult } from '../lib/save-result.js';
import { median, rounded } from '../lib/statistics.js';
import { writeBrowserTable } from '../lib/write-browser-table.js';

const { values: flags } = parseArgs({
  options: {
    export: { type: 'string' },
    sizes: { type: 'string', default: '2000,20000,100000' },
    width: { type: 'string', default: '512' },
    turns: { type: 'string', default: '40' },
  },
});
const [turns, width] = [Number(flags.turns), Number(flags.width)];
const middle = (times: readonly { milliseconds: number }[]) => rounded(median(times.map(({ milliseconds }) => milliseconds)), 1);

async function speedOf(folder: string, page: Page, address: string) {
  const start = performance.now();
  await page.goto(address);
  await page.locator('.example').first().click();
  await page.locator('#results[aria-busy="false"] .card b').first().waitFor();
  const firstResult = Math.round(performance.now() - start);
  const [opened, list] = await askWorker(page, folder, address, [['items', { limit: 200 }]]);
  const ids = (list!.answer as { items: { id: string }[] }).items.map(({ id }) => id);
  const texts = ['in red', 'in blue', 'with stripes', 'shorter', 'with long sleeves', 'in green'];
  const searches = Array.from({ length: turns }, (_, i): Call => {
    return ['search', { references: [{ id: ids[i] }], texts: [texts[i % texts.length]] }];
  });
  const one = { references: [{ id: ids[0] }], texts: ['in red'] };
  const factors = (opened!.answer as { factors: string[] }).factors.length;
  const moves = Array.from({ length: turns }, (_, i): Call => {
    return ['search', { ...one, weights: Array.from({ length: factors }, (_, k) => (k === i % factors ? 1 : 1 / factors)) }];
  });
  const times = (await askWorker(page, folder, address, [['prepare', undefined], ['search', one], ...searches, ...moves])).slice(
    3,
  );
  return { firstResult, textSearch: middle(times.slice(0, turns)), weightMove: middle(times.slice(turns)) };
}

/** @param from the export whose page and model are taken */
async function sizeOf(from: string, folder: string, images: number): Promise<BrowserSize> {
  await mkdir(folder, { recursive: true });
  const vectors = await drawExport(from, folder, images, width);
  const { files, page: assets } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as ExportManifest;
  const { columns: _, webgpu, queryAttention, galleryAttention, ...needed } = files;
  const others = [...Object.values(needed), ...assets].reduce((sum, file) => sum + (file?.bytes ?? 0), 0);
  const calls = Array.from({ length: turns }, (_, i): Call => {
    return ['search', { references: [{ id: `i${String((i * 2477) % images).padStart(7, '0')}` }] }];
  });
  const [answers, peak] = await withPage(folder, async (page, address, browser) => {
    await page.goto(`${address}manifest.json`);
    const answered = await askWorker(page, folder, address, [['prepare', undefined], ...calls]);
    return [answered, await peakOfPages(browser)] as const;
  });
  const [opened, loaded, ...scans] = answers;
  return {
    images,
    vectors,
    download: vectors + others,
    open: Math.round(opened!.milliseconds),
    load: Math.round(loaded!.milliseconds),
    scan: middle(scans),
    peak,
  };
}

const scratch = await mkdtemp(join(tmpdir(), 'limn-bench-browser-'));
try {
  if (flags.export === undefined) throw new Error('Give --export, a folder of "limn export --static".');
  const folder = flags.export;
  const speed = await withPage(folder, (page, address) => speedOf(folder, page, address));
  const sizes: BrowserSize[] = [];
  for (const images of flags.sizes.split(',').map(Number)) {
    sizes.push(await sizeOf(folder, join(scratch, String(images)), images));
    console.log(JSON.stringify(sizes.at(-1)));
  }
  const result = { options: { width, turns }, ...speed, sizes };
  console.log(JSON.stringify(result));
  await saveResult('browser', result);
  await writeBrowserTable();
} catch (error) {
  reportFailure(error);
} finally {
  await rm(scratch, { recursive: true, force: true });
}
