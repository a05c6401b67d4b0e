/** The layers that limn's models are made of. Shapes: B batch, n tokens, d width, H heads. */
import * as f from '../graph/functions.js';
import type { Value } from '../graph/index.js';
import { type Context, init } from './context.js';

export interface LinearOptions {
  /** @default true */
  bias?: boolean;
}

/** x (..., in) -> (..., out): x W + b, W (in, out). */
export function linear(context: Context, name: string, x: Value, out: number, options: LinearOptions = {}): Value {
  const scope = context.scope(name);
  const weight = scope.parameter('weight', [x.shape.at(-1) as number, out], init.fanIn);
  const y = f.matmul(x, weight);
  return options.bias === false ? y : f.add(y, scope.parameter('bias', [out], init.zeros));
}

/** Layer normalisation over the last axis (Ba et al., arXiv 1607.06450). */
export function layerNorm(context: Context, name: string, x: Value): Value {
  const scope = context.scope(name);
  const d = x.shape.at(-1) as number;
  return f.layerNormalization(x, scope.parameter('scale', [d], init.ones), scope.parameter('bias', [d], init.zeros));
}

/** ids int64 (...) -> (..., d). Embeddings are not decayed. */
export function embedding(context: Context, name: string, ids: Value, count: number, d: number, deviation: number): Value {
  return f.gather(context.parameter(name, [count, d], init.normal(deviation), { decay: false }), ids);
}

export type Activation = 'gelu' | 'quick-gelu' | 'relu';

export const activations: Record<Activation, (x: Value) => Value> = { gelu: f.gelu, 'quick-gelu': f.quickGelu, relu: f.relu };

export interface MlpOptions {
  hidden: number;
  out: number;
  /** @default 'gelu' */
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

export interface TransformerLayerOptions {
  heads: number;
  /** Width of the feed-forward part as a multiple of d. @default 4 */
  expansion?: number;
  /** @default 0 */
  dropout?: number;
  /** @default 'gelu' */
  activation?: Activation;
  /** Added to the attention logits, (B or 1, 1, 1 or n, n): large negative numbers hide tokens. */
  bias?: Value | undefined;
  /** Compute only the first so many positions: the same numbers, as other positions serve as keys and values only. */
  only?: number;
}

/** A pre-norm Transformer layer (Xiong et al., arXiv 2002.04745): x (B, n, d) -> (B, n or only, d). */
export function transformerLayer(context: Context, name: string, x: Value, options: TransformerLayerOptions): Value {
  const scope = context.scope(name);
  const d = x.shape[2] as number;
  const dropout = options.dropout ?? 0;
  const first = (value: Value) => (options.only === undefined ? value : f.slice(value, 1, 0, options.only));
  const normal = layerNorm(scope, 'norm1', x);
  const attended = attention(scope, 'attention', first(normal), normal, options.heads, options.bias);
  const middle = f.add(first(x), scope.dropout(attended, dropout));
  const fed = mlp(scope, 'feed', layerNorm(scope, 'norm2', middle), {
    hidden: d * (options.expansion ?? 4),
    out: d,
    activation: options.activation ?? 'gelu',
  });
  return f.add(middle, scope.dropout(fed, dropout));
}

/**
 * Multi-head attention (Vaswani et al., arXiv 1706.03762): queries from x (B, m, d), keys and values from y (B, n, d) -> (B, m, d).
 */
export function attention(context: Context, name: string, x: Value, y: Value, heads: number, bias?: Value): Value {
  const scope = context.scope(name);
  const [batch, n, d] = y.shape as [number, number, number];
  const m = x.shape[1] as number;
  const width = d / heads;
  // (B, tokens, d) -> (B, H, tokens, d/H)
  const toHeads = (value: Value, tokens: number) => f.transpose(f.reshape(value, [batch, tokens, heads, width]), [0, 2, 1, 3]);
  const q = toHeads(linear(scope, 'query', x, d), m);
  const k = toHeads(linear(scope, 'key', y, d), n);
  const v = toHeads(linear(scope, 'value', y, d), n);
  const logits = f.matmul(q, k, { transB: true, alpha: 1 / Math.sqrt(width) });
  const weights = f.softmax(bias ? f.add(logits, bias) : logits);
  const mixed = f.reshape(f.transpose(f.matmul(weights, v), [0, 2, 1, 3]), [batch, m, d]);
  return linear(scope, 'out', mixed, d);
}

/** The attention bias of a token mask (B, n) of ones and zeros: (B, 1, 1, n), 0 where there is a token and -1e9 where not. */
export function maskBias(mask: Value): Value {
  const [batch, n] = mask.shape as [number, number];
  return f.reshape(f.mul(f.sub(1, mask), -1e9), [batch, 1, 1, n]);
}
