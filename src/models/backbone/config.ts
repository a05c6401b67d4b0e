/** What a model is, but for its method's own options (models/methods/model-config.ts). */
import { z } from 'zod';

const positive = z.int().positive();

/** Pictures as features of a frozen encoder, as pixels for the built-in patch encoder, or as captions that stand in for them. */
export const imageConfig = z.discriminatedUnion('kind', [
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

/** The built-in patch encoder, which is trained with the rest. */
export const patchSettings = z.strictObject({
  imageSize: z.int().min(8).max(512).default(64).describe('width and height of the images of the patch encoder'),
  /** Divides the size of the images. */
  patchSize: z.int().min(2).default(8).describe('width and height of its patches'),
  patchLayers: z.int().min(0).default(2).describe('its Transformer layers'),
});

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

/** What the encoders of images and texts, the classification and the training need, whatever the method. */
export const backboneFields = {
  width: positive.default(256).describe('width of all tokens, d'),
  heads: positive.default(8).describe('attention heads'),
  /** Width of the feed-forward parts as a multiple of d. */
  expansion: positive.default(4),
  activation: z.enum(['gelu', 'quick-gelu', 'relu']).default('gelu'),
  dropout: z.number().min(0).lt(1).default(0.1).describe('dropout rate'),
  textLayers: z
    .int()
    .nonnegative()
    .default(0)
    .describe('Transformer layers over the words, or over the features of a text encoder'),
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
  image: imageConfig,
  text: textConfig.default({ kind: 'words' }),
};

/** What the models of all methods have in common (a zod schema). */
export const backboneConfig = z
  .object(backboneFields)
  .refine(({ width, heads }) => width % heads === 0, { path: ['heads'], error: 'the width must be a multiple of the heads' });

/** The part of a model's config that all methods share. */
export type BackboneConfig = z.output<typeof backboneConfig>;
/** What the encoders of pictures and words depend on. */
export type EncoderConfig = Pick<
  BackboneConfig,
  'image' | 'width' | 'heads' | 'expansion' | 'activation' | 'dropout' | 'textLayers' | 'vocabularySize'
>;
/** How a model gets its images: features, pixels or captions. */
export type ImageConfig = z.output<typeof imageConfig>;
export type TextConfig = z.output<typeof textConfig>;
