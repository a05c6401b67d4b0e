/** Asks the worker of an export's own bundle, as `limn/browser` does. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

interface BrowserWorker {
  onmessage: (event: { data: { call?: number; result?: unknown; error?: { message: string } } }) => void;
  postMessage(message: unknown): void;
  terminate(): void;
}

/** References' bytes are given as a text, `base64`. */
export type Call = readonly [method: string, argument: unknown];

export interface Answer {
  readonly milliseconds: number;
  /** `{ error }` where the call failed. */
  readonly answer: never;
}

export interface AskOptions {
  /** Address of the export. */
  base: string;
  /** Where the worker's script is loaded from. @default base */
  scripts?: string;
  /** @default true */
  cache?: boolean;
  /** @default what the browser has */
  device?: 'wasm' | 'webgpu';
}

/**
 * The worker stays until the page asks a new one, so that its memory can be looked at.
 *
 * @param folder of the export
 * @returns of "open", and of the calls after it unless it failed
 */
export async function timeWorker(
  page: Page,
  folder: string,
  calls: readonly Call[],
  { base, scripts = base, ...options }: AskOptions,
): Promise<Answer[]> {
  const script = (await readdir(join(folder, 'assets'))).find((name) => name.startsWith('worker-')) as string;
  const opening: Call = ['open', { base, ...options }];
  return page.evaluate(
    async ({ script, calls }) => {
      const scope = globalThis as unknown as { Worker: new (script: string, options: object) => BrowserWorker };
      const kept = globalThis as { limnWorker?: BrowserWorker };
      kept.limnWorker?.terminate();
      const worker = new scope.Worker(script, { type: 'module' });
      kept.limnWorker = worker;
      const bytesOf = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      const answers: { milliseconds: number; answer: never }[] = [];
      for (const [call, [method, argument]] of calls.entries()) {
        const given = argument as { references?: { base64?: string }[] } | undefined;
        const references = given?.references?.map(({ base64, ...one }) => (base64 ? { ...one, bytes: bytesOf(base64) } : one));
        const start = performance.now();
        const answer = await new Promise((done) => {
          worker.onmessage = ({ data }) => {
            if (data.call === call) done(data.error ? { error: data.error.message } : data.result);
          };
          worker.postMessage({ call, method, argument: references ? { ...given, references } : argument });
        });
        answers.push({ milliseconds: performance.now() - start, answer: answer as never });
        if (call === 0 && (answer as { error?: string }).error) break;
      }
      return answers;
    },
    { script: new URL(`assets/${script}`, scripts).href, calls: [opening, ...calls] },
  );
}

/** @returns of the calls alone, or of "open" where it failed */
export async function askWorker<T>(page: Page, folder: string, calls: readonly Call[], options: AskOptions): Promise<T[]> {
  const answers = (await timeWorker(page, folder, calls, options)).map(({ answer }) => answer as T);
  return answers.length === 1 ? answers : answers.slice(1);
}
