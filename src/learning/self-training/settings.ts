/** How LIMN+ trains itself: rounds, pairs, judging, mixing, and both models. */
import { z } from 'zod';
import { judgeSettings } from './judging.js';
import { mixSettings } from './mixing.js';
import { pairBudgets } from './pair-config.js';

const positive = z.int().positive();
const settings = z.record(z.string(), z.unknown()).default({});
/** What differs from the defaults of a model's config and of learning/train/settings.ts. */
const modelAndTraining = z.strictObject({ model: settings, training: settings }).prefault({});

/** Settings of LIMN+ with their defaults (a zod schema; docs/self-training.md). */
export const selfTrainSettings = z.strictObject({
  /** Round 0 learns from the labels alone. */
  rounds: z.int().nonnegative().default(2).describe('number of rounds after round 0'),
  /** Decided once, before round 0, by a few measured steps and texts: rounds, pairs and epochs are what fits. @default as long as it takes */
  minutes: z
    .number()
    .positive()
    .optional()
    .describe('time of the whole run; fewer rounds, pairs and epochs are what fits into it'),
  /** Rounds in a row without a better validation, after which it stops. */
  patience: positive.default(1),
  /** A seeded draw; all pictures stay in the pool. */
  labels: z.number().positive().max(1).default(1).describe('share of the labelled triplets that is used'),
  /** Maximum number of pairs of each mining strategy. */
  pairs: pairBudgets.prefault({}),
  /** How the captioner writes; see models/captioner/decoding.ts. */
  decoding: z
    .discriminatedUnion('strategy', [
      z.strictObject({ strategy: z.literal('greedy') }),
      z.strictObject({
        strategy: z.literal('beam'),
        beams: positive.optional(),
        lengthPenalty: z.number().nonnegative().optional(),
      }),
      z.strictObject({
        strategy: z.literal('nucleus'),
        topP: z.number().positive().max(1).optional(),
        temperature: z.number().positive().optional(),
        seed: z.int().nonnegative().optional(),
      }),
    ])
    .prefault({ strategy: 'greedy' }),
  /** Whether LIMN judges; without, every generated text is believed, which shows what judging is worth. */
  judging: z.boolean().default(true),
  /** Which generated triplets are accepted. */
  judge: judgeSettings.prefault({}),
  /** Pictures of the pool that the intended target is ranked among. */
  gallerySample: positive.default(1000),
  /** Other texts for a pair, or other references for a text, that a margin is taken to. */
  others: positive.default(4),
  /** Least CIDEr-D of the captioner on validation; one below it has no skill, and self-training ends before it writes. */
  captionerFloor: z.number().nonnegative().default(0.1),
  /** How accepted triplets are mixed with the labelled ones. */
  mix: mixSettings.prefault({}),
  /** LIMN's model and training settings. */
  limn: modelAndTraining,
  /** The captioner's model and training settings. */
  captioner: modelAndTraining,
  /** What differs from both trainings in the rounds behind round 0, which have more triplets and need fewer epochs. */
  retraining: z
    .strictObject({
      limn: settings,
      /** `false` keeps the captioner of round 0. */
      captioner: z.union([z.literal(false), z.record(z.string(), z.unknown())]).default({}),
    })
    .prefault({}),
});

/** Settings of LIMN+, with defaults filled in. */
export type SelfTrainSettings = z.output<typeof selfTrainSettings>;
/** Settings of LIMN+ as a caller gives them: every field has a default. */
export type SelfTrainSettingsInput = z.input<typeof selfTrainSettings>;
