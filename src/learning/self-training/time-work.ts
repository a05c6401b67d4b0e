/** A self-training in a given time: measures a few steps and texts, decides what fits, and keeps to it, also when it is resumed. */
import { join } from 'node:path';
import { CaptionerModel, type PairRows } from '../../models/captioner/captioner-model.js';
import type { Split } from '../data/triplets.js';
import { measureStep } from '../train/measure-step.js';
import { trainingSettings } from '../train/settings.js';
import { train } from '../train/train.js';
import { trainCaptioner } from '../train/train-captioner.js';
import { bytesOfPair } from './make-triplets.js';
import type { SelfTrainSettings } from './settings.js';
import { type Epochs, planTime, saidPlan, type TimeNeeds, type TimePlan } from './time-plan.js';
import { stage, type Work } from './work.js';

/** Texts that are written to see how long one takes. */
const measuredTexts = 32;
/** Scoring a text, and others beside it, adds about half of what writing it takes. */
const writtenAndScored = 1.5;

/** The work as it fits into its time; the same work where no time was given. */
export async function inTime(work: Work): Promise<Work> {
  const { settings, out, logger } = work;
  const { minutes } = settings;
  if (minutes === undefined) return work;
  const plan = await stage(join(out, 'plan.json'), async () =>
    planTime({ ...needsOf(work), ...(await ratesOf(work)) }, minutes * 60),
  );
  logger.info(saidPlan(plan, bytesOfPair));
  return { ...work, plan, settings: withEpochs(settings, plan) };
}

const trainingOf = ({ training }: { training: object }) => trainingSettings.parse(training);

function needsOf({ settings, labelled, given }: Work): Omit<TimeNeeds, 'step' | 'text'> {
  const { limn, captioner, retraining, mix, rounds } = settings;
  const { neighbours, ...graph } = settings.pairs;
  const labels = labelled.triplets.length;
  // The better two thirds are taken of what is written, and more than that is written in vain.
  const wanted = Math.max(4000, Math.ceil(1.5 * mix.ratio * labels));
  const mined = (labels > 0 ? Object.values(graph).reduce((sum, budget) => sum + budget, 0) : 0) + (neighbours.count ?? wanted);
  const first: Epochs = { limn: trainingOf(limn).epochs, captioner: trainingOf(captioner).epochs };
  const again = (which: 'limn' | 'captioner', usual: number) =>
    Number((retraining[which] as { epochs?: number }).epochs ?? usual);
  return {
    labelled: labels,
    ratio: mix.ratio,
    rounds,
    pairs: Math.max(1, Math.min(mined, wanted)),
    first: given ? undefined : first,
    further: {
      limn: again('limn', first.limn),
      captioner: retraining.captioner === false ? 0 : again('captioner', first.captioner),
    },
    batchSize: { limn: trainingOf(limn).batchSize, captioner: trainingOf(captioner).batchSize },
  };
}

function withEpochs(settings: SelfTrainSettings, { rounds, first, further }: TimePlan): SelfTrainSettings {
  const { limn, captioner, retraining } = settings;
  const shortened = <T extends { training: object }>(part: T, epochs: number | undefined): T =>
    epochs === undefined ? part : { ...part, training: { ...part.training, epochs } };
  return {
    ...settings,
    rounds,
    limn: shortened(limn, first?.limn),
    captioner: shortened(captioner, first?.captioner),
    retraining: {
      limn: { ...retraining.limn, epochs: further.limn },
      captioner: retraining.captioner === false ? false : { ...retraining.captioner, epochs: further.captioner },
    },
  };
}

/** What a step of each model and a text take on this machine. */
async function ratesOf(work: Work): Promise<Pick<TimeNeeds, 'step' | 'text'>> {
  const { settings, reader, given, signal, now } = work;
  const { limn, captioner, retraining } = settings;
  const splits = sampleOf(work);
  const short = (training: object) => ({ ...training, epochs: 1, validateEvery: 1, stepsPerRun: 1 });
  const measure = (training: { batchSize: number }, run: Parameters<typeof measureStep>[0]['work']) =>
    measureStep({ ...splits, batchSize: training.batchSize, now, work: run });
  const step = await measure(trainingOf(limn), (common) =>
    train({ ...common, reader, signal, model: limn.model, training: short(limn.training) }),
  );
  let text = given ? await secondsOfText(work, given.captioner, splits.train) : 0;
  if (given && retraining.captioner === false) return { step: { limn: step, captioner: 0 }, text };
  const captionerStep = await measure(trainingOf(captioner), async (common) => {
    const model = { reader, signal, model: captioner.model, training: short(captioner.training) };
    const trained = await trainCaptioner({ ...common, ...model });
    if (!given) text = await secondsOfText(work, trained.model, splits.train);
  });
  return { step: { limn: step, captioner: captionerStep }, text };
}

async function secondsOfText(
  { reader, signal, settings, now }: Work,
  folder: string,
  { triplets, images }: Split,
): Promise<number> {
  const model = await CaptionerModel.open(folder);
  const source = await reader.read({ images, vocabulary: model.parts.vocabulary, onBroken: 'skip', signal });
  try {
    const rows = triplets.slice(0, measuredTexts).flatMap(({ reference, targets }): PairRows[] => {
      const [from, to] = [source.rowOf(reference), source.rowOf(targets[0] as string)];
      return from === undefined || to === undefined ? [] : [[from, to]];
    });
    const write = () => model.caption(source, rows, { decoding: settings.decoding, signal });
    // The first call builds what all others use.
    await write();
    const begun = now();
    await write();
    return (writtenAndScored * (now() - begun)) / Math.max(1, rows.length);
  } finally {
    await source.close();
    await model.close();
  }
}

/** Labelled triplets to measure with, or made-up ones of the pool where there are none. */
function sampleOf({ labelled, val, pool }: Work): { train: Split; val: Split } {
  if (labelled.triplets.length > 0 && val) return { train: labelled, val };
  const triplets = pool.slice(1).map(({ id }, at) => ({
    reference: pool[at]?.id as string,
    targets: [id],
    text: 'the same but in another colour and longer',
    captions: ['the same but in another colour and longer'],
    source: 'made up',
  }));
  const made: Split = { name: 'train', images: [...pool], triplets, missing: [] };
  return { train: made, val: { ...made, name: 'val' } };
}
