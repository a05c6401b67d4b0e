/** What a LIMN model is: everything that its weights depend on, kept as config.json in the model's folder. */
import { z } from 'zod';

const positive = z.int().positive();

/** Pictures as features of a frozen encoder, or as pixels for the built-in patch encoder. */
export const pictureConfig = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('features'),
    /** Local tokens a picture. */
    tokens: positive,
    /** Channels of a token that come from the encoder; after them come the cell's colour channels. */
    channels: positive,
    /** Channels of the global vector that come from the encoder. */
    globalChannels: positive,
    /** Colour channels (mean and deviation of RGB) behind the others. */
    colourChannels: z.int().nonnegative(),
  }),
  z.strictObject({
    kind: z.literal('patch'),
    /** Side of the square picture in pixels. */
    size: positive,
    /** Side of a square patch in pixels. */
    patch: positive,
    /** Transformer layers of the patch encoder itself. */
    layers: z.int().nonnegative(),
  }),
]);

/** Ways to make one vector of a reference and a text: LIMN and the baselines (models/baselines). */
export const methods = ['limn', 'picture-only', 'text-only', 'sum', 'concat', 'tirg', 'combiner', 'tg-cir'] as const;

const fields = z.strictObject({
  method: z.enum(methods).default('limn'),
  /** d, the width of all tokens. */
  width: positive.default(256),
  /** K, the number of latent factors. */
  factors: positive.default(8),
  /** Layers of the shared Transformer. */
  layers: positive.default(2),
  heads: positive.default(8),
  /** Width of the feed-forward parts as a multiple of d. */
  expansion: positive.default(4),
  activation: z.enum(['gelu', 'quick-gelu', 'relu']).default('gelu'),
  dropout: z.number().min(0).lt(1).default(0.1),
  /** p, the width of a factor's projection. */
  projection: positive.default(64),
  /** How many tokens the local picture tokens together weigh like in the attention prior. Not given: each weighs like any other. */
  localMass: z.number().positive().optional(),
  /** Transformer layers of the text encoder itself. */
  textLayers: z.int().nonnegative().default(0),
  /** Words of a text that are read; longer ones are cut. */
  words: positive.default(32),
  vocabularySize: positive,
  /** Where the learnable scale of the softmax logits starts. */
  initialScale: z.number().positive().default(20),
  /** Weights of the loss terms beside the matching token's classification, which has 1. */
  weights: z
    .strictObject({
      factors: z.number().nonnegative().default(1),
      agreement: z.number().nonnegative().default(1),
      disentangling: z.number().nonnegative().default(1),
    })
    .prefault({}),
  /** Weight of the factors' mean cosine in the score. */
  gamma: z.number().nonnegative().default(1),
  /** What the query sees: both, or one side alone (the baselines). */
  query: z.enum(['both', 'picture', 'text']).default('both'),
  picture: pictureConfig,
});

export const limnConfig = fields.refine(({ width, heads }) => width % heads === 0, {
  path: ['heads'],
  error: 'the width must be a multiple of the heads',
});

export type LimnConfig = z.output<typeof limnConfig>;
export type LimnConfigInput = z.input<typeof limnConfig>;
export type PictureConfig = z.output<typeof pictureConfig>;
