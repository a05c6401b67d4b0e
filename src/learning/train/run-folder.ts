/**
 * The folder of a run: config.json, metrics.ndjson, checkpoints/ and, when there is a best epoch, model/. One process at a time works in
 * it: it holds `run.lock`, and whoever holds that removes what a killed process was writing.
 */

import { access, open, readFile, realpath, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readSealedJson, sealed } from '../../core/checksum.js';
import { LimnError, messageOf } from '../../core/errors.js';
import { makeFolder, writeError, writeFileAtomic } from '../../core/files.js';
import { presentNames } from '../../core/former-names.js';
import { sweepTemporary } from '../../core/leftovers.js';
import { holderOf, type Lock, takeLock } from '../../core/lock.js';
import { decodeSafetensors, encodeSafetensors } from '../../engine/tensor/safetensors.js';
import type { Tensor } from '../../engine/tensor/tensor.js';

/** The best validation so far. */
export interface Best {
  /** From 1. */
  epoch: number;
  score: number;
  values: Record<string, number>;
}

/** Where a training stands, beside its tensors. */
export interface TrainingState {
  /** Steps done. */
  step: number;
  /** Bytes of metrics.ndjson that belong to these steps. */
  metricsBytes: number;
  best?: Best;
  /** Seconds of training so far, over all runs. */
  seconds: number;
}

/** What a training goes on from. */
type Schemas = Readonly<Record<string, z.ZodType>>;

/** When the config of a resumed run counts as that of the run in the folder. */
export interface SamenessOptions {
  /** Keys of the config's `training` that may differ; the new values are kept. @default none */
  changeable?: readonly string[];
  /** Told what differs in them. @default nobody */
  onChange?: (what: string) => void;
  /** Of parts of the config by their keys, which know the defaults. @default none */
  schemas?: Schemas;
}

export interface Checkpoint {
  tensors: Record<string, Tensor>;
  trainingState: TrainingState;
  /** Bytes of metrics.ndjson that were there at the checkpoint and no longer are. */
  metricsLost: number;
}

const trainingStateSchema = z.strictObject({
  step: z.int().nonnegative(),
  metricsBytes: z.int().nonnegative(),
  best: z.strictObject({ epoch: z.number(), score: z.number(), values: z.record(z.string(), z.number()) }).optional(),
  seconds: z.number(),
});

export class RunFolder {
  private lock: Lock | undefined;

  private constructor(readonly path: string) {}

  private get metrics(): string {
    return join(this.path, 'metrics.ndjson');
  }

  private get checkpoint(): string {
    return join(this.path, 'checkpoints', 'last.safetensors');
  }

  get model(): string {
    return join(this.path, 'model');
  }

  /**
   * Opens the folder of a new run, or of an old one to be resumed, and takes its lock until {@link close}.
   * What an old one does not say has its default.
   *
   * @throws LimnError USAGE when the folder holds a run and `resume` is not set, or another process works in it; CONFIG when the run in it
   * was configured otherwise
   */
  static async open(path: string, given: object, resume: boolean, options: SamenessOptions = {}): Promise<RunFolder> {
    // What is read has the present names, and so must be what it is compared with.
    const config = presentNames(given);
    const folder = new RunFolder(path);
    const file = join(path, 'config.json');
    await makeFolder(path).catch((cause) => {
      throw new LimnError(
        'IO',
        `Cannot make the run folder ${path}: ${messageOf(cause)}. Choose another --out, or check your rights.`,
        { cause },
      );
    });
    await folder.take();
    try {
      const exists = await access(file).then(
        () => true,
        () => false,
      );
      await makeFolder(join(path, 'checkpoints')).catch((cause) => {
        throw writeError(join(path, 'checkpoints'), cause);
      });
      if (exists) await requireSame(path, file, config, resume, options);
      else await writeConfig(file, config);
      await sweepTemporary(path, { deep: true });
      return folder;
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  /** Lets other processes work in the folder. */
  async close(): Promise<void> {
    const { lock } = this;
    this.lock = undefined;
    await lock?.release();
  }

  private async take(): Promise<void> {
    const lock = join(await realpath(this.path), 'run.lock');
    this.lock = await takeLock(lock);
    if (this.lock) return;
    const { pid, host } = await holderOf(lock);
    const who =
      pid === process.pid ? 'this very process' : `the process ${pid ?? 'of an unreadable lock'} on ${host ?? 'a machine'}`;
    const message = `The run in ${this.path} is being worked on by ${who}: wait until that has ended, or choose another --out. If no such process is running, remove ${lock}.`;
    throw new LimnError('USAGE', message, { details: { lock, pid, host } });
  }

  /** The last checkpoint, or undefined where none was written yet. */
  async loadCheckpoint(): Promise<Checkpoint | undefined> {
    const saved = await this.readCheckpoint();
    // Lines after the checkpoint will be written again.
    const { size } = await stat(this.metrics).catch(() => ({ size: 0 }));
    const kept = saved?.trainingState.metricsBytes ?? 0;
    if (size > kept) await truncate(this.metrics, kept);
    return saved && { ...saved, metricsLost: Math.max(0, kept - size) };
  }

  /** The checkpoint as it is, without going on from it. */
  async readCheckpoint(): Promise<Omit<Checkpoint, 'metricsLost'> | undefined> {
    const bytes = await readFile(this.checkpoint).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw new LimnError('IO', `Cannot read ${this.checkpoint}: ${messageOf(error)}.`, { cause: error });
    });
    if (!bytes) return undefined;
    try {
      const { tensors, metadata } = decodeSafetensors(bytes, this.checkpoint);
      return { tensors, trainingState: trainingStateOf(metadata.standing, this.checkpoint) };
    } catch (cause) {
      const message = `The checkpoint ${this.checkpoint} is damaged (${messageOf(cause)}) Remove it, and --resume begins this run again.`;
      throw new LimnError('CHECKPOINT', message, { details: { path: this.checkpoint }, cause });
    }
  }

  async saveCheckpoint(tensors: Readonly<Record<string, Tensor>>, trainingState: TrainingState): Promise<void> {
    await writeFileAtomic(this.checkpoint, encodeSafetensors(tensors, { standing: JSON.stringify(trainingState) }));
  }

  /** Appends a line to metrics.ndjson and returns the file's length. */
  async log(line: object): Promise<number> {
    try {
      const file = await open(this.metrics, 'a');
      try {
        await file.appendFile(`${JSON.stringify(line)}\n`);
        return (await file.stat()).size;
      } finally {
        await file.close();
      }
    } catch (error) {
      throw writeError(this.metrics, error);
    }
  }
}

const trainingOf = (config: unknown) => (config as { training?: Record<string, unknown> } | null)?.training;
const settingOf = (config: unknown, key: string) => JSON.stringify(trainingOf(config)?.[key] ?? 'not set');

/** A config as text without some of its training settings. */
function without(config: unknown, keys: readonly string[]): string {
  const training = Object.entries(trainingOf(config) ?? {}).filter(([key]) => !keys.includes(key));
  return JSON.stringify({ ...(config as object), training: Object.fromEntries(training) });
}

function trainingStateOf(text: string | undefined, path: string): TrainingState {
  try {
    return trainingStateSchema.parse(JSON.parse(text ?? '')) as TrainingState;
  } catch (cause) {
    const message = `The checkpoint ${path} is damaged: it lacks the state of its training. Remove it, and --resume begins this run again.`;
    throw new LimnError('CHECKPOINT', message, { details: { path }, cause });
  }
}

/** Settles that the run in a folder is the one that is meant. @throws LimnError USAGE, CONFIG as {@link RunFolder.open} */
async function requireSame(path: string, file: string, config: object, resume: boolean, options: SamenessOptions) {
  const { changeable = [], onChange, schemas = {} } = options;
  if (!resume) throw new LimnError('USAGE', `${path} already holds a run. Add --resume to continue it, or choose another --out.`);
  const text = JSON.stringify(config, undefined, 2);
  const kept = inOrderOf(withDefaults(presentNames(await readSealedJson(file, "a run's config")), schemas), config);
  const before = JSON.stringify(kept, undefined, 2);
  if (before === text) return;
  if (changeable.length > 0 && without(kept, changeable) === without(config, changeable)) {
    onChange?.(changeable.map((key) => `${key} ${settingOf(kept, key)} there, ${settingOf(config, key)} now`).join('; '));
    await writeConfig(file, config);
    return;
  }
  const [was, is] = firstDifference(before, text);
  throw new LimnError(
    'CONFIG',
    `The run in ${path} was started with another configuration (${was} there, ${is} now). Give the same settings, or choose another --out.`,
  );
}

const writeConfig = (file: string, config: object) => writeFileAtomic(file, `${JSON.stringify(sealed(config), undefined, 2)}\n`);

/** A config with the defaults of the parts that schemas can read. */
function withDefaults(config: unknown, schemas: Schemas): unknown {
  if (typeof config !== 'object' || config === null) return config;
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, schemas[key]?.safeParse(value).data ?? value]));
}

/** A value with its keys in the order of another one's: how they are ordered is no difference. */
function inOrderOf(value: unknown, other: unknown): unknown {
  const isPlain = (one: unknown): one is Record<string, unknown> =>
    typeof one === 'object' && one !== null && !Array.isArray(one);
  if (!isPlain(value) || !isPlain(other)) return value;
  const keys = [...Object.keys(other).filter((key) => key in value), ...Object.keys(value).filter((key) => !(key in other))];
  return Object.fromEntries(keys.map((key) => [key, inOrderOf(value[key], other[key])]));
}

function firstDifference(a: string, b: string): [string, string] {
  const [linesA, linesB] = [a, b].map((text) => text.split('\n').map((line) => line.replace(/,$/, ''))) as [string[], string[]];
  const at = linesA.findIndex((line, i) => line !== linesB[i]);
  const shown = (lines: string[]) => (lines[at] ?? 'nothing').trim();
  return [shown(linesA), shown(linesB)];
}
