/**
 * LIMN+: the iterative dual self-training (Wen et al., arXiv 2305.09979). Round 0 trains LIMN and the difference captioner on the
 * labels. Each further round mines pairs without a text, lets the captioner of the round before write one and LIMN judge it, and trains
 * both anew on the labels and on what is kept. The reported round is chosen on validation; the test split is touched once, at the end.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LimnError } from '../../core/errors.js';
import { readJson, writeFileAtomic } from '../../core/files.js';
import { type Logger, type OnProgress, silentLogger } from '../../core/progress.js';
import { Random } from '../../core/random.js';
import type { Picture, Split } from '../../data/triplets.js';
import { evaluate } from '../../eval/evaluate.js';
import { findProtocol } from '../../eval/protocols/index.js';
import { withSplitPictures } from '../../eval/split-pictures.js';
import { CaptionerModel } from '../../models/captioner-model.js';
import { LimnModel } from '../../models/limn-model.js';
import type { PictureReader } from '../../models/picture-reader.js';
import { parse } from '../common.js';
import { RunFolder } from '../run-folder.js';
import { train } from '../train.js';
import { trainCaptioner } from '../train-captioner.js';
import { poolTargets, writeAndScore } from './candidates.js';
import { type Candidate, judge, type Verdict } from './judging.js';
import { type MinedPair, minePairs } from './mining.js';
import { mixTriplets } from './mixing.js';
import { vectorNeighbours } from './neighbours.js';
import { strategies } from './pair-config.js';
import { acceptedTriplets, type PseudoTriplet, PseudoTripletFile, readPseudoTriplets } from './pseudo-triplets.js';
import type { RoundResult, SelfTrainResult } from './rounds.js';
import { type SelfTrainSettings, type SelfTrainSettingsInput, selfTrainSettings } from './settings.js';

export interface SelfTrainOptions {
  /** Labelled triplets; its pictures are in the pool. */
  train: Split;
  /** Chooses epochs and the reported round. */
  val: Split;
  /** Measured once, with the chosen round. @default none */
  test?: Split | undefined;
  /** Pictures without labels, beside those of `train`. @default none */
  pool?: readonly Picture[];
  /** Encodes the pictures; the caller closes it. */
  reader: PictureReader;
  /** The run folder: config.json, round-N/, limn/, captioner/, result.json. */
  out: string;
  /** What is kept of the data's origin in config.json. */
  dataset: Record<string, unknown>;
  settings?: SelfTrainSettingsInput;
  /** @default 1 */
  seed?: number;
  /** Go on from what the folder holds. @default false */
  resume?: boolean;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
  logger?: Logger;
}

/** Pairs that are written and scored together; a kill loses no more. */
const chunk = 256;

/**
 * Trains, or goes on: every stage that is finished is kept in the folder and never done again.
 *
 * @throws LimnError as `train` and `minePairs` do; DATA when there are no labels to begin with
 */
export async function selfTrain(options: SelfTrainOptions): Promise<SelfTrainResult> {
  const settings = parse(selfTrainSettings, options.settings ?? {}, 'self-training settings');
  const { out, dataset, seed = 1, resume = false, reader } = options;
  if (options.train.triplets.length === 0) {
    throw new LimnError('DATA', 'There are no labelled triplets: self-training needs some to begin with.');
  }
  await RunFolder.open(out, { format: 'limn-self-train-1', dataset, seed, encoder: reader.id, settings }, resume);
  const labelled = withLabels(options.train, settings.labels, seed);
  const work: Work = { ...options, settings, seed, labelled, pool: poolOf(options), logger: options.logger ?? silentLogger };

  const rounds = [await trainRound(work, 0, labelled, { mined: {}, counts: {}, seconds: {} })];
  let best = 0;
  let ended: SelfTrainResult['ended'] = 'rounds';
  const score = (round: number) => (rounds[round] as RoundResult).recall[scoreKey(settings)] as number;
  for (let round = 1; round <= settings.rounds; round++) {
    rounds.push(await nextRound(work, round));
    if (score(round) > score(best)) best = round;
    work.logger.info(
      `round ${round}: R@${scoreKey(settings)} ${score(round).toFixed(2)}, best ${score(best).toFixed(2)} (round ${best})`,
    );
    if (round - best >= settings.patience) {
      ended = 'patience';
      break;
    }
  }
  const folders = { limn: join(out, 'limn'), captioner: join(out, 'captioner') };
  await cp(join(roundFolder(out, best), 'limn', 'model'), folders.limn, { recursive: true });
  await cp(join(captionerOf(work, best), 'model'), folders.captioner, { recursive: true });
  const test = options.test && (await stage(join(out, 'test.json'), () => testRecall(work, folders.limn)));
  const result: SelfTrainResult = { rounds, best, ended, ...folders, ...(test ? { test } : {}) };
  await writeFileAtomic(join(out, 'result.json'), `${JSON.stringify(result, undefined, 2)}\n`);
  return result;
}

type Work = Omit<SelfTrainOptions, 'settings' | 'seed' | 'pool' | 'logger'> & {
  settings: SelfTrainSettings;
  seed: number;
  labelled: Split;
  /** All pictures that pairs are mined from. */
  pool: Picture[];
  logger: Logger;
};

const roundFolder = (out: string, round: number) => join(out, `round-${round}`);
export const pseudoFile = (out: string, round: number) => join(roundFolder(out, round), 'pseudo.jsonl');
const scoreKey = ({ limn }: SelfTrainSettings) => String(limn.training.selectBy ?? 10);

/** A finished stage's result from its file, or the work itself, whose result is written when it is whole. */
async function stage<T>(file: string, work: () => Promise<T>): Promise<T> {
  if (existsSync(file)) return (await readJson(file, 'a finished stage')) as T;
  const result = await work();
  await mkdir(join(file, '..'), { recursive: true });
  await writeFileAtomic(file, `${JSON.stringify(result)}\n`);
  return result;
}

/** The split with a seeded share of its triplets; its pictures stay. */
function withLabels(split: Split, share: number, seed: number): Split {
  if (share === 1) return split;
  const order = Random.derive(seed, 'labels that are used').shuffle([...split.triplets.keys()]);
  const kept = order.slice(0, Math.max(1, Math.round(share * split.triplets.length))).sort((a, b) => a - b);
  return { ...split, triplets: kept.map((at) => split.triplets[at] as Split['triplets'][number]) };
}

function poolOf({ train: { pictures }, pool = [] }: SelfTrainOptions): Picture[] {
  const ids = new Set(pictures.map(({ id }) => id));
  return [...pictures, ...pool.filter(({ id }) => !ids.has(id))];
}

/** Progress of a stage, which says its round. */
function reporting({ signal, onProgress }: Work, round: number) {
  const report: OnProgress | undefined =
    onProgress && ((event) => onProgress({ ...event, stage: `round ${round}: ${event.stage}` }));
  return { signal, onProgress: report };
}

type Material = Pick<RoundResult, 'mined' | 'counts' | 'seconds'>;

/** The folder of the captioner that a round ends with. */
const captionerOf = ({ out, settings }: Pick<Work, 'out' | 'settings'>, round: number) =>
  join(roundFolder(out, settings.retraining.captioner === false ? 0 : round), 'captioner');

/** What a model and its training are in a round. */
function inRound(settings: SelfTrainSettings, which: 'limn' | 'captioner', round: number) {
  const { model, training } = settings[which];
  return round === 0 ? { model, training } : { model, training: { ...training, ...(settings.retraining[which] || {}) } };
}

/** Trains both models on a split. */
async function trainRound(work: Work, round: number, split: Split, material: Material): Promise<RoundResult> {
  const { out, settings, seed, val, reader, dataset, logger } = work;
  const folder = roundFolder(out, round);
  const common = { train: split, val, reader, dataset, seed, resume: true, logger, ...reporting(work, round) };
  const limn = await stage(join(folder, 'limn.json'), () =>
    train({ ...common, out: join(folder, 'limn'), ...inRound(settings, 'limn', round) }),
  );
  const captionerFolder = captionerOf(work, round);
  const captioner = await stage(`${captionerFolder}.json`, () =>
    trainCaptioner({ ...common, out: captionerFolder, ...inRound(settings, 'captioner', round) }),
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

async function nextRound(work: Work, round: number): Promise<RoundResult> {
  const { out, settings, seed, labelled, pool } = work;
  const file = pseudoFile(out, round);
  const judged = await stage(join(roundFolder(out, round), 'judged.json'), () => makePseudoTriplets(work, round));
  const pseudo = acceptedTriplets(await readPseudoTriplets(file), file);
  const split = mixTriplets({ labelled, pseudo, pool, settings: settings.mix, seed: roundSeed(seed, round) });
  return trainRound(work, round, split, judged);
}

const roundSeed = (seed: number, round: number) => Random.derive(seed, `round ${round}`).uint32();

/** Mines, writes, judges; leaves pseudo.jsonl. */
async function makePseudoTriplets(work: Work, round: number): Promise<Material> {
  const { out, settings, reader } = work;
  const seed = roundSeed(work.seed, round);
  const folder = roundFolder(out, round);
  const before = roundFolder(out, round - 1);
  const tools = reporting(work, round);
  const limn = await LimnModel.open(join(before, 'limn'));
  const captioner = await CaptionerModel.open(captionerOf(work, round - 1));
  const read = (model: LimnModel | CaptionerModel) =>
    reader.read({ pictures: work.pool, vocabulary: model.parts.vocabulary, ...tools });
  const forLimn = await read(limn);
  const forCaptioner = await read(captioner);
  const clock = new Clock();
  try {
    const targets = await poolTargets(limn, forLimn, tools);
    const pairs = await stage(join(folder, 'pairs.json'), () => mineRound(work, round, forLimn.ids, targets, seed));
    clock.lap('mine pairs');
    const candidates: Candidate[] = [];
    const views = { limn, captioner, forLimn, forCaptioner, targets };
    for (let at = 0; at < pairs.length; at += chunk) {
      const some = pairs.slice(at, at + chunk);
      const part = join(folder, 'texts', `${at}.json`);
      const options = { signal: tools.signal };
      candidates.push(...(await stage(part, () => writeAndScore(some, at, views, settings, seed, options))));
      tools.onProgress?.({ stage: 'write and score texts', done: at + some.length, total: pairs.length });
    }
    clock.lap('write and score texts');
    const { verdicts, counts } = judge(candidates, settings.judge);
    const believed = (verdict: Verdict): Verdict =>
      settings.judging ? verdict : { accepted: true, reason: 'accepted', weight: 1 };
    const records = candidates.map((candidate, i) => recordOf(candidate, believed(verdicts[i] as Verdict), round));
    const kept = await PseudoTripletFile.open(pseudoFile(out, round));
    // A file that was left half-written holds the first of the same records.
    await kept.append(records.slice(kept.records.length));
    clock.lap('judge');
    const mined = Object.fromEntries(
      strategies.map((strategy) => [strategy, pairs.filter((pair) => pair.strategy === strategy).length]),
    );
    return { mined, counts, seconds: clock.laps };
  } finally {
    await forLimn.close();
    await forCaptioner.close();
    await limn.close();
    await captioner.close();
  }
}

async function mineRound(
  work: Work,
  round: number,
  ids: readonly string[],
  targets: Parameters<typeof vectorNeighbours>[0],
  seed: number,
): Promise<MinedPair[]> {
  const { labelled, val, test, settings, out } = work;
  const earlier: MinedPair[] = [];
  for (let r = 1; r < round; r++) {
    earlier.push(...((await readJson(join(roundFolder(out, r), 'pairs.json'), 'mined pairs')) as MinedPair[]));
  }
  const forbidden = [val, test].flatMap((split) => split?.pictures.map(({ id }) => id) ?? []);
  return minePairs({
    triplets: labelled.triplets,
    pool: ids,
    forbidden,
    exclude: earlier,
    neighbours: vectorNeighbours(targets),
    pairs: settings.pairs,
    seed,
    ...reporting(work, round),
  });
}

function recordOf(
  { reference, target, strategy, text, likelihood, rank, margin }: Candidate,
  verdict: Verdict,
  round: number,
): PseudoTriplet {
  const { accepted, reason, weight } = verdict;
  return {
    format: 'limn-pseudo-1',
    round,
    reference,
    target,
    strategy,
    text,
    likelihood,
    rank,
    margin,
    verdict: accepted ? 'accepted' : 'refused',
    reason,
    weight,
  };
}

async function testRecall(work: Work, folder: string): Promise<Record<string, number>> {
  const { test, reader, settings } = work;
  const model = await LimnModel.open(folder);
  const split = test as Split;
  const protocol = findProtocol(String(settings.limn.training.protocol ?? 'fashioniq-original-ref-excluded'));
  try {
    return await withSplitPictures({ model, split, reader, signal: work.signal }, async (pictures) => {
      return (await evaluate({ model, split, pictures, protocol })).recall;
    });
  } finally {
    await model.close();
  }
}

/** Seconds of each part of a stage. */
class Clock {
  readonly laps: Record<string, number> = {};
  private last = performance.now();

  lap(name: string): void {
    const now = performance.now();
    this.laps[name] = (now - this.last) / 1000;
    this.last = now;
  }
}
