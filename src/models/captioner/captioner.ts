/**
 * The difference captioner, LIMN+'s dual task: from a reference and a target picture to a modification text.
 *
 * Both pictures' tokens and, place by place, their difference go through a Transformer encoder; a causal Transformer decoder with
 * cross-attention writes the text. Its word vectors are also the weights of its output. The equations are this project's.
 *
 * Shapes: B batch, N picture tokens, L places of a text, d width, V words with the ids of start and end.
 */
import * as f from '../../engine/graph/functions.js';
import type { Value } from '../../engine/graph/index.js';
import { type Context, init } from '../../engine/nn/context.js';
import { decoderPosition, memoryOf } from '../../engine/nn/decoder-position.js';
import { causalBias, decoderLayer, type KeysAndValues, layerNorm, transformerLayer } from '../../engine/nn/layers.js';
import { crossEntropy } from '../../engine/nn/losses.js';
import { encodeImage, type Inputs, withoutPrefix } from '../backbone/image.js';
import type { CaptionerConfig } from './captioner-config.js';

/** Ids behind the vocabulary's: what a text starts and ends with. */
export const startId = ({ vocabularySize }: CaptionerConfig) => vocabularySize;
export const endId = ({ vocabularySize }: CaptionerConfig) => vocabularySize + 1;
/** V: all ids, padding and unknown words with them. */
export const idCount = ({ vocabularySize }: CaptionerConfig) => vocabularySize + 2;

/** What the decoder looks at. */
export interface Memory {
  /** (B, n, d) */
  tokens: Value;
  /** Added to the attention logits over it, (B, 1, 1, n); left out where every token counts. */
  bias: Value | undefined;
}

/** Whether the tokens of a memory weigh differently: captions that stand in for pictures are of different lengths. */
export const weighsTokens = ({ image, localTokenPrior }: CaptionerConfig) =>
  image.kind === 'captions' || localTokenPrior !== undefined;

/** Both pictures and their difference. */
export function encodePair(context: Context, config: CaptionerConfig, inputs: Inputs): Memory {
  const scope = context.scope('encoder');
  const see = (prefix: string) => tokensOf(context, config, withoutPrefix(inputs, prefix));
  const target = see('target.');
  const parts = [{ ...target, tokens: typed(scope, 'target', target.tokens) }];
  if (config.sees === 'both') {
    const reference = see('reference.');
    const difference = f.sub(target.tokens, reference.tokens);
    parts.push({ ...reference, tokens: typed(scope, 'reference', reference.tokens) });
    parts.push({ ...target, tokens: typed(scope, 'difference', difference) });
  }
  const joined = (values: Value[]) => f.concat(values, 1);
  let x = context.dropout(joined(parts.map(({ tokens }) => tokens)), config.dropout);
  const weighed = weighsTokens(config) ? joined(parts.map((part) => part.bias as Value)) : undefined;
  const bias = weighed && f.unsqueeze(weighed, [1, 2]);
  for (let i = 0; i < config.layers; i++) x = transformerLayer(scope, `layer${i}`, x, { ...config, bias });
  return { tokens: layerNorm(scope, 'norm', x), bias };
}

/** [local tokens; global] of a picture, (B, N + 1, d), and what is added to the attention logits, (B, N + 1). */
function tokensOf(context: Context, config: CaptionerConfig, input: Inputs): { tokens: Value; bias: Value | undefined } {
  const { tokens, bias: hidden, global } = encodeImage(context, config, input);
  const [batch, count] = (tokens as Value).shape as [number, number];
  const prior = config.localTokenPrior === undefined ? 0 : Math.log(config.localTokenPrior / count);
  const local = f.add(hidden ?? f.filled(global, [batch, count], 0), prior);
  const bias = weighsTokens(config) ? f.concat([local, f.filled(global, [batch, 1], 0)], 1) : undefined;
  return { tokens: f.concat([tokens as Value, f.unsqueeze(global, [1])], 1), bias };
}

function typed(scope: Context, name: string, tokens: Value): Value {
  return f.add(tokens, scope.scope('types').parameter(name, [tokens.shape[2] as number], init.normal(0.1)));
}

/** Logits (B, L, V) of the word behind each position. @param words ids int64 (B, L), beginning with the start */
export function decode(context: Context, config: CaptionerConfig, memory: Memory, words: Value): Value {
  const scope = context.scope('decoder');
  const length = words.shape[1] as number;
  const { embedded, table } = embed(scope, config, words, f.slice(positionsOf(scope, config), 0, 0, length));
  let x = context.dropout(embedded, config.dropout);
  const bias = causalBias(x, length);
  const seen = { memory: memory.tokens, memoryBias: memory.bias };
  for (let i = 0; i < config.decoderLayers; i++) x = decoderLayer(scope, `layer${i}`, x, { ...config, bias, ...seen });
  return outputs(scope, x, table);
}

/** The keys and values of a memory's tokens, a pair a decoder layer; they are the same at every step of a decoding. */
export function memories(context: Context, config: CaptionerConfig, memory: Value): KeysAndValues[] {
  const scope = context.scope('decoder');
  return Array.from({ length: config.decoderLayers }, (_, i) => memoryOf(scope, `layer${i}`, memory, config.heads));
}

export interface DecodingStep {
  /** Logits of the next word, (R, V). */
  logits: Value;
  /** Keys and values of all positions so far, a pair a layer: (R, H, L, d/H). */
  past: KeysAndValues[];
}

export interface DecodingState {
  /** Keys and values of {@link memories}, of one item for every R / B rows. */
  memory: { layers: readonly KeysAndValues[]; bias: Value | undefined };
  /** Ids int64 (R) of the words at this position. */
  words: Value;
  /** int64 (1), from 0. */
  position: Value;
  /** Keys and values of the positions before; what stands at later ones is not read. */
  past: readonly KeysAndValues[];
}

/** One word further: up to rounding the numbers that {@link decode} gives at this position. */
export function decodeStep(context: Context, config: CaptionerConfig, state: DecodingState): DecodingStep {
  const { memory, words, position, past } = state;
  const scope = context.scope('decoder');
  const length = config.words + 1;
  const { embedded, table } = embed(scope, config, words, f.gather(positionsOf(scope, config), position));
  const bias = f.gather(f.reshape(causalBias(words, length), [length, length]), position); // (1, L)
  const [rows, heads] = [words.shape[0] as number, config.heads];
  // (R, H, 3): row, head, position
  const rowsAndHeads = Array.from({ length: rows * heads }, (_, i) => [Math.floor(i / heads), i % heads, 0]).flat();
  const toPosition = f.mul(f.indices(words, [3], [0, 0, 1]), position);
  const here = f.add(f.indices(words, [rows, heads, 3], rowsAndHeads), toPosition);
  const now: KeysAndValues[] = [];
  let x = embedded;
  for (let i = 0; i < config.decoderLayers; i++) {
    const before = past[i] as KeysAndValues;
    const remember = ({ keys, values }: KeysAndValues) => {
      now.push({ keys: f.scatterND(before.keys, here, keys), values: f.scatterND(before.values, here, values) });
      return now[i] as KeysAndValues;
    };
    const seen = { memory: memory.layers[i] as KeysAndValues, memoryBias: memory.bias };
    x = decoderPosition(scope, `layer${i}`, x, { ...config, bias, ...seen, remember });
  }
  return { logits: outputs(scope, x, table), past: now };
}

function positionsOf(scope: Context, config: CaptionerConfig): Value {
  return scope.parameter('positions', [config.words + 1, config.width], init.normal(0.02), { decay: false });
}

/** Word vectors with their positions: words (B, L), or (R) at one position. @param positions (L, d) */
function embed(scope: Context, config: CaptionerConfig, words: Value, positions: Value) {
  const table = scope.parameter('words', [idCount(config), config.width], init.normal(1 / Math.sqrt(config.width)), {
    decay: false,
  });
  return { embedded: f.add(f.mul(f.gather(table, words), Math.sqrt(config.width)), positions), table };
}

/** x (..., d) -> logits (..., V): the inner products with the word vectors. */
function outputs(scope: Context, x: Value, table: Value): Value {
  const [count, d] = table.shape as [number, number];
  const flat = f.reshape(layerNorm(scope, 'norm', x), [-1, d]);
  const bias = scope.parameter('bias', [count], init.zeros);
  return f.reshape(f.add(f.matmul(flat, table, { transB: true }), bias), [...x.shape.slice(0, -1), count]);
}

/**
 * Teacher forcing: every position is to tell the word behind it.
 *
 * @param words ids int64 (B, L + 1): start, the text, its end, then 0
 * @param rowWeights float32 (B): how much each text counts. @default all the same
 * @returns the mean cross-entropy of a word; `accuracy` is the share of positions whose likeliest word is the right one
 */
export function captionerLoss(context: Context, config: CaptionerConfig, inputs: Inputs, words: Value, rowWeights?: Value) {
  const [batch, length] = words.shape as [number, number];
  const logits = decode(context, config, encodePair(context, config, inputs), f.slice(words, 1, 0, length - 1));
  const count = batch * (length - 1);
  const wanted = f.reshape(f.slice(words, 1, 1, length), [count, 1]);
  const ids = f.indices(
    words,
    [1, idCount(config)],
    Array.from({ length: idCount(config) }, (_, id) => id),
  );
  const oneHot = f.cast(f.equal(ids, wanted), 'float32');
  const weights = f.reshape(f.cast(f.greater(wanted, f.indices(words, [], [0])), 'float32'), [count]);
  const flat = f.reshape(logits, [count, idCount(config)]);
  const ofRows = rowWeights && f.reshape(f.expand(f.unsqueeze(rowWeights, [1]), [batch, length - 1]), [count]);
  const best = f.reduceMax(flat, [1], { keepDims: true });
  const right = f.cast(f.equal(f.reduceSum(f.mul(flat, oneHot), [1], { keepDims: true }), best), 'float32');
  const accuracy = f.div(f.reduceSum(f.mul(f.reshape(right, [count]), weights)), f.reduceSum(weights));
  return {
    loss: crossEntropy(flat, oneHot, {
      labelSmoothing: config.labelSmoothing,
      weights: ofRows ? f.mul(weights, ofRows) : weights,
    }),
    metrics: { accuracy },
  };
}
