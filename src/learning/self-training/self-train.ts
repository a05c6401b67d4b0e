/**
 * LIMN+: the iterative dual self-training (Wen et al., arXiv 2305.09979). Round 0 trains LIMN and the difference captioner on the
 * labels. Each further round mines pairs without a text, lets the captioner of the round before write one and LIMN judge it, and trains
 * both anew on the labels and on what is kept. The reported round is chosen on validation; the test split is touched once, at the end.
 *
 * Given models can stand in for round 0. With them labels may be left out: each round then learns from its accepted pseudo triplets
 * alone, but for a tenth that chooses its epochs, and the last round is the reported one.
 */
import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { sealed } from '../../core/checksum.js';
import { LimnError } from '../../core/errors.js';
import { sha256, writeError, writeFileAtomic } from '../../core/files.js';
import { type Logger, type OnProgress, silentLogger } from '../../core/progress.js';
import { Random } from '../../core/random.js';
import type { MethodDefinition } from '../../models/methods/define-method.js';
import { methodId } from '../../models/methods/methods.js';
import type { ImageEncoderRuntime } from '../../models/retrieval/image-encoder-runtime.js';
import { modelFolderIn } from '../../models/retrieval/model-folder.js';
import { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import type { DatasetImage, Split } from '../data/triplets.js';
import { requireUsable } from '../data/usable.js';
import { evaluate } from '../eval/evaluate.js';
import { withSplitImages } from '../eval/split-images.js';
import { parse } from '../train/common.js';
import { secondsNow } from '../train/measure-step.js';
import { RunFolder } from '../train/run-folder.js';
import { train } from '../train/train.js';
import { trainCaptioner } from '../train/train-captioner.js';
import { checkGiven, measureCaptioner, measureGiven } from './given.js';
import { holdOut } from './held-out.js';
import { makePseudoTriplets, type RoundMaterial } from './make-triplets.js';
import { mixTriplets } from './mixing.js';
import { acceptedTriplets, readPseudoTriplets } from './pseudo-triplets.js';
import { pairsOf, type RoundResult, type SelfTrainResult } from './rounds.js';
import { type SelfTrainSettings, type SelfTrainSettingsInput, selfTrainSettings } from './settings.js';
import { hasTimeFor } from './time-plan.js';
import { inTime } from './time-work.js';
import {
  type ModelFolders,
  modelsOf,
  protocolOf,
  pseudoFile,
  reporting,
  roundFolder,
  roundSeed,
  scoreKey,
  stage,
  type Work,
} from './work.js';

/** Options of {@link selfTrain}. */
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

/**
 * Trains, or goes on: every stage that is finished is kept in the folder and never done again.
 *
 * @throws LimnError as `train`, `minePairs` and `checkGiven` do; USAGE where nothing fits into `settings.minutes`; DATA when there are neither labels nor given models to begin with, labels without
 * validation, or no pictures
 */
export async function selfTrain(options: SelfTrainOptions): Promise<SelfTrainResult> {
  const { work, run } = await begin(options);
  return inTime(work)
    .then(allRounds)
    .finally(() => run.close());
}

/** Rounds from 0 on, and the best one's models and result. */
async function allRounds(work: Work): Promise<SelfTrainResult> {
  const { out, settings, val, logger, plan } = work;
  const key = scoreKey(settings);
  const score = ({ recall }: RoundResult) => recall[key] as number;
  const rounds = await roundZero(work);
  let [best] = rounds;
  let ended: SelfTrainResult['ended'] = 'rounds';
  for (let round = 1; round <= settings.rounds; round++) {
    const skill = val && rounds.at(-1)?.captions['CIDEr-D'];
    if (skill !== undefined && skill < settings.captionerFloor) {
      logger.warn(
        `The captioner has no skill: its CIDEr-D on validation is ${skill.toFixed(3)}, less than "captionerFloor" (${settings.captionerFloor}). Nothing is learned from its texts. Give it more labels or epochs, or lower the floor.`,
      );
      ended = 'captioner';
      break;
    }
    if (rounds.length > 0 && plan && settings.minutes && !hasTimeFor(plan, usedIn(rounds), settings.minutes * 60)) {
      logger.warn(`Round ${round} would not end in the ${settings.minutes} minutes that were given, so it is not begun.`);
      ended = 'time';
      break;
    }
    const next = await nextRound(work, round);
    rounds.push(next);
    // Rounds that are validated on pseudo triplets of their own cannot be compared.
    if (!best || !val || score(next) > score(best)) best = next;
    const compared = val
      ? `, best ${score(best).toFixed(2)} (round ${best.round})`
      : ` on ${next.heldOut} held-out pseudo triplets`;
    logger.info(`round ${round}: R@${key} ${score(next).toFixed(2)}${compared}`);
    if (round - best.round >= settings.patience) {
      ended = 'patience';
      break;
    }
  }
  const chosen = (best as RoundResult).round;
  const folders = { limn: join(out, 'limn'), captioner: join(out, 'captioner') };
  const models = modelsOf(work, chosen);
  for (const name of ['limn', 'captioner'] as const) {
    await cp(await modelFolderIn(models[name]), folders[name], { recursive: true }).catch((error) => {
      throw writeError(folders[name], error);
    });
  }
  const test = work.test && (await stage(join(out, 'test.json'), () => testRecall(work, folders.limn)));
  const validation = val ? 'labels' : 'pseudo triplets';
  const result: SelfTrainResult = { rounds, best: chosen, ended, validation, ...folders, ...(test ? { test } : {}) };
  await writeFileAtomic(join(out, 'result.json'), `${JSON.stringify(sealed(result), undefined, 2)}\n`);
  return result;
}

/** Seconds of all stages of these rounds, also of those of an earlier process. */
const usedIn = (rounds: readonly RoundResult[]) =>
  rounds.flatMap(({ seconds }) => Object.values(seconds)).reduce((sum, part) => sum + part, 0);

/** Settings whose retrieval model has this method. */
function withMethod(settings: SelfTrainSettings, method: string | MethodDefinition | undefined): SelfTrainSettings {
  if (method === undefined) return settings;
  const { limn } = settings;
  return { ...settings, limn: { ...limn, model: { ...limn.model, method: methodId(method) } } };
}

/** Checks what is given and opens the run's folder. */
async function begin(options: SelfTrainOptions): Promise<{ work: Work; run: RunFolder }> {
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

/** What the first mining begins with; nothing to report of given models where there is no validation. */
async function roundZero(work: Work): Promise<RoundResult[]> {
  const { out, given, val, labelled } = work;
  if (!given) return [await trainRound(work, 0, { split: labelled, val: val as Split }, { mined: {}, counts: {}, seconds: {} })];
  return val ? [await stage(join(roundFolder(out, 0), 'given.json'), () => measureGiven(work, given, val))] : [];
}

async function nextRound(work: Work, round: number): Promise<RoundResult> {
  const { out, settings, labelled, pool, val } = work;
  const seed = roundSeed(work.seed, round);
  const file = pseudoFile(out, round);
  const judged = await stage(join(roundFolder(out, round), 'judged.json'), () => makePseudoTriplets(work, round));
  const accepted = acceptedTriplets(await readPseudoTriplets(file, pairsOf(judged)), file);
  const held = val ? undefined : holdOut(accepted, pool, seed);
  const split = mixTriplets({ labelled, pseudo: held?.kept ?? accepted, pool, settings: settings.mix, seed });
  const result = await trainRound(work, round, { split, val: (val ?? held?.val) as Split }, judged);
  return held ? { ...result, heldOut: held.val.triplets.length } : result;
}

/** What a model and its training are in a round. */
function inRound(settings: SelfTrainSettings, which: 'limn' | 'captioner', round: number) {
  const { model, training } = settings[which];
  return round === 0 ? { model, training } : { model, training: { ...training, ...(settings.retraining[which] || {}) } };
}

/** Trains both models on a split, or keeps the captioner. */
async function trainRound(
  work: Work,
  round: number,
  { split, val }: { split: Split; val: Split },
  material: RoundMaterial,
): Promise<RoundResult> {
  const { out, settings, seed, reader, dataset, onBroken, logger } = work;
  const folder = roundFolder(out, round);
  const folders = modelsOf(work, round);
  const common = { train: split, val, reader, dataset, seed, resume: true, onBroken, logger, ...reporting(work, round) };
  const limn = await stage(join(folder, 'limn.json'), () =>
    train({ ...common, out: folders.limn, ...inRound(settings, 'limn', round) }),
  );
  const captioner =
    folders.captioner === work.given?.captioner
      ? await stage(join(folder, 'kept-captioner.json'), async () => {
          return { metrics: await measureCaptioner(work, folders.captioner, val, round), seconds: 0 };
        })
      : await stage(`${folders.captioner}.json`, () =>
          trainCaptioner({ ...common, out: folders.captioner, ...inRound(settings, 'captioner', round) }),
        );
  const labels = work.labelled.triplets.length;
  return {
    round,
    recall: limn.bestRecall,
    captions: captioner.metrics,
    ...material,
    trainedOn: { labelled: labels, pseudo: split.triplets.length - labels },
    steps: limn.steps,
    seconds: { ...material.seconds, 'train LIMN': limn.seconds, 'train the captioner': captioner.seconds },
  };
}

async function testRecall(work: Work, folder: string): Promise<Record<string, number>> {
  const { test, reader, settings, onBroken, signal } = work;
  const model = await RetrievalModel.open(folder);
  const protocol = protocolOf(settings);
  const options = { model, split: test as Split, reader, onBroken, signal };
  try {
    return await withSplitImages(options, async (images, split) => (await evaluate({ model, split, images, protocol })).recall);
  } finally {
    await model.close();
  }
}
