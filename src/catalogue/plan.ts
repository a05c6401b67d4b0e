/** What fits into the time that is left: the sizes of the model, and how often it sees the triplets. */

import type { TrainingSettingsInput } from '../learning/train/settings.js';
import type { ModelConfigInput } from '../models/methods/model-config.js';
import type { ImageEncoderRuntime } from '../models/retrieval/image-encoder-runtime.js';

export interface Size {
  readonly width: number;
  readonly factors: number;
  readonly heads: number;
}

export interface Plan {
  readonly size: Size;
  readonly batchSize: number;
  readonly epochs: number;
  readonly validateEvery: number;
  /** What the training is expected to take. */
  readonly trainSeconds: number;
  /** What a step is expected to take. */
  readonly stepSeconds: number;
  /** Whether time is kept for a round of LIMN+. */
  readonly keepsTime?: boolean;
}

/** From large to small. */
const sizes: readonly Size[] = [
  { width: 256, factors: 8, heads: 8 },
  { width: 160, factors: 8, heads: 8 },
  { width: 96, factors: 6, heads: 4 },
];
/** With fewer triplets a large model learns them by heart. */
const sizeOf = (triplets: number) => sizes[triplets >= 4000 ? 0 : 1] as Size;

/** With fewer steps a smaller model, of which more are to be had, learns more. */
const fewSteps = 400;
/** More than this help no more. */
const mostEpochs = 30;

export const firstSize = sizeOf;

/** The recipe of configs/product-photos.json in other sizes. @param reader what the images are read with */
export function modelOf({ width, factors, heads }: Size, reader: ImageEncoderRuntime): Partial<ModelConfigInput> {
  const frozen = reader.config.kind === 'features';
  return {
    width,
    factors,
    heads,
    textLayers: 1,
    dropout: 0.1,
    ...(frozen && reader.config.tokens > 4 ? { localTokenPrior: 4 } : {}),
    factorWeights: 'learned',
    referenceNegatives: true,
    symmetric: 0.5,
    labelSmoothing: 0.1,
    weights: { agreement: 0 },
  } as Partial<ModelConfigInput>;
}

export function trainingOf(
  plan: Pick<Plan, 'batchSize' | 'epochs' | 'validateEvery'>,
  reader: ImageEncoderRuntime,
): TrainingSettingsInput {
  const { batchSize, epochs, validateEvery } = plan;
  const tokens = reader.config.kind === 'features' ? reader.config.tokens : 0;
  return {
    epochs,
    batchSize,
    validateEvery,
    learningRate: 1e-3,
    averageDecay: 0.99,
    // People use words that no template has.
    wordDropout: 0.03,
    tokenSubsample: tokens > 12 ? 12 : 0,
    protocol: 'triplets',
    selectBy: 10,
  };
}

/** A batch that leaves some steps in an epoch. */
export function batchSizeOf(triplets: number): number {
  return Math.max(2, Math.min(128, 2 ** Math.floor(Math.log2(Math.max(2, triplets / 6)))));
}

/** A plan whose sizes are given. @param seconds what the training may take */
export function fixedPlan({ epochs, ...size }: Size & { epochs: number }, batchSize: number, seconds: number): Plan {
  return { size, batchSize, epochs, validateEvery: Math.max(1, Math.round(epochs / 8)), trainSeconds: seconds, stepSeconds: 0 };
}

export interface PlanInput {
  triplets: number;
  /** Images and queries of a validation. */
  validation: number;
  batchSize: number;
  /** The size whose step was measured, and what it took. */
  size: Size;
  stepSeconds: number;
  /** For the training. */
  seconds: number;
}

/** With fewer triplets a captioner writes a handful of texts for every pair. */
const enoughForCaptioner = 1000;
/** The part of the time that LIMN's own training takes where a round of LIMN+ follows, which trains it again. */
const shareBeforePlus = 0.5;

/**
 * Keeps half of the time for LIMN+ where that is worth it: where there are enough triplets for a captioner, and LIMN gets the same size and
 * enough steps in the other half.
 */
export function planWithPlus(input: PlanInput, isWanted: boolean): Plan {
  const whole = planTraining(input);
  if (!isWanted || input.triplets < enoughForCaptioner) return whole;
  const half = planTraining({ ...input, seconds: input.seconds * shareBeforePlus });
  const steps = half.epochs * Math.max(1, Math.floor(input.triplets / input.batchSize));
  return half.size === whole.size && steps >= fewSteps ? { ...half, keepsTime: true } : whole;
}

export function planTraining({ triplets, validation, batchSize, size, stepSeconds, seconds }: PlanInput): Plan {
  const steps = Math.max(1, Math.floor(triplets / batchSize));
  const plan = (candidate: Size): Plan => {
    const step = stepSeconds * (candidate.width / size.width) ** 1.3;
    // Looking at an image forward alone costs about half of a training step's share, with all of its tokens.
    const validating = (0.5 * step * validation) / batchSize;
    const affordable = (perValidation: number) => seconds / (steps * step + validating / perValidation);
    const validateEvery = Math.max(1, Math.round(Math.min(mostEpochs, affordable(1)) / 8));
    const epochs = Math.max(1, Math.min(mostEpochs, Math.floor(affordable(validateEvery))));
    const trainSeconds = epochs * steps * step + Math.ceil(epochs / validateEvery) * validating;
    return { size: candidate, batchSize, epochs, validateEvery, trainSeconds, stepSeconds: step };
  };
  const plans = sizes.filter(({ width }) => width <= size.width).map(plan);
  return plans.find(({ epochs }) => epochs * steps >= fewSteps) ?? (plans.at(-1) as Plan);
}
