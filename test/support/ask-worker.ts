/** Asks the worker of an export's own bundle, as `limn/browser` does. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

interface BrowserWorker {
  onmessage: (event: { data: { call?: number; result?: unknown; error?: { message: string } } }) => void;
  postMessage(message: unknown): void;
  terminate(): void;
}

/**
 * @param folder of the export
 * @param base address of the export
 * @param scripts where the worker's script is loaded from @default base
 * @returns the answers, of which those that failed are `{ error }`
 */
export async function askWorker<T>(
  page: Page,
  folder: string,
  calls: readonly [method: string, argument: unknown][],
  { base, scripts = base, cache = true }: { base: string; scripts?: string; cache?: boolean },
): Promise<T[]> {
  const script = (await readdir(join(folder, 'assets'))).find((name) => name.startsWith('worker-')) as string;
  return page.evaluate(
    async ({ script, calls, base, cache }) => {
      const scope = globalThis as unknown as { Worker: new (script: string, options: object) => BrowserWorker };
      const worker = new scope.Worker(script, { type: 'module' });
      const results: unknown[] = [];
      for (const [call, [method, argument]] of [['open', { base, cache }] as [string, unknown], ...calls].entries()) {
        results.push(
          await new Promise((done) => {
            worker.onmessage = ({ data }) => {
              if (data.call === call) done(data.error ? { error: data.error.message } : data.result);
            };
            // Bytes come here as lists of numbers.
            const given = argument as { references?: { bytes?: number[] }[] } | undefined;
            const references = given?.references?.map(({ bytes, ...one }) =>
              bytes ? { ...one, bytes: Uint8Array.from(bytes) } : one,
            );
            worker.postMessage({ call, method, argument: references ? { ...given, references } : argument });
          }),
        );
        const opened = results[0] as { error?: string };
        if (opened.error) break;
      }
      worker.terminate();
      return (results.length === 1 ? results : results.slice(1)) as never;
    },
    { script: new URL(`assets/${script}`, scripts).href, calls: [...calls], base, cache },
  );
}
