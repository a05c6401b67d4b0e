/**
 * LIMN: the multi-faceted matching network for composed image retrieval (Wen et al., arXiv 2305.09979).
 *
 * The paper names three modules: a multi-grained encoder, latent factor-oriented feature aggregation and query-target matching.
 * The equations of this file are this project's reconstruction of them.
 *
 * Shapes: B batch, N picture tokens, M words, d width, K factors, p width of a factor's projection.
 */
import * as f from '../graph/functions.js';
import type { Value } from '../graph/index.js';
import { type Context, init } from '../nn/context.js';
import { embedding, layerNorm, linear, maskBias, mlp, transformerLayer } from '../nn/layers.js';
import { crossEntropy, disentangling, symmetricKl } from '../nn/losses.js';
import { float32 } from '../tensor/tensor.js';
import type { LimnConfig } from './config.js';
import { encodePicture, type PictureInput } from './picture.js';

export interface TextInput {
  /** Word ids int64 (B, M), 0 where there is no word. */
  words: Value;
}

/** What LIMN makes of a query or of a target. */
export interface Embedding {
  /** The matching token, of length 1: (B, d). */
  matching: Value;
  /** The factors' projections, each of length 1: (B, K, p). */
  factors: Value;
  /** The factor tokens themselves: (B, K, d). */
  tokens: Value;
}

/** The embedding of a query: a reference picture and a modification text. Either is left out of the sequence by `config.query`. */
export function embedQuery(context: Context, config: LimnConfig, picture: PictureInput, text: TextInput): Embedding {
  const seen = config.query !== 'text' ? pictureTokens(context, config, picture) : undefined;
  const read = config.query !== 'picture' ? textTokens(context, config, text) : undefined;
  return embed(context, config, seen, read);
}

/** The embedding of a target picture, which is what a gallery stores. */
export function embedTarget(context: Context, config: LimnConfig, picture: PictureInput): Embedding {
  return embed(context, config, pictureTokens(context, config, picture), undefined);
}

interface Sequence {
  tokens: Value;
  /** Added to the attention logits of these tokens: (B or 1, n). */
  bias: Value;
  /** (B, d) */
  global: Value;
}

/**
 * [picture tokens; global], each with its type: (B, N + 1, d). Where it is given, `localMass` is the number of tokens that all N
 * local tokens together weigh like in the attention: many of them cannot drown the words and the globals then, and it makes no
 * difference in expectation how many of them a training step sees.
 */
function pictureTokens(context: Context, config: LimnConfig, picture: PictureInput): Sequence {
  const { tokens, global } = encodePicture(context.scope('picture'), config, picture);
  const typed = f.add(tokens, typeEmbedding(context, config, 'picture'));
  const typedGlobal = f.unsqueeze(f.add(global, typeEmbedding(context, config, 'picture_global')), [1]);
  const count = tokens.shape[1] as number;
  const bias = [...new Array(count).fill(Math.log((config.localMass ?? count) / count)), 0];
  return { tokens: f.concat([typed, typedGlobal], 1), bias: global.graph.constant(float32([1, bias.length], bias)), global };
}

/** [words; global], each with its type: (B, M + 1, d). The global is a linear map of the words' mean. */
function textTokens(context: Context, config: LimnConfig, { words }: TextInput): Sequence {
  const scope = context.scope('text');
  const [batch, length] = words.shape as [number, number];
  const positions = scope.parameter('positions', [length, config.width], init.normal(0.02), { decay: false });
  let tokens = f.add(embedding(scope, 'words', words, config.vocabularySize, config.width, 0.3), positions);
  const mask = f.cast(f.greater(words, f.indices(words, [], [0])), 'float32'); // (B, M)
  for (let i = 0; i < config.textLayers; i++) {
    tokens = transformerLayer(scope, `layer${i}`, tokens, { ...config, bias: maskBias(mask) });
  }
  const weights = f.unsqueeze(f.div(mask, f.maximum(f.reduceSum(mask, [1], { keepDims: true }), 1)), [2]); // (B, M, 1)
  const global = linear(scope, 'global', f.reduceSum(f.mul(tokens, weights), [1]), config.width);
  const typed = f.add(tokens, typeEmbedding(context, config, 'word'));
  const typedGlobal = f.unsqueeze(f.add(global, typeEmbedding(context, config, 'text_global')), [1]);
  return {
    tokens: f.concat([typed, typedGlobal], 1),
    bias: f.concat([f.mul(f.sub(1, mask), -1e9), f.filled(mask, [batch, 1], 0)], 1),
    global,
  };
}

function typeEmbedding(context: Context, config: LimnConfig, name: string): Value {
  return context.scope('types').parameter(name, [config.width], init.normal(0.1));
}

/** Latent factor-oriented aggregation, then dual aggregation into the matching token. */
function embed(context: Context, config: LimnConfig, picture: Sequence | undefined, text: Sequence | undefined): Embedding {
  const { width: d, factors: count } = config;
  const sequences = [picture, text].filter((sequence) => sequence !== undefined);
  const batch = (sequences[0] as Sequence).tokens.shape[0] as number;
  const scope = context.scope('aggregation');

  // K learnable factor tokens gather from the sequence; only their K places of the last layer are ever needed.
  const prefix = f.expand(scope.parameter('factors', [1, count, d], init.normal(0.5), { decay: false }), [batch, count, d]);
  let x = context.dropout(f.concat([prefix, ...sequences.map(({ tokens }) => tokens)], 1), config.dropout);
  const bias = sequenceBias(prefix, sequences);
  for (let i = 0; i < config.layers; i++) {
    const last = i === config.layers - 1;
    x = transformerLayer(scope, `layer${i}`, x, { ...config, bias, ...(last ? { only: count } : {}) });
  }
  const tokens = layerNorm(scope, 'norm', x); // (B, K, d)

  const matching = aggregate(
    context.scope('matching'),
    config,
    tokens,
    fuseGlobals(context.scope('fusion'), config, picture, text),
  );
  const projected = linear(context.scope('matching'), 'projection', tokens, config.projection, { bias: false });
  return { matching: f.l2Normalize(matching), factors: f.l2Normalize(projected), tokens };
}

/** The attention bias of the whole sequence: (B or 1, 1, 1, K + tokens). */
function sequenceBias(prefix: Value, sequences: readonly Sequence[]): Value {
  const rows = Math.max(...sequences.map(({ bias }) => bias.shape[0] as number));
  const none = f.filled(prefix, [1, prefix.shape[1] as number], 0);
  const parts = [none, ...sequences.map(({ bias }) => bias)].map((part) => f.expand(part, [rows, part.shape[1] as number]));
  const joined = f.concat(parts, 1);
  return f.reshape(joined, [rows, 1, 1, joined.shape[1] as number]);
}

/** The global features of a query as one vector: a gated picture plus a residual of both; or the only one there is. (B, d) */
function fuseGlobals(context: Context, config: LimnConfig, picture?: Sequence, text?: Sequence): Value {
  if (!picture || !text) return layerNorm(context, 'norm', ((picture ?? text) as Sequence).global);
  const both = f.concat([picture.global, text.global], 1);
  const gate = f.sigmoid(linear(context, 'gate', both, config.width));
  const residual = mlp(context, 'residual', both, { hidden: 2 * config.width, out: config.width, ...hiddenOptions(config) });
  return layerNorm(context, 'norm', f.add(f.mul(gate, picture.global), residual));
}

/** Dual aggregation: an adaptive part (attention over the factors) and a holistic one (an MLP of their mean and the globals). */
function aggregate(context: Context, config: LimnConfig, tokens: Value, global: Value): Value {
  const [batch, count, d] = tokens.shape as [number, number, number];
  const energy = linear(context, 'energy', f.tanh(linear(context, 'attend', tokens, d)), 1); // (B, K, 1)
  const weights = f.softmax(f.reshape(energy, [batch, 1, count]));
  const adaptive = f.reshape(f.matmul(weights, tokens), [batch, d]);
  const holistic = mlp(context, 'holistic', f.concat([f.reduceMean(tokens, [1]), global], 1), {
    hidden: 2 * d,
    out: d,
    ...hiddenOptions(config),
  });
  return f.add(adaptive, holistic);
}

const hiddenOptions = ({ activation, dropout }: LimnConfig) => ({ activation, dropout });

export interface LimnLoss {
  loss: Value;
  metrics: Record<string, Value>;
}

/**
 * Dual matching: batch-based classification on the matching tokens and on the factors, a KL term that makes both rank alike, and
 * a term that keeps the factors apart.
 *
 * @param sameTarget float32 (B, B): 1 where two different rows of the batch want the same picture and so are no negatives
 */
export function limnLoss(context: Context, config: LimnConfig, query: Embedding, target: Embedding, sameTarget: Value): LimnLoss {
  const batch = sameTarget.shape[0] as number;
  const scope = context.scope('loss');
  const labels = f.where(f.equal(row(sameTarget, batch), column(sameTarget, batch)), f.filled(sameTarget, [batch, batch], 1), 0);
  const hidden = f.mul(sameTarget, -1e4);
  const flat = ({ factors }: Embedding) => f.reshape(factors, [batch, -1]);
  const logits = (name: string, cosines: Value) => {
    const scale = f.exp(scope.parameter(name, [], init.constant(Math.log(config.initialScale))));
    return f.add(f.mul(cosines, f.minimum(scale, 100)), hidden);
  };
  const byMatching = logits('matching_scale', f.matmul(query.matching, target.matching, { transB: true }));
  const byFactors = logits('factor_scale', f.matmul(flat(query), flat(target), { transB: true, alpha: 1 / config.factors }));
  const matching = crossEntropy(byMatching, labels);
  const factors = crossEntropy(byFactors, labels);
  const agreement = symmetricKl(byMatching, byFactors);
  const apart = f.add(disentangling(query.tokens), disentangling(target.tokens));
  const { weights } = config;
  const loss = f.add(
    matching,
    f.mul(factors, weights.factors),
    f.mul(agreement, weights.agreement),
    f.mul(apart, weights.disentangling),
  );
  return { loss, metrics: { matching, factors, agreement, disentangling: apart } };
}

const row = (like: Value, n: number) =>
  f.indices(
    like,
    [1, n],
    Array.from({ length: n }, (_, i) => i),
  );
const column = (like: Value, n: number) =>
  f.indices(
    like,
    [n, 1],
    Array.from({ length: n }, (_, i) => i),
  );
