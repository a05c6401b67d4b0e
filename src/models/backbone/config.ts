/** What a model is: everything that its weights depend on, kept as config.json in the model's folder. */
import { z } from 'zod';

const positive = z.int().positive();

/** Pictures as features of a frozen encoder, as pixels for the built-in patch encoder, or as captions that stand in for them. */
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
  z.strictObject({
    kind: z.literal('captions'),
    /** Words of a caption that are read; longer ones are cut. */
    words: positive,
  }),
  z.strictObject({
    /** Pixels for an encoder from a file, which is trained with the rest. */
    kind: z.literal('tuned'),
    /** Side of the square picture in pixels. */
    size: positive,
    layout: z.enum(['NCHW', 'NHWC']),
    tokens: positive,
    channels: positive,
    globalChannels: positive,
    /** The first block that is trained, from 0; what lies before it stays as it was. */
    from: z.int().nonnegative(),
  }),
]);

/** Texts as word ids for the built-in text encoder, or as features of a frozen encoder, or as its token ids where it is trained. */
const textConfig = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('words') }),
  z.strictObject({
    kind: z.literal('features'),
    /** Places for tokens, special ones included. */
    tokens: positive,
    channels: positive,
    globalChannels: positive,
  }),
  z.strictObject({
    kind: z.literal('tuned'),
    tokens: positive,
    channels: positive,
    globalChannels: positive,
    /** The first block that is trained, from 0; what lies before it stays as it was. */
    from: z.int().nonnegative(),
  }),
]);

/** Ways to make one vector of a reference and a text: LIMN and the baselines; see models/methods/methods.ts. */
export const methodNames = ['limn', 'picture-only', 'text-only', 'sum', 'concat', 'tirg', 'combiner', 'tg-cir'] as const;

const fields = z.strictObject({
  method: z.enum(methodNames).default('limn'),
  /** d, the width of all tokens. */
  width: positive.default(256),
  /** K, the number of latent factors. */
  factors: positive.default(8),
  /**
   * What LIMN's factor tokens start from in the shared Transformer: K learned tokens, or these and K linear maps of the fused global
   * features.
   */
  factorStart: z.enum(['tokens', 'global']).default('tokens'),
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
  /** Transformer layers over the words, or over the features of a text encoder. */
  textLayers: z.int().nonnegative().default(0),
  /** Words of a text that are read; longer ones are cut. */
  words: positive.default(32),
  vocabularySize: positive,
  /** Where the learnable scale of the softmax logits starts. */
  initialScale: z.number().positive().default(20),
  /**
   * Whether the reference pictures of a batch are further negatives: each query is classified among 2 B candidates then, its own
   * reference among them, except for those that are its answer. @default false
   */
  referenceNegatives: z.boolean().optional(),
  /** Part of the classification in which the targets choose among the queries, from 0 to 1. @default 0 */
  symmetric: z.number().min(0).max(1).optional(),
  /** Part of the probability that the classification spreads over all candidates that count (Szegedy et al., arXiv 1512.00567). @default 0 */
  labelSmoothing: z.number().min(0).lt(1).optional(),
  /** Weights of the loss terms beside the matching token's classification, which has 1. */
  weights: z
    .strictObject({
      factors: z.number().nonnegative().default(1),
      agreement: z.number().nonnegative().default(1),
      disentangling: z.number().nonnegative().default(1),
    })
    .prefault({}),
  /**
   * How LIMN's query counts its factors: all the same, or by learned weights that depend on the query, K in sum. They multiply its factor
   * vectors, so that scores are inner products as before. @default "equal"
   */
  factorWeights: z.enum(['equal', 'learned']).optional(),
  /** Weight of the factors' mean cosine in the score. */
  gamma: z.number().nonnegative().default(1),
  /** What LIMN's query sees: both, or one side alone. */
  query: z.enum(['both', 'picture', 'text']).default('both'),
  /** Which features of the multi-grained encoder LIMN uses. */
  features: z.enum(['both', 'global', 'local']).default('both'),
  /** How LIMN makes the matching token of the factors: an attention over them, an MLP of their mean, or the sum of both. */
  aggregation: z.enum(['both', 'adaptive', 'holistic']).default('both'),
  picture: pictureConfig,
  text: textConfig.default({ kind: 'words' }),
});

/** Settings that only LIMN has, and what they are elsewhere. */
const limnAlone = [
  ['query', 'both'],
  ['features', 'both'],
  ['aggregation', 'both'],
  ['factorStart', 'tokens'],
  ['factorWeights', 'equal'],
] as const;

export const limnConfig = fields
  .refine(({ width, heads }) => width % heads === 0, { path: ['heads'], error: 'the width must be a multiple of the heads' })
  .superRefine((config, context) => {
    if (config.method === 'limn') {
      if (config.factorStart === 'global' && config.features === 'local')
        context.addIssue({
          code: 'custom',
          path: ['factorStart'],
          message: 'needs global features, and "features" leaves them out',
        });
      return;
    }
    for (const [key, usual] of limnAlone) {
      if ((config[key] ?? usual) === usual) continue;
      context.addIssue({ code: 'custom', path: [key], message: `is a setting of LIMN, not of the method "${config.method}"` });
    }
  });

export type MethodName = (typeof methodNames)[number];
export type LimnConfig = z.output<typeof limnConfig>;
export type LimnConfigInput = z.input<typeof limnConfig>;
/** What the encoders of pictures and words depend on. */
export type EncoderConfig = Pick<
  LimnConfig,
  'picture' | 'width' | 'heads' | 'expansion' | 'activation' | 'dropout' | 'textLayers' | 'vocabularySize'
>;
export type PictureConfig = z.output<typeof pictureConfig>;
export type TextConfig = z.output<typeof textConfig>;
