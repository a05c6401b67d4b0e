/** Building or searching one store in a process of its own, whose peak of memory is that of this work alone. */
import { fork } from 'node:child_process';
import { workerScript } from './paths.js';

export interface StoreTask {
  /** memory, lancedb, pglite, or the address of a PostgreSQL. */
  store: string;
  folder: string;
  /** The gallery's vectors, float32, and behind them the queries. */
  file: string;
  count: number;
  queries: number;
  /** The larger number of hits that is asked for. */
  most: number;
}

export interface Built {
  /** Seconds. */
  write: number;
  optimise: number;
  memoryMiB: number;
  diskMiB: number | null;
}

/** Searches of one kind: what each query found, best first, and milliseconds. */
export interface Searches {
  found: number[][];
  times: { p50: number; p99: number };
}

export interface Searched {
  /** Ten hits, `most` hits, and ten hits of the items that pass a filter. */
  searches: Record<'ten' | 'all' | 'filtered', Searches>;
  openSeconds: number;
  memoryMiB: number;
  diskMiB: number | null;
}

interface Phases {
  build: Built;
  search: Searched;
}

/** @param task what store-side.ts is to do @returns what it measured */
export async function inProcess<Phase extends keyof Phases>(phase: Phase, task: StoreTask): Promise<Phases[Phase]> {
  const child = fork(workerScript('store-side'));
  child.send({ phase, ...task });
  let result: (Phases[Phase] & { error?: string }) | undefined;
  child.once('message', (message) => {
    result = message as Phases[Phase];
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (!result || result.error) throw new Error(result?.error ?? `the process of ${task.store} ended with ${code}`);
  return result;
}
