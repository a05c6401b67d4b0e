/** `limn serve` as a process of its own, for tests that meet it over its sockets and end it in all ways. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { LimnClient } from '../../src/apps/client/index.js';

export const program = resolve(import.meta.dirname, '../../dist/apps/cli/main.js');

export interface Serving {
  url: string;
  client: LimnClient;
  /** What it has logged. */
  log(): string;
  kill(signal: NodeJS.Signals): void;
  /** Its exit code; null where a signal ended it. */
  ended: Promise<number | null>;
}

/** Starts the built program and waits for the address that it prints. @param home LIMN_HOME, and the folder that it runs in */
export async function startServing(home: string, ...words: string[]): Promise<Serving> {
  const env = { ...process.env, LIMN_HOME: home, LIMN_THREADS: '1' };
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', ...words], { cwd: home, env });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const url = await new Promise<string>((found, failed) => {
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
      const line = /^limn serve: (\S+)$/m.exec(out)?.[1];
      if (line) found(line);
    });
    void ended.then(() => failed(new Error(`ended before it served: ${log}`)));
  });
  return { url, client: new LimnClient({ url }), log: () => log, kill: (signal) => void child.kill(signal), ended };
}
