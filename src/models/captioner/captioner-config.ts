/** What a difference captioner is: everything that its weights depend on. */
import { z } from 'zod';
import { imageConfig } from '../backbone/config.js';

const positive = z.int().positive();

export const captionerConfig = z
  .strictObject({
    /** d, the width of all tokens. */
    width: positive.default(256),
    /** Layers of the Transformer over both pictures. */
    layers: positive.default(2),
    /** Layers of the decoder. */
    decoderLayers: positive.default(2),
    heads: positive.default(8),
    /** Width of the feed-forward parts as a multiple of d. */
    expansion: positive.default(4),
    activation: z.enum(['gelu', 'quick-gelu', 'relu']).default('gelu'),
    dropout: z.number().min(0).lt(1).default(0.1),
    /**
     * How many tokens the local tokens of a picture together weigh like in every attention. With it, it makes no difference in
     * expectation how many of them a training step sees. Not given: each weighs like any other.
     */
    localTokenPrior: z.number().positive().optional(),
    /** Words of a text, without its end; longer ones are cut. */
    words: positive.default(24),
    vocabularySize: positive,
    /** Transformer layers over captions that stand in for pictures. */
    textLayers: z.int().nonnegative().default(0),
    /** Part of the probability that is spread over all words (Szegedy et al., arXiv 1512.00567). */
    labelSmoothing: z.number().min(0).lt(1).default(0.1),
    /** What it sees. "target" alone is the baseline that cannot describe a difference. */
    sees: z.enum(['both', 'target']).default('both'),
    image: imageConfig,
  })
  .refine(({ width, heads }) => width % heads === 0, { path: ['heads'], error: 'the width must be a multiple of the heads' });

export type CaptionerConfig = z.output<typeof captionerConfig>;
export type CaptionerConfigInput = z.input<typeof captionerConfig>;
