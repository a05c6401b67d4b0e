/** What a round of LIMN+ is to be, and whether there is time for it. */
import { formatDuration } from '../core/progress.js';
import type { SelfTrainSettingsInput } from '../learning/self-training/settings.js';
import { plannedShare, planTime, shortened, type TimeNeeds, worthwhile } from '../learning/self-training/time-plan.js';
import type { ImageEncoderRuntime } from '../models/retrieval/image-encoder-runtime.js';
import { modelOf, type Plan, trainingOf } from './plan.js';

export interface PlusPlan {
  /** Pairs of near images that get a text. */
  pairs: number;
  /** Epochs of the captioner, where one has to be trained. */
  captionerEpochs: number;
  /** Epochs of LIMN on the triplets and the accepted texts: as many steps as it had without these. */
  epochs: number;
  /** What all of it is expected to take. */
  seconds: number;
}

export interface PlusPlanInput {
  plan: Plan;
  triplets: number;
  /** Images that pairs are found among. */
  images: number;
  /** What a step of LIMN took, its validations with it. */
  stepSeconds: number;
  /** Whether a captioner was given. */
  hasCaptioner: boolean;
  /** What there is for it. */
  seconds: number;
}

/** Accepted texts that are trained on, at most, for each triplet. */
const ratio = 0.5;
const mostPairs = 4000;
const pairsPerImage = 4;
const mostCaptionerEpochs = 12;
/** Texts that are written and judged in a second, at the least. */
const textsPerSecond = 20;
/** A step of the captioner, which has a decoder, and its validations cost about half as much again as LIMN's. */
const captionerStep = 1.5;

/** @returns as many pairs and epochs as there is time for; none where too little of them would be left, and what they would have needed */
export function planPlus(input: PlusPlanInput): { plus?: PlusPlan; needed: number } {
  const { plan, triplets, images, stepSeconds, hasCaptioner, seconds } = input;
  const { batchSize } = plan;
  const needs: TimeNeeds = {
    labelled: triplets,
    ratio,
    rounds: 1,
    pairs: Math.max(1, Math.min(mostPairs, triplets, pairsPerImage * images)),
    first: hasCaptioner ? { limn: 0, captioner: 0 } : { limn: 0, captioner: Math.min(mostCaptionerEpochs, plan.epochs) },
    // As many steps as it had without the texts.
    further: { limn: Math.max(1, Math.round(plan.epochs / (1 + ratio))), captioner: 0 },
    batchSize: { limn: batchSize, captioner: batchSize },
    step: { limn: stepSeconds, captioner: captionerStep * stepSeconds },
    text: 1 / textsPerSecond,
  };
  const least = shortened(needs, worthwhile);
  if (least.seconds > seconds * plannedShare) return { needed: least.seconds / plannedShare };
  const { pairs, first, further, seconds: planned } = planTime(needs, seconds);
  const captionerEpochs = first?.captioner ?? 0;
  return { plus: { pairs, captionerEpochs, epochs: further.limn, seconds: planned }, needed: planned };
}

export function saidPlus({ pairs, captionerEpochs, epochs, seconds }: PlusPlan): string {
  const captioner = captionerEpochs > 0 ? `${captionerEpochs} epochs of a captioner, ` : '';
  return `plan of LIMN+: ${captioner}texts for up to ${pairs} pairs of near images, ${epochs} epochs of LIMN; about ${formatDuration(seconds)}`;
}

/** LIMN+ on near images alone: what the table joins is labelled already. */
export function plusSettings(plus: PlusPlan, plan: Plan, reader: ImageEncoderRuntime): SelfTrainSettingsInput {
  const validateEvery = Math.max(1, Math.round(plus.epochs / 8));
  return {
    rounds: 1,
    pairs: {
      reversed: 0,
      twoHop: 0,
      sharedReference: 0,
      sharedTarget: 0,
      neighbours: { count: plus.pairs, high: 1 },
    },
    mix: { ratio },
    // Whatever it writes, the model is used only where validation rises.
    captionerFloor: 0,
    limn: {
      model: { ...modelOf(plan.size, reader) },
      training: trainingOf({ ...plan, epochs: plus.epochs, validateEvery }, reader),
    },
    retraining: { captioner: false },
  };
}

export function captionerSettings(plus: PlusPlan, plan: Plan, reader: ImageEncoderRuntime) {
  const { size, batchSize } = plan;
  const { averageDecay, tokenSubsample, learningRate } = trainingOf({ ...plan, batchSize }, reader);
  const { localTokenPrior } = modelOf(size, reader) as { localTokenPrior?: number };
  return {
    model: {
      width: size.width,
      heads: size.heads,
      layers: 1,
      decoderLayers: 1,
      ...(localTokenPrior === undefined ? {} : { localTokenPrior }),
    },
    training: {
      epochs: plus.captionerEpochs,
      batchSize,
      // A validation writes hundreds of texts.
      validateEvery: Math.max(1, Math.ceil(plus.captionerEpochs / 3)),
      learningRate,
      averageDecay,
      tokenSubsample,
    },
  };
}
