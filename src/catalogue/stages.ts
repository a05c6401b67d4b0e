/** The stages of learning a catalogue: which are done, kept in the folder, and how long the others will take. */
import { existsSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readSealedJson, sealed } from '../core/checksum.js';
import { LimnError, messageOf } from '../core/errors.js';
import { makeFolder, writeFileAtomic } from '../core/files.js';
import { holderOf, type Lock, takeLock } from '../core/lock.js';
import type { OnProgress } from '../core/progress.js';

const format = 'limn-learn-1';
const stateFile = 'learn.json';

interface State {
  format: string;
  /** What the folder was begun with. */
  made: Record<string, unknown>;
  /** What each finished stage has found. */
  stages: Record<string, unknown>;
  /** Seconds of work so far, over all calls. */
  seconds: number;
}

/** The folder of a catalogue that is learned; one process at a time works in it. */
export class StageFolder {
  private since = performance.now();

  private constructor(
    readonly path: string,
    private readonly state: State,
    private readonly lock: Lock,
  ) {}

  /** @throws LimnError USAGE for a folder that was begun with other options, or in which another process works; DATA for a damaged one */
  static async open(path: string, made: Record<string, unknown>): Promise<StageFolder> {
    await makeFolder(path).catch((cause) => {
      throw new LimnError(
        'IO',
        `Cannot make the folder ${path}: ${messageOf(cause)}. Choose another --out, or check your rights.`,
        { cause, details: { path } },
      );
    });
    const lockFile = join(path, 'learn.lock');
    const lock = await takeLock(lockFile);
    if (!lock) {
      const { pid, host } = await holderOf(lockFile);
      throw new LimnError('USAGE', `Process ${pid} on ${host} is using ${path}: wait until it has ended, or give another --out.`);
    }
    try {
      return new StageFolder(path, await readState(path, made), lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  get seconds(): number {
    return this.state.seconds + (performance.now() - this.since) / 1000;
  }

  has(stage: string): boolean {
    return stage in this.state.stages;
  }

  /** What the stage found before, or finds now and keeps. */
  async once<T>(stage: string, work: () => Promise<T>): Promise<T> {
    if (!this.has(stage)) {
      this.state.stages[stage] = await work();
      await this.save();
    }
    return this.state.stages[stage] as T;
  }

  /** Where nothing was finished, nothing is left. */
  async close(): Promise<void> {
    const isEmpty = Object.keys(this.state.stages).length === 0;
    await (isEmpty ? rm(this.file, { force: true }) : this.save()).finally(() => this.lock.release());
    if (isEmpty) await rmdir(this.path).catch(() => {});
  }

  private get file(): string {
    return join(this.path, stateFile);
  }

  private async save(): Promise<void> {
    this.state.seconds = this.seconds;
    this.since = performance.now();
    // As JSON has it, so that the checksum is that of what is read again.
    const plain = JSON.parse(JSON.stringify(this.state)) as State;
    await writeFileAtomic(this.file, `${JSON.stringify(sealed(plain), undefined, 1)}\n`);
  }
}

async function readState(path: string, made: Record<string, unknown>): Promise<State> {
  const file = join(path, stateFile);
  const wanted = JSON.parse(JSON.stringify(made)) as Record<string, unknown>;
  if (!existsSync(file)) return { format, made: wanted, stages: {}, seconds: 0 };
  const state = (await readSealedJson(file, 'how far a catalogue was learned')) as State;
  if (state?.format !== format) {
    throw new LimnError('DATA', `${file} was written by another version of limn: give another --out.`, {
      details: { path: file },
    });
  }
  const keys = [...new Set([...Object.keys(wanted), ...Object.keys(state.made)])];
  const other = keys.filter((key) => JSON.stringify(wanted[key]) !== JSON.stringify(state.made[key]));
  if (other.length === 0) return state;
  const shown = (value: unknown) => JSON.stringify(value ?? 'nothing').slice(0, 80);
  const differences = other.map((key) => `${key} was ${shown(state.made[key])} and is ${shown(wanted[key])}`).join('; ');
  const message = `${path} was started with other settings (${differences}): give another --out, or the former settings.`;
  throw new LimnError('USAGE', message, { details: { path, other } });
}

/** Adds to every event how long all stages together will still take. */
export class WholeTime {
  private readonly expected = new Map<string, number>();
  private current: { stage: string; since: number; projected?: number } | undefined;

  /** @param onProgress undefined where nobody looks @param now seconds, from any start */
  constructor(
    private readonly onProgress: OnProgress | undefined,
    private readonly now: () => number = () => performance.now() / 1000,
  ) {}

  /** @param seconds what a stage that is yet to be done is expected to take */
  expect(stage: string, seconds: number): void {
    this.expected.set(stage, seconds);
  }

  /** Runs a stage. Where it reports progress under its own name, how far that is tells how long it takes. */
  async in<T>(stage: string, work: (onProgress: OnProgress | undefined) => Promise<T>): Promise<T> {
    this.current = { stage, since: this.now() };
    const { onProgress } = this;
    let first: { at: number; done: number } | undefined;
    const tell: OnProgress = (event) => {
      if (event.stage === stage) {
        first ??= { at: this.now(), done: event.done };
        const done = event.done - first.done;
        const left = done > 0 ? ((this.now() - first.at) / done) * (event.total - event.done) : undefined;
        if (this.current && left !== undefined) this.current.projected = left;
      }
      onProgress?.({ ...event, leftInAll: this.left() });
    };
    try {
      return await work(onProgress && tell);
    } finally {
      this.expected.delete(stage);
      this.current = undefined;
    }
  }

  /** Seconds. */
  left(): number {
    const { current, expected } = this;
    const all = [...expected.values()].reduce((sum, seconds) => sum + seconds, 0);
    if (!current) return all;
    const own = expected.get(current.stage) ?? 0;
    return all - own + (current.projected ?? Math.max(0, own - (this.now() - current.since)));
  }
}
