/**
 * LIMN: the multi-faceted matching network for composed image retrieval (Wen et al., arXiv 2305.09979).
 *
 * The paper names three modules: a multi-grained encoder, latent factor-oriented feature aggregation and query-target matching.
 * The equations of this file are this project's reconstruction of them.
 *
 * Shapes: B batch, N picture tokens, M words, d width, K factors, p width of a factor's projection.
 */
import { z } from 'zod';
import * as f from '../../engine/graph/functions.js';
import type { Value } from '../../engine/graph/index.js';
import { Batches } from '../../engine/nn/batches.js';
import { type Context, init } from '../../engine/nn/context.js';
import { layerNorm, linear, mlp, transformerLayers } from '../../engine/nn/layers.js';
import { factorOrthogonality, symmetricKl } from '../../engine/nn/losses.js';
import type { backboneConfig } from '../backbone/config.js';
import type { EncodedInput } from '../backbone/encoded.js';
import { inBatchClassification } from './classification.js';
import { defineMethod, type MethodConfig } from './define-method.js';
import { imageSequence, type Sequence, sequenceBias, textSequence } from './limn-sequences.js';
import type { BatchRows, Embedding } from './method.js';

const positive = z.int().positive();

/** LIMN's own options (a zod schema). */
const options = z
  .object({
    factors: positive.default(8).describe('latent factors, K'),
    /**
     * What the factor tokens start from in the shared Transformer: K learned tokens, or these and K linear maps of the fused global
     * features.
     */
    factorStart: z.enum(['tokens', 'global']).default('tokens'),
    layers: positive.default(2).describe('layers of the shared Transformer'),
    /** p, the width of a factor's projection. */
    projection: positive.default(64),
    /** How many tokens the local picture tokens together weigh like in the attention prior. Not given: each weighs like any other. */
    localTokenPrior: z.number().positive().optional(),
    /** Weights of the loss terms beside the matching token's classification, which has 1. */
    weights: z
      .strictObject({
        factors: z.number().nonnegative().default(1),
        agreement: z.number().nonnegative().default(1),
        factorOrthogonality: z.number().nonnegative().default(1),
      })
      .prefault({}),
    /**
     * How a query counts its factors: all the same, or by learned weights that depend on the query, K in sum. They multiply its factor
     * vectors, so that scores are inner products as before. @default "equal"
     */
    factorWeights: z.enum(['equal', 'learned']).optional(),
    gamma: z.number().nonnegative().default(1).describe("weight of the factors' mean cosine in the score"),
    query: z.enum(['both', 'picture', 'text']).default('both').describe('parts of the query that the model sees'),
    /** Which features of the multi-grained encoder are used. */
    features: z.enum(['both', 'global', 'local']).default('both'),
    /** How the matching token is made of the factors: an attention over them, an MLP of their mean, or the sum of both. */
    aggregation: z.enum(['both', 'adaptive', 'holistic']).default('both'),
  })
  .refine(({ factorStart, features }) => factorStart !== 'global' || features !== 'local', {
    path: ['factorStart'],
    error: 'needs global features, and "features" leaves them out',
  });

/** A config of LIMN, with defaults filled in. */
export type LimnConfig = MethodConfig<typeof options>;
/** A config of LIMN as a caller gives it: every field has a default. */
export type LimnConfigInput = z.input<typeof backboneConfig> & {
  /** May be left out. */
  method?: 'limn';
} & z.input<typeof options>;

/** What LIMN makes of a query or of a target. */
export interface FactorEmbedding extends Embedding {
  /** The factors' projections, each of length 1, or of the length of its weight: (B, K, p). */
  factors: Value;
  /** The factor tokens themselves: (B, K, d). */
  tokens: Value;
}

export const limn = defineMethod({
  id: 'limn',
  options,
  sees: ({ query }) => ({ image: query !== 'text', text: query !== 'picture' }),
  local: ({ features }) => features !== 'global',
  factors: ({ factors }) => factors,
  score: ({ gamma }) => ({ factors: gamma }),
  embedQuery(context, config, image, text): FactorEmbedding {
    const [query] = embed(context, config, [sideOf(context, config, image, text)]);
    return weighed(context, config, query as FactorEmbedding);
  },
  embedTarget(context, config, image): FactorEmbedding {
    return embed(context, config, [sideOf(context, config, image)])[0] as FactorEmbedding;
  },
  embedBoth(context, config, { image, text }, candidates) {
    const sides = [sideOf(context, config, image, text), sideOf(context, config, candidates)];
    const [query, target] = embed(context, config, sides) as [FactorEmbedding, FactorEmbedding];
    return { query: weighed(context, config, query), candidates: target };
  },
  loss: limnLoss,
  attention: factorAttention,
});

/** What is embedded at a time: a query, or targets. */
interface Side {
  image?: Sequence | undefined;
  text?: Sequence | undefined;
}

const sideOf = (context: Context, config: LimnConfig, image?: EncodedInput, text?: EncodedInput): Side => ({
  image: image && imageSequence(context, config, image),
  text: text && textSequence(context, config, text),
});

/** A query with its factors in the lengths of their weights, where it has some. */
function weighed(context: Context, config: LimnConfig, query: FactorEmbedding): FactorEmbedding {
  if (config.factorWeights !== 'learned') return query;
  return { ...query, factors: f.mul(query.factors, factorWeights(context.scope('factor_weights'), query.tokens)) };
}

/**
 * Where each factor looks in the picture: the attention of its token over the picture's local tokens in the last layer of the
 * aggregation, the mean of all heads, with what goes to factors, globals and words left out: (B, K, N), rows that sum to 1.
 *
 * @param text of a query; without one the picture is seen as a target
 */
function factorAttention(context: Context, config: LimnConfig, image: EncodedInput, text?: EncodedInput): Value {
  let weights: Value | undefined;
  embed(context, config, [sideOf(context, config, image, text)], (value) => {
    weights = value;
  });
  const local = (image.tokens as Value).shape[1] as number;
  const overImage = f.slice(f.reduceMean(weights as Value, [1]), 2, config.factors, config.factors + local);
  return f.div(overImage, f.maximum(f.reduceSum(overImage, [2], { keepDims: true }), 1e-30));
}

/**
 * Latent factor-oriented aggregation, then dual aggregation into the matching token, of each side.
 *
 * @param onAttention is given the last layer's attention weights (B, H, K, K + tokens) of a side
 */
function embed(
  context: Context,
  config: LimnConfig,
  sides: readonly Side[],
  onAttention?: (weights: Value) => void,
): FactorEmbedding[] {
  const { width: d, factors: count } = config;
  const scope = context.scope('aggregation');

  const fuse = () => fuseGlobals(context.scope('fusion'), config, sides);
  const start = config.factorStart === 'global' ? fuse() : undefined;
  const starts = start?.parts();
  // K learnable factor tokens gather from the sequence; only their K places of the last layer are ever needed.
  const seen = sides.map((side, i) => {
    const sequences = [side.image, side.text].filter((sequence) => sequence !== undefined);
    const batch = (sequences[0] as Sequence).tokens.shape[0] as number;
    const learned = f.expand(scope.parameter('factors', [1, count, d], init.normal(0.5), { decay: false }), [batch, count, d]);
    const own = starts?.[i];
    const prefix = own ? f.add(learned, startingTokens(scope, config, own)) : learned;
    return { tokens: f.concat([prefix, ...sequences.map(({ tokens }) => tokens)], 1), prefix, sequences };
  });
  const plain = Batches.of(seen.map(({ tokens }) => tokens));
  let x = plain.map((rows) => plain.context(context).dropout(rows, config.dropout));
  const biases = seen.map(({ prefix, sequences }) => sequenceBias(prefix, sequences));
  for (let i = 0; i < config.layers; i++) {
    const last = i === config.layers - 1;
    x = transformerLayers(scope, `layer${i}`, x, { ...config, biases, ...(last ? { only: count, onAttention } : {}) });
  }
  const tokens = x.map((rows) => layerNorm(scope, 'norm', rows)); // (B, K, d)

  const global = config.aggregation === 'adaptive' ? undefined : (start ?? fuse());
  const matchingScope = context.scope('matching');
  const matching = tokens.reduced(matchingScope, (whole, within) => aggregate(within, config, whole, global?.whole));
  const projected = tokens.map((whole) => linear(matchingScope, 'projection', whole, config.projection, { bias: false }));
  const [vectors, factors, all] = [
    matching.map((whole) => f.l2Normalize(whole)).parts(),
    projected.map((whole) => f.l2Normalize(whole)).parts(),
    tokens.parts(),
  ];
  return sides.map((_, i) => ({
    matching: vectors[i] as Value,
    factors: factors[i] as Value,
    tokens: all[i] as Value,
  }));
}

/**
 * How much a query counts each factor, by a small MLP of its factor tokens (B, K, d): (B, K, 1), K in sum over the factors. The last layer
 * starts at 0, so that all count the same at first.
 */
function factorWeights(context: Context, tokens: Value): Value {
  const [batch, count, d] = tokens.shape as [number, number, number];
  const hidden = f.tanh(linear(context, 'hidden', tokens, d));
  const energy = linear(context, 'energy', hidden, 1, { bias: false, weight: init.zeros });
  return f.mul(f.reshape(f.softmax(f.reshape(energy, [batch, count])), [batch, count, 1]), count);
}

/** K linear maps of the fused global features (B, d), one for each factor token: (B, K, d). */
function startingTokens(context: Context, { factors, width }: LimnConfig, global: Value): Value {
  const maps = linear(context, 'start', global, factors * width, { bias: false });
  return f.reshape(maps, [maps.shape[0] as number, factors, width]);
}

/** The global features of each side as one vector, or none: of a query a gated picture plus a residual of both; or the only one there is. (B, d) */
function fuseGlobals(context: Context, config: LimnConfig, sides: readonly Side[]): Batches | undefined {
  const fused = sides.map((side) => {
    const [image, text] = [side.image?.global, side.text?.global];
    if (!image || !text) return image ?? text;
    const both = f.concat([image, text], 1);
    const gate = f.sigmoid(linear(context, 'gate', both, config.width));
    const residual = mlp(context, 'residual', both, { hidden: 2 * config.width, out: config.width, ...hiddenOptions(config) });
    return f.add(f.mul(gate, image), residual);
  });
  const known = fused.filter((value) => value !== undefined);
  return known.length > 0 ? Batches.of(known).map((rows) => layerNorm(context, 'norm', rows)) : undefined;
}

/** Dual aggregation: an adaptive part (attention over the factors) and a holistic one (an MLP of their mean and the globals). */
function aggregate(context: Context, config: LimnConfig, tokens: Value, global: Value | undefined): Value {
  const [batch, count, d] = tokens.shape as [number, number, number];
  const adaptive = () => {
    const energy = linear(context, 'energy', f.tanh(linear(context, 'attend', tokens, d)), 1); // (B, K, 1)
    const weights = f.softmax(f.reshape(energy, [batch, 1, count]));
    return f.reshape(f.matmul(weights, tokens), [batch, d]);
  };
  const holistic = () => {
    const mean = f.reduceMean(tokens, [1]);
    const all = global ? f.concat([mean, global], 1) : mean;
    return mlp(context, 'holistic', all, { hidden: 2 * d, out: d, ...hiddenOptions(config) });
  };
  if (config.aggregation === 'adaptive') return adaptive();
  return config.aggregation === 'holistic' ? holistic() : f.add(adaptive(), holistic());
}

const hiddenOptions = ({ activation, dropout }: LimnConfig) => ({ activation, dropout });

/**
 * Dual matching: batch-based classification on the matching tokens and on the factors, a KL term that makes both rank alike, and
 * a term that keeps the factors apart.
 */
function limnLoss(context: Context, config: LimnConfig, query: FactorEmbedding, target: FactorEmbedding, rows: BatchRows) {
  const { weights } = config;
  const scope = context.scope('loss');
  const { logits, classify } = inBatchClassification(scope, config, rows);
  const flat = ({ factors }: FactorEmbedding) => f.reshape(factors, [factors.shape[0] as number, -1]);
  const byMatching = logits('matching_scale', f.matmul(query.matching, target.matching, { transB: true }));
  const matching = classify(byMatching);
  const metrics: Record<string, Value> = { matching };
  let loss = matching;
  if (weights.factors > 0 || weights.agreement > 0) {
    const byFactors = logits('factor_scale', f.matmul(flat(query), flat(target), { transB: true, alpha: 1 / config.factors }));
    metrics.factors = classify(byFactors);
    metrics.agreement = symmetricKl(byMatching, byFactors);
    loss = f.add(loss, f.mul(metrics.factors, weights.factors), f.mul(metrics.agreement, weights.agreement));
  }
  metrics.disentangling = disentangling(context, query.tokens, target.tokens);
  return { loss: f.add(loss, f.mul(metrics.disentangling, weights.factorOrthogonality)), metrics };
}

/** The term of both sides; where batches are joined and of one size, of both at once. */
function disentangling({ joins }: Context, query: Value, target: Value): Value {
  if (joins && query.shape[0] === target.shape[0]) return f.mul(factorOrthogonality(f.concat([query, target], 0)), 2);
  return f.add(factorOrthogonality(query), factorOrthogonality(target));
}
