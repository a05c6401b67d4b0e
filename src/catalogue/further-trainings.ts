/** Trainings that may follow the first: with what people chose, and LIMN+. A better model takes the place of the first. */
import { join } from 'node:path';
import { type OnProgress, silentLogger } from '../core/progress.js';
import { readOwnTriplets } from '../learning/data/own-triplets.js';
import type { Split } from '../learning/data/triplets.js';
import { adoptModel } from './adopt-model.js';
import { type ChoiceOutcome, choiceModel, runChoiceRound } from './choice-round.js';
import type { FoundData } from './found-data.js';
import type { LearnOptions } from './learn-types.js';
import { type PlusOutcome, plusModel, runPlus, tooLate } from './limn-plus.js';
import type { Plan } from './plan.js';
import { planPlus, saidPlus } from './plan-plus.js';
import type { StageFolder, WholeTime } from './stages.js';
import type { TimedOutcome } from './train-in-time.js';

/** What the first training leaves to those that follow it. */
export interface Learned {
  folder: StageFolder;
  time: WholeTime;
  found: FoundData;
  plan: Plan;
  trained: TimedOutcome;
  splits: { train: Split; val: Split };
  /** For the whole. */
  seconds: number;
  indexSeconds: number;
}

/** A training with what people have chosen, whose model takes the place of the first where validation does not fall. */
export async function choiceStages(
  options: LearnOptions,
  choices: string,
  { folder, time, found, plan, trained, splits, seconds, indexSeconds }: Learned,
): Promise<ChoiceOutcome> {
  const { out, reader, images, list, seed = 1, signal, logger = silentLogger } = options;
  const folderOfChoices = join(out, 'choices');
  const isNew = !folder.has('choices');
  // A folder that was learned before may have a better model than that of the training.
  const plus = folder.has('LIMN+') ? await folder.once<PlusOutcome>('LIMN+', () => Promise.reject()) : undefined;
  const before = plus?.kept ? plus.validation?.after : trained.bestRecall?.['10'];
  const outcome = await folder.once('choices', () =>
    time.in('choices', async (onProgress) => {
      const data = join(out, 'data');
      const test = await readOwnTriplets({ directory: data, split: 'test' });
      const limit = Math.max(seconds - folder.seconds - indexSeconds, plan.trainSeconds);
      const common = { reader, images, list, table: found.table, seed, signal, logger, onProgress: renamed(onProgress) };
      const limn = join(out, 'limn');
      return runChoiceRound({ ...splits, test, choices, data, limn, before, out: folderOfChoices, plan, limit, ...common });
    }),
  );
  if (!isNew) logger.info('note: choices were learned in this folder before; to learn newer ones, give another --out');
  logger.info(`choices: ${outcome.said}`);
  if (outcome.kept)
    await folder.once('adopt choices', () =>
      adoptModel(out, choiceModel(folderOfChoices), 'limn-without-choices').then(() => true),
    );
  return outcome;
}

/** The training with choices under a name of its own. */
function renamed(onProgress: OnProgress | undefined): OnProgress | undefined {
  return onProgress && ((event) => onProgress({ ...event, stage: event.stage === 'train' ? 'choices' : event.stage }));
}

/** A round of LIMN+ where there is time, whose better model takes the place of the first. */
export async function plusStages(options: LearnOptions, learned: Learned): Promise<PlusOutcome> {
  const { out, reader, images, captioner, seed = 1, signal, logger = silentLogger } = options;
  const { folder, time, found, plan, trained, splits, seconds, indexSeconds } = learned;
  const left = seconds - folder.seconds - indexSeconds;
  const { plus, needed, limit } = await folder.once('plan LIMN+', async () => {
    const hasCaptioner = captioner !== undefined;
    const trainSeconds = trained.seconds ?? plan.trainSeconds;
    const steps = trained.steps ?? plan.epochs * Math.max(1, Math.floor(found.triplets.train / plan.batchSize));
    const stepSeconds = trainSeconds / Math.max(1, steps);
    const common = { plan, triplets: found.triplets.train, images: found.images, stepSeconds, hasCaptioner };
    return { ...planPlus({ ...common, seconds: left }), limit: left };
  });
  const folderOfPlus = join(out, 'limn-plus');
  const data = join(out, 'data');
  const outcome = await folder.once('LIMN+', () =>
    time.in('LIMN+', async (onProgress) => {
      // A training that had to be stopped has no time left either.
      if (!plus || trained.stopped) return tooLate(needed, trained.stopped ? 0 : limit);
      logger.info(saidPlus(plus));
      time.expect('LIMN+', plus.seconds);
      const test = await readOwnTriplets({ directory: data, split: 'test' });
      const limn = join(out, 'limn');
      const common = { reader, images, captioner, seed, signal, logger, onProgress };
      return runPlus({ ...splits, test, data, limn, out: folderOfPlus, plan, plus, limit: Math.max(limit / 2, left), ...common });
    }),
  );
  logger.info(`LIMN+: ${outcome.said}`);
  if (outcome.kept)
    await folder.once('adopt LIMN+', () => adoptModel(out, plusModel(folderOfPlus), 'limn-without-plus').then(() => true));
  return outcome;
}
