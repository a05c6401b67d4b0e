/** How a training runs, beside what the model is. */
import { z } from 'zod';

const positive = z.int().positive();

/** Settings of a training with their defaults (a zod schema). */
export const trainingSettings = z.strictObject({
  epochs: positive.default(12).describe('passes over the training triplets'),
  /** The others of a batch are the negatives. */
  batchSize: z.int().min(2).default(128).describe('triplets in one step'),
  learningRate: z.number().positive().default(1e-3).describe('peak learning rate'),
  /** Part of all steps over which the rate rises. */
  warmup: z.number().min(0).max(1).default(0.05),
  /** Decoupled weight decay of matrices and convolutions. @default 0.01 */
  weightDecay: z.number().nonnegative().default(0.01),
  /** Global gradient norm that is never exceeded; 0 does not clip. */
  clipNorm: z.number().nonnegative().default(1),
  /**
   * Decay of a running average of the weights, which is then what is validated and saved; see engine/nn/optimizer.ts. 0, or not given, keeps
   * none.
   */
  averageDecay: z.number().min(0).lt(1).optional(),
  /** Chance that the captions of a triplet change places. */
  captionSwap: z.number().min(0).max(1).default(0.5),
  /** Chance that a training word is replaced by an out-of-vocabulary one, which trains their embeddings. */
  wordDropout: z.number().min(0).lt(1).default(0),
  /**
   * Local picture tokens that a training step sees of each picture, drawn anew each time; 0 sees all. Fewer make a step faster and
   * keep the model from learning single places by heart. Evaluation and search always see all. Only for frozen encoders.
   */
  tokenSubsample: z.int().nonnegative().default(0),
  /** @default the rate of all */
  encoderLearningRate: z.number().positive().optional().describe('peak learning rate of trained encoders'),
  /** Each batch has negatives of its own only. */
  accumulate: positive.default(1).describe('batches whose gradients are summed for one step'),
  gradientCheckpointing: z
    .boolean()
    .default(false)
    .describe('recompute activations of trained encoders instead of keeping them: less memory, more time'),
  precision: z
    .enum(['float32', 'float16', 'emulated-float16'])
    .optional()
    .describe('what matrix products are computed in; float16 needs a GPU that has it'),
  /** Protocol of the validation. */
  protocol: z.string().default('fashioniq-original-ref-excluded'),
  /** Epochs between validations; the last epoch is always validated. More pays where epochs are short. */
  validateEvery: positive.default(1),
  /** Recall at this K chooses the best epoch. */
  selectBy: positive.default(10),
  /** @default 4 for models of up to 200,000 parameters, else 1 (docs/decisions/0003) */
  stepsPerRun: positive.optional().describe('steps in one run of the graph; faster for small models'),
  /** Seconds after which a checkpoint is due within an epoch. */
  checkpointSeconds: z.number().positive().default(120),
});

/** Settings of a training, with defaults filled in. */
export type TrainingSettings = z.output<typeof trainingSettings>;
/** Settings of a training as a caller gives them: every field has a default. */
export type TrainingSettingsInput = z.input<typeof trainingSettings>;
