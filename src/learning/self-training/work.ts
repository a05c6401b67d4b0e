/** What the stages of a self-training share: its inputs, and what lies where in its folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readSealedJson, sealed } from '../../core/checksum.js';
import { writeFileAtomic } from '../../core/files.js';
import type { Logger, OnProgress } from '../../core/progress.js';
import { Random } from '../../core/random.js';
import type { ImageEncoderRuntime } from '../../models/retrieval/image-encoder-runtime.js';
import type { DatasetImage, Split } from '../data/triplets.js';
import { findProtocol, type Protocol } from '../eval/protocols/index.js';
import type { SelfTrainSettings } from './settings.js';
import type { TimePlan } from './time-plan.js';

/** Folders of a LIMN and of a captioner: runs, or the models in them. */
export interface ModelFolders {
  limn: string;
  captioner: string;
}

export interface Work {
  /** The labels that are used; without any triplets where there are none. */
  labelled: Split;
  /** Undefined where there are no labels to validate on. */
  val: Split | undefined;
  test: Split | undefined;
  /** All pictures that pairs are mined from. */
  pool: readonly DatasetImage[];
  /** Models that stand in for those of round 0. */
  given: ModelFolders | undefined;
  reader: ImageEncoderRuntime;
  out: string;
  dataset: Record<string, unknown>;
  settings: SelfTrainSettings;
  /** What fits into the time that was given; undefined where none was. */
  plan?: TimePlan | undefined;
  /** Seconds, from any start. */
  now: () => number;
  seed: number;
  onBroken: 'error' | 'skip';
  signal: AbortSignal | undefined;
  onProgress: OnProgress | undefined;
  logger: Logger;
}

export const roundFolder = (out: string, round: number) => join(out, `round-${round}`);
export const pseudoFile = (out: string, round: number) => join(roundFolder(out, round), 'pseudo.jsonl');
export const roundSeed = (seed: number, round: number) => Random.derive(seed, `round ${round}`).uint32();

/** The models that a round ends with. */
export function modelsOf({ out, given, settings }: Work, round: number): ModelFolders {
  const folderOf = (name: keyof ModelFolders, at: number) => (at === 0 && given?.[name]) || join(roundFolder(out, at), name);
  const keepsCaptioner = settings.retraining.captioner === false;
  return { limn: folderOf('limn', round), captioner: folderOf('captioner', keepsCaptioner ? 0 : round) };
}

/** The K of the recall that epochs and rounds are chosen by. */
export const scoreKey = ({ limn }: SelfTrainSettings) => String(limn.training.selectBy ?? 10);

/** What validation and test are measured under. */
export function protocolOf({ limn }: SelfTrainSettings): Protocol {
  return findProtocol(String(limn.training.protocol ?? 'fashioniq-original-ref-excluded'));
}

/** A finished stage's result from its file, or the work itself, whose result is written when it is whole. */
export async function stage<T>(file: string, work: () => Promise<T>): Promise<T> {
  if (existsSync(file)) return readStage<T>(file);
  const result = await work();
  await writeFileAtomic(file, `${JSON.stringify(sealed({ format: stageFormat, result }))}\n`);
  return result;
}

const stageFormat = 'limn-stage-1';

/** The result of a finished stage. @throws LimnError DATA for a file that is damaged, IO */
export async function readStage<T>(file: string): Promise<T> {
  const value = (await readSealedJson(file, 'a finished stage')) as { format?: unknown; result: T } | T;
  // Earlier versions wrote the result alone.
  const isWrapped = typeof value === 'object' && value !== null && 'format' in value && value.format === stageFormat;
  return isWrapped ? (value as { result: T }).result : (value as T);
}

/** Progress of a stage, which says its round. */
export function reporting({ signal, onProgress }: Work, round: number) {
  const report: OnProgress | undefined =
    onProgress && ((event) => onProgress({ ...event, stage: `round ${round}: ${event.stage}` }));
  return { signal, onProgress: report };
}
