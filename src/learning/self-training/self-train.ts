/**
 * LIMN+: the iterative dual self-training (Wen et al., arXiv 2305.09979). Round 0 trains LIMN and the difference captioner on the
 * labels. Each further round mines pairs without a text, lets the captioner of the round before write one and LIMN judge it, and trains
 * both anew on the labels and on what is kept. The reported round is chosen on validation; the test split is touched once, at the end.
 *
 * Given models can stand in for round 0. With them labels may be left out: each round then learns from its accepted pseudo triplets
 * alone, but for a tenth that chooses its epochs, and the last round is the reported one.
 */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { sealed } from '../../core/checksum.js';
import { writeError, writeFileAtomic } from '../../core/files.js';
import { modelFolderIn } from '../../models/retrieval/model-folder.js';
import { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import type { Split } from '../data/triplets.js';
import { evaluate } from '../eval/evaluate.js';
import { withSplitImages } from '../eval/split-images.js';
import { begin, type SelfTrainOptions } from './begin.js';
import type { RoundResult, SelfTrainResult } from './rounds.js';
import { hasTimeFor } from './time-plan.js';
import { inTime } from './time-work.js';
import { nextRound, roundZero } from './train-round.js';
import { modelsOf, protocolOf, scoreKey, stage, type Work } from './work.js';

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
