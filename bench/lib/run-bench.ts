/** Runs another bench to its end, with what it prints on stderr. */
import { spawn, spawnSync } from 'node:child_process';
import { benchFiles, benchScript } from './bench-files.js';

const secondsOfSilence = 30;

/** Whether the Python of the rivals has a module. */
export const hasPython = (name: string): boolean =>
  spawnSync(process.env.LIMN_PYTHON ?? 'python3', ['-c', `import ${name}`]).status === 0;

export interface RunOptions {
  /** For results, in place of bench/results. */
  folder?: string | undefined;
  /** Is called every half minute. */
  waiting: () => void;
}

/**
 * @param name as `npm run bench -- NAME` takes it
 * @returns what went wrong, or nothing
 */
export async function runBench(
  name: string,
  args: readonly string[],
  { folder, waiting }: RunOptions,
): Promise<string | undefined> {
  const file = benchFiles[name];
  if (!file) return `there is no bench "${name}"`;
  const child = spawn(process.execPath, [benchScript(file), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(folder ? { LIMN_BENCH_RESULTS: folder } : {}) },
  });
  let said = '';
  child.stdout.pipe(process.stderr, { end: false });
  child.stderr.on('data', (text) => {
    said = `${said}${text}`.slice(-10_000);
    process.stderr.write(text);
  });
  const timer = setInterval(waiting, 1000 * secondsOfSilence);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('close', (...end) => resolve(end));
  });
  clearInterval(timer);
  if (code === 0) return undefined;
  const lines = said.trim().split('\n');
  const ours = lines.findLast((line) => line.startsWith('bench: '))?.slice('bench: '.length);
  return ours ?? lines.find((line) => /^\w*Error\b.*:/.test(line)) ?? (lines.at(-1) || `it ended with ${signal ?? code}`);
}
