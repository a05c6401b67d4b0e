/** Asks the worker of an export's page in a browser of its own, and times it. */
import { readFileSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { type Answer, type Call, timeWorker } from '../../test/support/ask-worker.js';
import { StaticSite } from '../../test/support/static-site.js';

/** WebGPU on a driver that computes on the processor, where there is no GPU. */
const emulatedGpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'];

/** A page of a browser of its own, whose process has had nothing else in memory, beside a folder over HTTP. Both end with the work. */
export async function withPage<T>(
  folder: string,
  work: (page: Page, address: string, browser: Browser) => Promise<T>,
  device: 'wasm' | 'webgpu' = 'wasm',
): Promise<T> {
  const executablePath = process.env.LIMN_CHROMIUM ?? '/usr/bin/chromium';
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', ...(device === 'wasm' ? ['--disable-gpu'] : emulatedGpu)],
  });
  const site = await StaticSite.start(folder);
  try {
    const page = await browser.newPage();
    // On a busy machine a first visit takes longer than the usual wait.
    page.setDefaultTimeout(180_000);
    return await work(page, site.address, browser);
  } finally {
    await browser.close();
    site.close();
  }
}

/** Calls of a new worker one after the other, "open" first. @throws Error for an answer that is one */
export async function askWorker(
  page: Page,
  folder: string,
  base: string,
  calls: readonly Call[],
  device: 'wasm' | 'webgpu' = 'wasm',
): Promise<Answer[]> {
  const answers = await timeWorker(page, folder, calls, { base, cache: false, device });
  const failed = answers.find(({ answer }) => (answer as { error?: unknown } | undefined)?.error);
  if (failed) throw new Error(JSON.stringify(failed.answer));
  return answers;
}

/** The most memory that a page's process had, in MiB, where there is /proc. */
export async function peakOfPages(browser: Browser): Promise<number | null> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const peaks = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => peakOf(id));
  return peaks.length === 0 ? null : Math.round(Math.max(...peaks));
}

function peakOf(process: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${process}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
