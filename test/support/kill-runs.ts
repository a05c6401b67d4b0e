/** Kills a command at random moments, goes on with it, and compares what it leaves in the end with a run that was not killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Random } from '../../src/core/random.js';
import { program } from './serving.js';

/** What was found of a scenario. */
export interface KillReport {
  /** Processes that ended by SIGKILL while they worked. */
  kills: number;
  /** Runs to the end, each after up to three kills. */
  runs: number;
  /** What is wrong: something lost, doubled, refused or left over. */
  problems: string[];
}

export interface KilledCommand {
  words: (name: string) => string[];
  /** More words where an earlier process has begun. @default none */
  goOn?: readonly string[];
  /** What the run called `name` has made, to be compared. */
  result: (name: string) => Promise<unknown>;
  /**
   * Whether the moment has come to kill the run for the first, second or third time (0, 1, 2), asked again and again.
   *
   * @default a random moment of the time that a run without a kill took
   */
  killWhen?: (name: string, kill: number) => Promise<boolean>;
  /** Where a run called `name` must leave the same files as one that was not killed. */
  folder: (name: string) => string;
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  error: string;
}

/** Starts the built program in `root`. */
export function startLimn(root: string, words: readonly string[], environment: Record<string, string> = {}) {
  const env = { ...process.env, LIMN_HOME: join(root, 'home'), LIMN_THREADS: '1', ...environment };
  const child: ChildProcess = spawn(process.execPath, [program, ...words], {
    cwd: root,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let error = '';
  child.stderr?.on('data', (chunk) => {
    error += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]): Ended => ({ code, signal, error }));
  return { child, ended, error: () => error };
}

/** Files of a folder and those in it; logs that were made anew have numbers of their own. */
export async function filesIn(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length));
  return files
    .map((file) => file.replace(/items-\d+/, 'items-N'))
    .sort()
    .join('\n');
}

/** Told of each kill: how many there were in the scenario, and what was killed. */
export type OnKill = (kills: number, what: string) => void;

/** @param kills how many, at least */
export async function killRuns(
  root: string,
  scenario: KilledCommand,
  kills: number,
  random: Random,
  onKill?: OnKill,
): Promise<KillReport> {
  const { words, goOn = [], result, folder, killWhen } = scenario;
  const begun = performance.now();
  const whole = await startLimn(root, words('whole')).ended;
  if (whole.code !== 0) throw new Error(whole.error);
  const time = performance.now() - begun;
  const wanted = JSON.stringify(await result('whole'));
  const files = await filesIn(folder('whole'));
  const report: KillReport = { kills: 0, runs: 0, problems: [] };
  for (let trial = 0; report.kills < kills && trial < 3 * kills; trial++) {
    const out = `trial-${trial}`;
    const wordsNow = async () => {
      const exists = (await filesIn(join(root, out))).split('\n').includes('/config.json');
      return [...words(out), ...(exists ? goOn : [])];
    };
    for (let kill = 0; kill < 3 && report.kills < kills; kill++) {
      const running = startLimn(root, await wordsNow());
      const started = performance.now();
      const after = time * (0.15 + 0.85 * random.uniform());
      const isTime = killWhen ?? (async () => performance.now() - started >= after);
      while (running.child.exitCode === null && running.child.signalCode === null && !(await isTime(out, kill)))
        await setTimeout(5);
      const lived = `${Math.round(performance.now() - started)} of ${Math.round(time)} ms`;
      running.child.kill('SIGKILL');
      const { signal, code, error } = await running.ended;
      if (signal === 'SIGKILL') {
        report.kills++;
        onKill?.(report.kills, `${out} after ${lived}`);
      } else if (code !== 0) report.problems.push(`${out} was refused: ${error}`);
      else break;
    }
    const last = await startLimn(root, await wordsNow()).ended;
    report.runs++;
    if (last.code !== 0) report.problems.push(`${out} was refused: ${last.error}`);
    else if (JSON.stringify(await result(out)) !== wanted) report.problems.push(`${out} has another result`);
    const left = await filesIn(folder(out));
    if (left !== files) report.problems.push(`${out} left over\n${left}\nand not\n${files}`);
    await rm(join(root, out), { recursive: true, force: true });
  }
  await rm(join(root, 'whole'), { recursive: true, force: true });
  return report;
}
