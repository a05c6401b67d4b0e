/** One round of self-training: what it learns from, and both trainings. */
import { join } from 'node:path';
import type { Split } from '../data/triplets.js';
import { train } from '../train/train.js';
import { trainCaptioner } from '../train/train-captioner.js';
import { measureCaptioner, measureGiven } from './given.js';
import { holdOut } from './held-out.js';
import { makePseudoTriplets, type RoundMaterial } from './make-triplets.js';
import { mixTriplets } from './mixing.js';
import { acceptedTriplets, readPseudoTriplets } from './pseudo-triplets.js';
import { pairsOf, type RoundResult } from './rounds.js';
import type { SelfTrainSettings } from './settings.js';
import { modelsOf, pseudoFile, reporting, roundFolder, roundSeed, stage, type Work } from './work.js';

/** What the first mining begins with; nothing to report of given models where there is no validation. */
export async function roundZero(work: Work): Promise<RoundResult[]> {
  const { out, given, val, labelled } = work;
  if (!given) return [await trainRound(work, 0, { split: labelled, val: val as Split }, { mined: {}, counts: {}, seconds: {} })];
  return val ? [await stage(join(roundFolder(out, 0), 'given.json'), () => measureGiven(work, given, val))] : [];
}

/** Mines, writes, judges and trains. */
export async function nextRound(work: Work, round: number): Promise<RoundResult> {
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
