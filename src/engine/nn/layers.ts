/** The layers that limn's models are made of. Shapes: B batch, n tokens, d width, H heads. */
import * as f from '../graph/functions.js';
import type { Value } from '../graph/index.js';
import { float32 } from '../tensor/tensor.js';
import { Batches } from './batches.js';
import { type Context, type Init, init } from './context.js';

/** Options of {@link linear}. */
export interface LinearOptions {
  /** Whether b is added. @default true */
  bias?: boolean;
  /** First values of the weight. @default uniform by the fan-in */
  weight?: Init;
}

/** x (..., in) -> (..., out): x W + b, W (in, out). */
export function linear(context: Context, name: string, x: Value, out: number, options: LinearOptions = {}): Value {
  const scope = context.scope(name);
  const weight = scope.parameter('weight', [x.shape.at(-1) as number, out], options.weight ?? init.fanIn);
  const y = f.matmul(x, weight);
  return options.bias === false ? y : f.add(y, scope.parameter('bias', [out], init.zeros));
}

/** Layer normalisation over the last axis (Ba et al., arXiv 1607.06450). */
export function layerNorm(context: Context, name: string, x: Value): Value {
  const scope = context.scope(name);
  const d = x.shape.at(-1) as number;
  return f.layerNormalization(x, scope.parameter('scale', [d], init.ones), scope.parameter('bias', [d], init.zeros));
}

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** How many ids there are, from 0. */
  count: number;
  /** Width d of a vector. */
  width: number;
  /** Standard deviation of the first values. */
  std: number;
}

/** ids int64 (...) -> (..., d). Embeddings are not decayed. */
export function embedding(context: Context, name: string, ids: Value, { count, width, std }: EmbeddingOptions): Value {
  return f.gather(context.parameter(name, [count, width], init.normal(std), { decay: false }), ids);
}

/** Activation functions of {@link mlp}. */
export type Activation = 'gelu' | 'quick-gelu' | 'relu';

const activations: Record<Activation, (x: Value) => Value> = { gelu: f.gelu, 'quick-gelu': f.quickGelu, relu: f.relu };

/** Options of {@link mlp}. */
export interface MlpOptions {
  /** Width of the hidden layer. */
  hidden: number;
  /** Width of the result. */
  out: number;
  /** The activation between the two layers. @default 'gelu' */
  activation?: Activation;
  /** Dropout before the second layer. @default 0 */
  dropout?: number;
}

/** Two linear layers with an activation between them: (..., in) -> (..., out). */
export function mlp(context: Context, name: string, x: Value, options: MlpOptions): Value {
  const scope = context.scope(name);
  const hidden = activations[options.activation ?? 'gelu'](linear(scope, 'in', x, options.hidden));
  return linear(scope, 'out', scope.dropout(hidden, options.dropout ?? 0), options.out);
}

/** Options of {@link transformerLayer}. */
export interface TransformerLayerOptions {
  /** Number of heads H; it divides d. */
  heads: number;
  /** Width of the feed-forward part as a multiple of d. @default 4 */
  expansion?: number;
  /** Dropout of attention and feed-forward outputs. @default 0 */
  dropout?: number;
  /** The activation of the feed-forward part. @default 'gelu' */
  activation?: Activation;
  /** Added to the attention logits, (B or 1, 1, 1 or n, n): large negative numbers hide tokens. */
  bias?: Value | undefined;
  /** Compute only the first so many positions: the same numbers, as other positions serve as keys and values only. */
  only?: number;
  /** Is given the attention's weights (B, H, n or only, n), each row of which sums to 1. */
  onAttention?: ((weights: Value) => void) | undefined;
}

/** A pre-norm Transformer layer (Xiong et al., arXiv 2002.04745): x (B, n, d) -> (B, n or only, d). */
export function transformerLayer(context: Context, name: string, x: Value, options: TransformerLayerOptions): Value {
  return transformerLayers(context, name, Batches.of([x]), { ...options, biases: [options.bias] }).whole;
}

/** {@link transformerLayer} of several batches, with the same weights. @param options an attention's bias for each batch */
export function transformerLayers(
  context: Context,
  name: string,
  x: Batches,
  options: Omit<TransformerLayerOptions, 'bias'> & { biases: readonly (Value | undefined)[] },
): Batches {
  const scope = context.scope(name);
  const d = x.whole.shape.at(-1) as number;
  const { heads, biases, dropout = 0, only, onAttention: onWeights } = options;
  const first = (batches: Batches) => (only === undefined ? batches : batches.each((value) => f.slice(value, 1, 0, only)));
  const normal = x.map((rows) => layerNorm(scope, 'norm1', rows));
  const attended = attentions(scope, 'attention', first(normal), { memory: normal, heads, biases, onWeights });
  const within = attended.context(scope);
  const middle = first(x).map((rows) => f.add(rows, within.dropout(attended.whole, dropout)));
  return middle.map((rows) => {
    const fed = mlp(within, 'feed', layerNorm(scope, 'norm2', rows), {
      hidden: d * (options.expansion ?? 4),
      out: d,
      activation: options.activation ?? 'gelu',
    });
    return f.add(rows, within.dropout(fed, dropout));
  });
}

/** Options of {@link attention}. */
export interface AttentionOptions {
  /** What keys and values are made of: (B, n, d). */
  memory: Value;
  /** Number of heads H; it divides d. */
  heads: number;
  /** Added to the logits, of a shape that broadcasts to (B, H, m, n): large negative numbers hide tokens. @default nothing */
  bias?: Value | undefined;
  /** Is given the weights (B, H, m, n), each row of which sums to 1. */
  onWeights?: ((weights: Value) => void) | undefined;
}

/** Multi-head attention (Vaswani et al., arXiv 1706.03762): queries from x (B, m, d), keys and values from a memory (B, n, d) -> (B, m, d). */
export function attention(context: Context, name: string, x: Value, options: AttentionOptions): Value {
  const { memory, bias, ...others } = options;
  return attentions(context, name, Batches.of([x]), { ...others, memory: Batches.of([memory]), biases: [bias] }).whole;
}

/** {@link attention} of several batches, each over its own memory. */
function attentions(
  context: Context,
  name: string,
  x: Batches,
  options: Omit<AttentionOptions, 'memory' | 'bias'> & { memory: Batches; biases: readonly (Value | undefined)[] },
): Batches {
  const { memory, heads, biases, onWeights } = options;
  const scope = context.scope(name);
  const alpha = 1 / Math.sqrt((x.whole.shape.at(-1) as number) / heads);
  // A device without products that have a factor multiplies once for all batches, and smaller values than logits.
  const isScaled = context.joins;
  const queries = projectHeads(scope, 'query', x, heads, isScaled ? alpha : 1);
  const keys = projectHeads(scope, 'key', memory, heads);
  const values = projectHeads(scope, 'value', memory, heads);
  const mixed = queries.map((each, i) => {
    const logits = f.matmul(each, keys[i] as Value, { transB: true, alpha: isScaled ? 1 : alpha });
    return mix(logits, values[i] as Value, biases[i], onWeights);
  });
  return Batches.of(mixed).map((rows) => linear(scope, 'out', rows, rows.shape.at(-1) as number));
}

/** What an attention reads, in heads: (B, H, n, d/H) each. */
export interface KeysAndValues {
  keys: Value;
  values: Value;
}

/** Keys and values of y (B, n, d). */
export function keysAndValues(scope: Context, y: Value, heads: number): KeysAndValues {
  const [keys, values] = ['key', 'value'].map((name) => projectHeads(scope, name, Batches.of([y]), heads)[0] as Value);
  return { keys, values } as KeysAndValues;
}

/** (B, tokens, d) -> (B, H, tokens, d/H), for each batch, times a factor */
function projectHeads(scope: Context, name: string, x: Batches, heads: number, factor = 1): Value[] {
  const projected = x.map((rows) => {
    const y = linear(scope, name, rows, rows.shape.at(-1) as number);
    return factor === 1 ? y : f.mul(y, factor);
  });
  return projected.parts().map((part) => {
    const [batch, tokens, d] = part.shape as [number, number, number];
    return f.transpose(f.reshape(part, [batch, tokens, heads, d / heads]), [0, 2, 1, 3]);
  });
}

/** logits (B, H, m, n) and values (B, H, n, d/H) -> (B, m, d) */
function mix(logits: Value, values: Value, bias?: Value, onWeights?: (weights: Value) => void): Value {
  const [batch, heads, m] = logits.shape as [number, number, number];
  const width = values.shape.at(-1) as number;
  const weights = f.softmax(bias ? f.add(logits, bias) : logits);
  onWeights?.(weights);
  return f.reshape(f.transpose(f.matmul(weights, values), [0, 2, 1, 3]), [batch, m, heads * width]);
}

export interface DecoderLayerOptions extends TransformerLayerOptions {
  /** What the layer looks at beside its own sequence: (B, n, d). */
  memory: Value;
  /** Added to the attention logits over the memory. */
  memoryBias?: Value | undefined;
}

/** A pre-norm Transformer decoder layer: attention over its own sequence, over a memory, and a feed-forward part: x (B, m, d) -> (B, m, d). */
export function decoderLayer(context: Context, name: string, x: Value, options: DecoderLayerOptions): Value {
  const scope = context.scope(name);
  const { heads, dropout = 0, bias, memory, memoryBias } = options;
  const d = x.shape[2] as number;
  const normal = layerNorm(scope, 'norm1', x);
  const first = f.add(x, scope.dropout(attention(scope, 'attention', normal, { memory: normal, heads, bias }), dropout));
  const asked = layerNorm(scope, 'norm2', first);
  const middle = f.add(first, scope.dropout(attention(scope, 'cross', asked, { memory, heads, bias: memoryBias }), dropout));
  const fed = mlp(scope, 'feed', layerNorm(scope, 'norm3', middle), {
    hidden: d * (options.expansion ?? 4),
    out: d,
    activation: options.activation ?? 'gelu',
  });
  return f.add(middle, scope.dropout(fed, dropout));
}

/** The attention bias of a sequence that is written from left to right: (1, 1, n, n), -1e9 for what comes later. */
export function causalBias(like: Value, n: number): Value {
  const values = Float32Array.from({ length: n * n }, (_, i) => (i % n > Math.floor(i / n) ? -1e9 : 0));
  return like.graph.constant(float32([1, 1, n, n], values));
}

/** The attention bias of a token mask (B, n) of ones and zeros: (B, 1, 1, n), 0 where there is a token and -1e9 where not. */
export function maskBias(mask: Value): Value {
  const [batch, n] = mask.shape as [number, number];
  return f.reshape(f.mul(f.sub(1, mask), -1e9), [batch, 1, 1, n]);
}
