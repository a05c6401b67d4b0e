/**
 * A decoder layer at one place of a text, for a decoding that keeps keys and values: the parameters and, up to rounding, the numbers
 * of {@link decoderLayer}, in as few and as large products as one place allows. Shapes: R rows (texts), I items that rows belong
 * to (the beams of an item stand together), H heads, w = d/H, L places of a text, n tokens of a memory.
 */
import * as f from '../graph/functions.js';
import type { Value } from '../graph/index.js';
import { type Context, init } from './context.js';
import { type KeysAndValues, keysAndValues, layerNorm, linear, type MlpOptions, mlp } from './layers.js';

export interface DecoderPositionOptions {
  heads: number;
  /** @default 4 */
  expansion?: number;
  /** @default 'gelu' */
  activation?: MlpOptions['activation'];
  /** Added to the attention logits over the text, (1, 1, 1, L). */
  bias: Value;
  /** Of {@link memoryOf}: (I, H, n, w), each item's for all of its rows. */
  memory: KeysAndValues;
  /** Added to the attention logits over the memory, (I, 1, 1, n). */
  memoryBias?: Value | undefined;
  /** Puts this place's keys and values (R, H, w) among those of the text, and gives all of them, (R, H, L, w). */
  remember: (own: KeysAndValues) => KeysAndValues;
}

/** x (R, d) -> (R, d) */
export function decoderPosition(context: Context, name: string, x: Value, options: DecoderPositionOptions): Value {
  const scope = context.scope(name);
  const { heads, bias, memory, memoryBias, remember, expansion = 4, activation = 'gelu' } = options;
  const [rows, d] = x.shape as [number, number];
  const width = d / heads;
  const self = scope.scope('attention');
  const joined = f.split(joinedLinear(self, ['query', 'key', 'value'], layerNorm(scope, 'norm1', x), width), [d, d, d], 1);
  const [queries, keys, values] = joined as [Value, Value, Value];
  const inHeads = (value: Value) => f.reshape(value, [rows, heads, width]);
  const text = remember({ keys: inHeads(keys), values: inHeads(values) });
  const first = f.add(x, linear(self, 'out', attend(queries, text, heads, bias), d));
  const cross = scope.scope('cross');
  const asked = joinedLinear(cross, ['query'], layerNorm(scope, 'norm2', first), width);
  const middle = f.add(first, linear(cross, 'out', attend(asked, memory, heads, memoryBias), d));
  return f.add(middle, mlp(scope, 'feed', layerNorm(scope, 'norm3', middle), { hidden: d * expansion, out: d, activation }));
}

/** Keys and values of a memory (I, n, d) for the decoder layer of this name; they are the same at every place. */
export function memoryOf(context: Context, name: string, memory: Value, heads: number): KeysAndValues {
  return keysAndValues(context.scope(name).scope('cross'), memory, heads);
}

/**
 * Linear layers of one input side by side, (R, d) -> (R, parts d). The one named "query" is divided by the square root of a head's
 * width, as its attention wants it. Weights are constants, so that ONNX Runtime joins them once, when the graph is loaded.
 */
function joinedLinear(scope: Context, parts: readonly string[], x: Value, width: number): Value {
  const d = x.shape[1] as number;
  const scaled = (part: string, value: Value) => (part === 'query' ? f.mul(value, 1 / Math.sqrt(width)) : value);
  const each = (name: 'weight' | 'bias', shape: number[]) =>
    parts.map((part) => scaled(part, scope.scope(part).parameter(name, shape, init.zeros)));
  return f.add(f.matmul(x, f.concat(each('weight', [d, d]), 1)), f.concat(each('bias', [d]), 0));
}

/** queries (R, d), scaled -> (R, d). The rows of an item are so many queries of one memory, which is read once for all of them. */
function attend(queries: Value, { keys, values }: KeysAndValues, heads: number, bias?: Value): Value {
  const [rows, d] = queries.shape as [number, number];
  const items = keys.shape[0] as number;
  const [each, width] = [rows / items, d / heads];
  const swap = (x: Value, shape: number[]) => (each === 1 ? x : f.transpose(f.reshape(x, shape), [0, 2, 1, 3]));
  const asked = f.reshape(swap(queries, [items, each, heads, width]), [items, heads, each, width]);
  const logits = f.matmul(asked, keys, { transB: true });
  const mixed = f.matmul(f.softmax(bias ? f.add(logits, bias) : logits), values);
  return f.reshape(swap(mixed, [items, heads, each, width]), [rows, d]);
}
