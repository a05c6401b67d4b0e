/** What a round of LIMN+ is to be, and whether there is time for it. */
import type { SelfTrainSettingsInput } from '../learning/self-training/settings.js';
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
  /** What the training of LIMN took. */
  trainSeconds: number;
  /** Whether a captioner was given. */
  hasCaptioner: boolean;
}

/** Accepted texts that are trained on, at most, for each triplet. */
const ratio = 0.5;
const mostPairs = 4000;
const pairsPerImage = 4;
const mostCaptionerEpochs = 12;
/** Texts that are written and judged in a second, at the least. */
const textsPerSecond = 20;
/** Opening models, reading images from the cache, mining. */
const fixedSeconds = 5;

export function planPlus({ plan, triplets, images, trainSeconds, hasCaptioner }: PlusPlanInput): PlusPlan {
  const pairs = Math.max(1, Math.min(mostPairs, triplets, pairsPerImage * images));
  const captionerEpochs = Math.max(1, Math.min(mostCaptionerEpochs, plan.epochs));
  // A step of the captioner, which has a decoder, and its validations cost about half as much again as LIMN's.
  const captionerSeconds = hasCaptioner ? 0 : 1.5 * trainSeconds * (captionerEpochs / plan.epochs);
  return {
    pairs,
    captionerEpochs,
    epochs: Math.max(1, Math.round(plan.epochs / (1 + ratio))),
    seconds: fixedSeconds + trainSeconds + captionerSeconds + pairs / textsPerSecond,
  };
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
