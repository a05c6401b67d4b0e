/** What self-training begins with: what is given is checked, the pool is collected, the run's folder is opened. */
import { resolve } from 'node:path';
import { LimnError } from '../../core/errors.js';
import { sha256 } from '../../core/files.js';
import { type Logger, type OnProgress, silentLogger } from '../../core/progress.js';
import { Random } from '../../core/random.js';
import type { MethodDefinition } from '../../models/methods/define-method.js';
import { methodId } from '../../models/methods/methods.js';
import type { ImageEncoderRuntime } from '../../models/retrieval/image-encoder-runtime.js';
import type { DatasetImage, Split } from '../data/triplets.js';
import { requireUsable } from '../data/usable.js';
import { parse } from '../train/common.js';
import { secondsNow } from '../train/measure-step.js';
import { RunFolder } from '../train/run-folder.js';
import { checkGiven } from './given.js';
import { type SelfTrainSettings, type SelfTrainSettingsInput, selfTrainSettings } from './settings.js';
import type { ModelFolders, Work } from './work.js';

/** Options of `selfTrain`. */
export interface SelfTrainOptions {
  /** Labelled triplets; its pictures are in the pool. @default none, which needs `given` and `pool` */
  train?: Split | undefined;
  /** Chooses epochs and the reported round; needed with labels. @default a tenth of each round's pseudo triplets chooses its epochs */
  val?: Split | undefined;
  /** Measured once, with the chosen round. @default none */
  test?: Split | undefined;
  /** Pictures without labels, beside those of `train`; what is in one of the splits already does not count. @default none */
  pool?: readonly DatasetImage[];
  /** Trained models, of the same picture encoder, that stand in for those of round 0. @default round 0 trains them on the labels */
  given?: ModelFolders | undefined;
  /** Encodes the pictures; the caller closes it. */
  reader: ImageEncoderRuntime;
  /** The run folder: config.json, round-N/, limn/, captioner/, result.json. */
  out: string;
  /** What is kept of the data's origin in config.json. */
  dataset: Record<string, unknown>;
  /** Rounds, pairs, judging, mixing and both trainings. @default those of {@link selfTrainSettings} */
  settings?: SelfTrainSettingsInput;
  /** The id of a method, or what defineMethod made, in the place of LIMN. @default `settings.limn.model.method` or "limn" */
  method?: string | MethodDefinition | undefined;
  /** Seed of all random draws. @default 1 */
  seed?: number;
  /** Go on from what the folder holds. @default false */
  resume?: boolean;
  /** What a picture that cannot be read does. @default 'error' */
  onBroken?: 'error' | 'skip';
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress | undefined;
  /** Where remarks go. @default {@link silentLogger} */
  logger?: Logger;
  /** A clock in seconds, from any start, for measuring what fits into `settings.minutes`. @default that of the machine */
  now?: (() => number) | undefined;
}

/** Settings whose retrieval model has this method. */
function withMethod(settings: SelfTrainSettings, method: string | MethodDefinition | undefined): SelfTrainSettings {
  if (method === undefined) return settings;
  const { limn } = settings;
  return { ...settings, limn: { ...limn, model: { ...limn.model, method: methodId(method) } } };
}

/** Checks what is given and opens the run's folder. */
export async function begin(options: SelfTrainOptions): Promise<{ work: Work; run: RunFolder }> {
  const { out, dataset, reader, val, test, given, seed = 1, resume = false, onBroken = 'error', now = secondsNow } = options;
  const { logger = silentLogger, signal, onProgress } = options;
  const settings = withMethod(parse(selfTrainSettings, options.settings ?? {}, 'self-training settings'), options.method);
  const labels = options.train ?? { name: 'train', images: [], triplets: [], missing: [] };
  const pool = poolOf(labels, options, logger);
  checkBeginning(labels, options, pool);
  if (given && settings.rounds === 0) {
    throw new LimnError('CONFIG', 'With given models and 0 "rounds" there is nothing to train; raise "rounds".');
  }
  const hashes = given && (await checkGiven(given, reader));
  // Whatever decides over pairs and texts must be the same when the run is resumed; what is not there leaves no trace.
  const config = {
    format: 'limn-self-train-1',
    dataset,
    seed,
    encoder: reader.id,
    settings,
    ...(hashes ? { given: hashes } : {}),
    ...(options.pool?.length ? { pool: sha256(JSON.stringify(pool.map(({ id }) => id))) } : {}),
    ...(test ? { test: test.name } : {}),
  };
  const run = await RunFolder.open(out, config, resume, { schemas: { settings: selfTrainSettings } });
  const labelled = withLabels(labels, settings.labels, seed);
  const data = { labelled, val, test, pool, given };
  const work = { ...data, reader, out, dataset, settings, seed, onBroken, signal, onProgress, logger, now };
  return { work, run };
}

function checkBeginning(labels: Split, { val, test, given }: SelfTrainOptions, pool: readonly DatasetImage[]): void {
  const { triplets } = labels;
  if (triplets.length === 0 && !given) {
    const message =
      'There are no labelled triplets and no given models: self-training needs one or the other to begin with. Give labels, or a trained LIMN and a captioner.';
    throw new LimnError('DATA', message);
  }
  if (triplets.length > 0 && !val) {
    throw new LimnError(
      'DATA',
      'There are labelled triplets, but no validation split to choose epochs and rounds on: give one too.',
    );
  }
  if (triplets.length > 0) requireUsable(labels, 'train on');
  if (val) requireUsable(val, 'caption');
  if (test) requireUsable(test, 'evaluate');
  if (pool.length === 0) {
    throw new LimnError('DATA', 'The pool is empty: give pictures that pairs can be mined from.');
  }
}

/** The split with a seeded share of its triplets; its pictures stay. */
export function withLabels(split: Split, share: number, seed: number): Split {
  if (share === 1 || split.triplets.length === 0) return split;
  const order = Random.derive(seed, 'labels that are used').shuffle([...split.triplets.keys()]);
  const kept = order.slice(0, Math.max(1, Math.round(share * split.triplets.length))).sort((a, b) => a - b);
  return { ...split, triplets: kept.map((at) => split.triplets[at] as Split['triplets'][number]) };
}

/** The labelled pictures, and those of the pool that no split has, by id or by file. */
function poolOf({ images }: Split, { val, test, pool = [] }: SelfTrainOptions, logger: Logger): DatasetImage[] {
  const known = [images, val?.images ?? [], test?.images ?? []].flat();
  const ids = new Set(known.map(({ id }) => id));
  const files = new Set(known.map(({ path }) => resolve(path)));
  const more = pool.filter(({ id, path }) => !ids.has(id) && !files.has(resolve(path)));
  const twice = pool.length - more.length;
  if (twice > 0) logger.info(`${twice} of the ${pool.length} pictures of the pool are left out: the dataset has them already`);
  return [...images, ...more];
}
