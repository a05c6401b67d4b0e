/** The contestants as child processes that compute only when told to. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { inCheckout, workerScript } from './paths.js';
import { rounded, type Summary, summary } from './statistics.js';

/** What a side says first; each says what its race needs. */
export interface Ready {
  /** Numbers in its weights. */
  parameters?: number;
  /** Of its training graph, by kind. */
  nodes?: unknown;
  /** Of the library that it races with. */
  version?: string;
  /** Operations of a step. */
  operations?: number;
  /** The rows that each query found, best first. */
  found?: number[][];
  /** The features of the first image. */
  first?: number[];
  /** Inverted lists, and how many of them a search looks at. */
  lists?: number;
  looked?: number;
}

/** What a side answers when it has worked: ms of each step, and ms of all threads in all. */
export interface StepTimes {
  times: number[];
  cpu: number;
  peakBytes: number;
}

export interface Side {
  name: string;
  ready: Ready;
  ask<Answer = StepTimes>(request: object): Promise<Answer>;
  /** Lets it finish, or stops it at once. */
  end(options?: { kill?: boolean }): Promise<void>;
}

interface Command {
  name: string;
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
}

/** Starts a side; `ask(request)` lets it work and resolves with its answer. */
async function start({ name, command, args, env }: Command): Promise<Side> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise<never>((_, reject) => {
    child.on('error', (error) => reject(new Error(`${name} cannot start: ${error.message}`)));
  });
  failed.catch(() => {});
  const answer = async () => {
    const { value, done } = await Promise.race([lines.next(), failed]);
    if (done) throw new Error(`${name} ended before it answered`);
    const message = JSON.parse(value);
    if (message.error) throw new Error(message.error);
    return message;
  };
  const ready = await answer().catch((error) => {
    child.kill();
    throw error;
  });
  return {
    name,
    ready,
    ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return answer();
    },
    async end({ kill = false } = {}) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = new Promise((resolve) => child.on('exit', resolve));
      child.stdin.end();
      if (kill) child.kill();
      await exit;
    },
  };
}

/** What each side is started with, beside its own options. */
export interface SideOptions {
  threads: number;
}

/** A script of bench/workers as a side. */
export const startNode = <Options extends SideOptions>(name: string, script: string, options: Options): Promise<Side> =>
  start({
    name,
    command: process.execPath,
    args: [workerScript(script), JSON.stringify(options)],
    env: { LIMN_THREADS: String(options.threads) },
  });

export const startLimn = <Options extends SideOptions>(options: Options, script = 'training-side'): Promise<Side> =>
  startNode('limn', script, options);

/** A script of bench/python as a side. The Python is `LIMN_PYTHON`, or python3. */
export const startPython = <Options extends SideOptions>(name: string, script: string, options: Options): Promise<Side> =>
  start({
    name,
    command: process.env.LIMN_PYTHON ?? 'python3',
    args: [inCheckout(`bench/python/${script}`), JSON.stringify(options)],
    env: { OMP_NUM_THREADS: String(options.threads), ...(name === 'PyTorch' ? { OMP_WAIT_POLICY: 'passive' } : {}) },
  });

export const startPytorch = <Options extends SideOptions>(options: Options, script: string): Promise<Side> =>
  startPython('PyTorch', script, options);

export interface Turns {
  rounds: number;
  steps: number;
  /** Steps of each side that are not measured. */
  warmup: number;
}

/** What a side was measured to take. */
export interface Measured {
  milliseconds: Summary;
  /** Of all threads, spinning included, a step. */
  cpuMilliseconds: number;
  peakMiB: number;
  parameters?: number;
  version?: string;
  times: number[];
}

/** Lets sides work in turns, so that what else the machine does hurts all alike; an idle side computes nothing. */
export async function takeTurns(sides: readonly Side[], { rounds, steps, warmup }: Turns): Promise<Measured[]> {
  const works = sides.map((side) => ({ side, times: [] as number[], cpu: 0, steps: 0, peakBytes: 0 }));
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const work of works) {
        const { times, peakBytes, cpu } = await work.side.ask({ steps: round === 0 ? warmup : steps });
        work.peakBytes = peakBytes;
        if (round > 0) {
          work.times.push(...times);
          work.cpu += cpu;
          work.steps += steps;
        }
        // Threads that still spin for their next task come to rest before the other side's turn.
        await sleep(300);
      }
    }
  } finally {
    for (const side of sides) await side.end({ kill: works.some(({ times }) => times.length === 0) });
  }
  return works.map(({ side: { ready }, times, cpu, steps: taken, peakBytes }) => ({
    milliseconds: summary(times),
    cpuMilliseconds: rounded(cpu / taken),
    peakMiB: Math.round(peakBytes / 2 ** 20),
    ...(ready.parameters === undefined ? {} : { parameters: ready.parameters }),
    ...(ready.version === undefined ? {} : { version: ready.version }),
    times: times.map((time) => rounded(time)),
  }));
}
