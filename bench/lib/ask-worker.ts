/** Asks the worker of an export's page, as `limn/browser` does, from a page of headless Chromium. */
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { serveFolder } from './file-server.js';

export type Call = [method: string, argument: unknown];

export interface Answer {
  milliseconds: number;
  answer: never;
}

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
  const served = await serveFolder(folder);
  try {
    const page = await browser.newPage();
    // On a busy machine a first visit takes longer than the usual wait.
    page.setDefaultTimeout(180_000);
    return await work(page, served.address, browser);
  } finally {
    await browser.close();
    await served.close();
  }
}

/** Calls of a new worker one after the other, "open" first. References' bytes come as base64. @throws Error for an answer that is one */
export async function askWorker(
  page: Page,
  folder: string,
  base: string,
  calls: readonly Call[],
  device: 'wasm' | 'webgpu' = 'wasm',
): Promise<Answer[]> {
  const script = (await readdir(join(folder, 'assets'))).find((name) => name.startsWith('worker-')) as string;
  const answers = await page.evaluate(
    async ({ script, calls, base, device }) => {
      const scope = globalThis as unknown as { Worker: new (url: URL, options: object) => Record<string, unknown> };
      const worker = new scope.Worker(new URL(`assets/${script}`, base), { type: 'module' }) as {
        onmessage: unknown;
        postMessage(message: unknown): void;
      };
      // It stays, so that its memory is still there when it is read.
      (globalThis as { limnWorker?: unknown }).limnWorker = worker;
      const bytesOf = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      const results: { milliseconds: number; answer: never }[] = [];
      for (const [call, [method, argument]] of [['open', { base, cache: false, device }] as Call, ...calls].entries()) {
        const given = argument as { references?: { base64?: string }[] } | undefined;
        const references = given?.references?.map(({ base64, ...one }) => (base64 ? { ...one, bytes: bytesOf(base64) } : one));
        const start = performance.now();
        const answer = await new Promise((done) => {
          worker.onmessage = ({ data }: { data: { call?: number; result?: unknown; error?: unknown } }) => {
            if (data.call === call) done(data.error ? { error: data.error } : data.result);
          };
          worker.postMessage({ call, method, argument: references ? { ...given, references } : argument });
        });
        results.push({ milliseconds: performance.now() - start, answer: answer as never });
      }
      return results;
    },
    { script, calls: [...calls], base, device },
  );
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
