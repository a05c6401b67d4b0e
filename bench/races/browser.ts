/**
 * Searching an export in headless Chromium: the first result, searches after it, and a scan of many vectors.
 *
 *     npm run bench -- browser -- --export FOLDER [--images 100000 --width 512 --turns 40]
 *
 * The folder is one of `limn export --static`. Results go to bench/results/browser.json.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { drawExport } from '../lib/drawn-export.js';
import { serveFolder } from '../lib/file-server.js';
import { reportFailure } from '../lib/report-failure.js';
import { saveResult } from '../lib/save-result.js';

const { values: flags } = parseArgs({
  options: {
    export: { type: 'string' },
    images: { type: 'string', default: '100000' },
    width: { type: 'string', default: '512' },
    turns: { type: 'string', default: '40' },
  },
});
const turns = Number(flags.turns);

/** Calls of a new worker one after the other: milliseconds and answers. */
async function ask(page: Page, script: string, base: string, calls: readonly [method: string, argument: unknown][]) {
  return page.evaluate(
    async ({ script, calls, base }) => {
      const scope = globalThis as unknown as { Worker: new (url: URL, options: object) => Record<string, unknown> };
      const worker = new scope.Worker(new URL(`assets/${script}`, base), { type: 'module' }) as {
        onmessage: unknown;
        postMessage(message: unknown): void;
        terminate(): void;
      };
      const results: { milliseconds: number; answer: never }[] = [];
      const all = [['open', { base, cache: false }] as [string, unknown], ...calls];
      for (const [call, [method, argument]] of all.entries()) {
        const start = performance.now();
        const answer = await new Promise((done) => {
          worker.onmessage = ({ data }: { data: { call?: number; result?: unknown; error?: unknown } }) => {
            if (data.call === call) done(data.error ? { error: data.error } : data.result);
          };
          worker.postMessage({ call, method, argument });
        });
        results.push({ milliseconds: performance.now() - start, answer: answer as never });
      }
      worker.terminate();
      return results;
    },
    { script, calls: [...calls], base },
  );
}

const median = (values: readonly number[]) => Number([...values].sort((a, b) => a - b)[values.length >> 1]?.toFixed(1));

const scratch = await mkdtemp(join(tmpdir(), 'limn-bench-browser-'));
try {
  if (flags.export === undefined) throw new Error('Give --export, a folder of "limn export --static".');
  const browser = await chromium.launch({
    executablePath: process.env.LIMN_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const script = (await readdir(join(flags.export, 'assets'))).find((name) => name.startsWith('worker-')) as string;
  const served = await serveFolder(flags.export);
  const context = await browser.newContext();
  const page = await context.newPage();
  const start = performance.now();
  await page.goto(served.address);
  await page.locator('.example').first().click();
  await page.locator('#results[aria-busy="false"] .card b').first().waitFor();
  const firstResult = Math.round(performance.now() - start);
  const found = await ask(page, script, served.address, [['items', { limit: 200 }]]);
  const ids = (found[1]!.answer as { items: { id: string }[] }).items.map(({ id }) => id);
  const texts = ['in red', 'in blue', 'with stripes', 'shorter', 'with long sleeves', 'in green'];
  const searches = Array.from({ length: turns }, (_, i): [string, unknown] => {
    return ['search', { references: [{ id: ids[i] }], texts: [texts[i % texts.length]] }];
  });
  const one = { references: [{ id: ids[0] }], texts: ['in red'] };
  const factors = (found[0]!.answer as { factors: string[] }).factors.length;
  const moves = Array.from({ length: turns }, (_, i): [string, unknown] => {
    return ['search', { ...one, weights: Array.from({ length: factors }, (_, k) => (k === i % factors ? 1 : 1 / factors)) }];
  });
  const measured = await ask(page, script, served.address, [['prepare', undefined], ['search', one], ...searches, ...moves]);
  const times = measured.slice(3).map(({ milliseconds }) => milliseconds);
  const failed = measured.find(({ answer }) => (answer as { error?: unknown } | undefined)?.error);
  if (failed) throw new Error(JSON.stringify(failed.answer));
  await served.close();

  const [count, width] = [Number(flags.images), Number(flags.width)];
  const bytes = await drawExport(flags.export, scratch, count, width);
  const large = await serveFolder(scratch);
  await page.goto(large.address);
  const drawn = Array.from({ length: turns }, (_, i): [string, unknown] => {
    return ['search', { references: [{ id: `i${String((i * 2477) % count).padStart(7, '0')}` }] }];
  });
  const scans = await ask(page, script, large.address, [['prepare', undefined], ...drawn]);
  await large.close();
  await browser.close();
  const result = {
    options: { images: count, width, turns },
    firstResult,
    textSearch: median(times.slice(0, turns)),
    weightMove: median(times.slice(turns)),
    scan: median(scans.slice(2).map(({ milliseconds }) => milliseconds)),
    open: Math.round(scans[0]?.milliseconds ?? 0),
    load: Math.round(scans[1]?.milliseconds ?? 0),
    fetched: bytes,
  };
  console.log(JSON.stringify(result));
  await saveResult('browser', result);
} catch (error) {
  reportFailure(error);
} finally {
  await rm(scratch, { recursive: true, force: true });
}
