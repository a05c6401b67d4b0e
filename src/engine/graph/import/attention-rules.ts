/** Attention, rotary positions and what belongs to them, written with products and a softmax. */
import { float32, sizeOf } from '../../tensor/tensor.js';
import type { Value } from '../graph.js';
import { need } from '../ops/broadcast.js';
import { ShapeError } from '../registry.js';
import { type Calculator, calculator, float } from './calculator.js';
import { type Call, type ImportRule, int } from './call.js';

/** (N, length, heads * size) -> (N, heads, length, size) */
function splitHeads(c: Calculator, x: Value, heads: number): Value {
  const [n, length, width] = x.shape as [number, number, number];
  if (!(heads > 0) || width % heads !== 0) throw new ShapeError(`${heads} heads do not divide ${width} channels.`);
  return c.transpose(c.reshape(x, [n, length, heads, width / heads]), [0, 2, 1, 3]);
}

/** (N, heads, length, size) -> (N, length, heads * size) */
function joinHeads(c: Calculator, x: Value): Value {
  const [n, heads, length, size] = x.shape as [number, number, number, number];
  return c.reshape(c.transpose(x, [0, 2, 1, 3]), [n, length, heads * size]);
}

/** Each head of keys or values for the queries that share it: h0, h0, h1, h1. */
function shareHeads(c: Calculator, x: Value, heads: number): Value {
  const own = x.shape[1] as number;
  if (own === heads) return x;
  if (heads % own !== 0) throw new ShapeError(`${heads} heads of queries cannot share ${own} heads of keys.`);
  return c.gather(
    x,
    Array.from({ length: heads }, (_, i) => Math.floor((i * own) / heads)),
    1,
  );
}

/** 0 where query i may see key j, by position, and -inf elsewhere: (queries, keys). */
function visible(call: Call, queries: number, keys: number, isHidden: (i: number, j: number) => boolean): Value {
  const values = Array.from({ length: queries * keys }, (_, at) => (isHidden(Math.floor(at / keys), at % keys) ? -Infinity : 0));
  return call.graph.constant(float32([queries, keys], values), 'visible');
}

/** A mask as numbers to add to scores: -inf where a bool is false. */
function asBias(c: Calculator, mask: Value): Value {
  return mask.dtype === 'bool' ? c.where(mask, 0, -Infinity) : mask;
}

interface Scores {
  raw: Value;
  biased: Value;
  probabilities: Value;
}

/** softmax(scores + bias); 0 in rows whose bias leaves no key. */
function attend(c: Calculator, raw: Value, bias: Value | undefined): Scores {
  const biased = bias ? c.add(raw, bias) : raw;
  const plain = c.softmax(biased);
  if (!bias || (bias.constant && hasNoEmptyRow(bias))) return { raw, biased, probabilities: plain };
  const isEmpty = c.equal(c.greatest(bias, [-1]), -Infinity);
  return { raw, biased, probabilities: c.where(isEmpty, 0, plain) };
}

function hasNoEmptyRow({ constant, shape }: Value): boolean {
  const data = constant?.data as Float32Array;
  const keys = shape.at(-1) as number;
  return Array.from({ length: data.length / keys }, (_, row) => data.subarray(row * keys, (row + 1) * keys)).every((row) =>
    row.some((value) => value !== -Infinity),
  );
}

/** The standard's operator (opset 23 on). */
const attention: ImportRule = (call) => {
  const c = calculator(call);
  const { attributes, inputs } = call;
  const [q0, k0, v0, mask, pastKey, pastValue] = inputs;
  if (inputs[6]) throw new ShapeError('it has nonpad_kv_seqlen, which only decoding with a cache needs.');
  const flat = need(inputs, 0).shape.length === 3;
  const heads = (x: Value | undefined, name: string) =>
    flat ? splitHeads(c, x as Value, int(attributes, name, 0)) : (x as Value);
  const q = heads(q0, 'q_num_heads');
  const [k1, v1] = [heads(k0, 'kv_num_heads'), heads(v0, 'kv_num_heads')];
  const presentKey = pastKey ? c.concat([pastKey, k1], 2) : k1;
  const presentValue = pastValue ? c.concat([pastValue, v1], 2) : v1;
  const k = shareHeads(c, presentKey, q.shape[1] as number);
  const v = shareHeads(c, presentValue, q.shape[1] as number);
  const [queries, keys] = [q.shape[2] as number, k.shape[2] as number];
  const factor = Math.sqrt(float(attributes, 'scale', 1 / Math.sqrt(q.shape[3] as number)));
  const cap = float(attributes, 'softcap', 0);
  const product = c.matmul(c.mul(q, factor), c.mul(c.transpose(k, [0, 1, 3, 2]), factor));
  const raw = cap > 0 ? c.mul(c.tanh(c.div(product, cap)), cap) : product;

  const offset = pastKey ? (pastKey.shape[2] as number) : 0;
  const [left, right] = [int(attributes, 'left_window_size', -1), int(attributes, 'right_window_size', -1)];
  const isCausal = int(attributes, 'is_causal', 0) === 1;
  const biases: Value[] = [];
  if (mask) {
    const bias = asBias(c, mask);
    const missing = keys - (bias.shape.at(-1) as number);
    const filler = () => call.graph.constant(float32([], [-Infinity]));
    biases.push(missing > 0 ? c.concat([bias, c.expand(filler(), [...bias.shape.slice(0, -1), missing])], -1) : bias);
  }
  if (isCausal || left >= 0 || right >= 0) {
    const hidden = (i: number, j: number) => {
      const ahead = j - i - offset;
      return (isCausal && ahead > 0) || (left >= 0 && -ahead > left) || (right >= 0 && ahead > right);
    };
    biases.push(visible(call, queries, keys, hidden));
  }
  const bias = biases.length > 0 ? biases.reduce((a, b) => c.add(a, b)) : undefined;
  const scores = attend(c, raw, bias);
  const y = c.matmul(scores.probabilities, v);
  const mode = int(attributes, 'qk_matmul_output_mode', 0);
  const shown = [product, raw, scores.biased, scores.probabilities][mode];
  return [flat ? joinHeads(c, y) : y, presentKey, presentValue, shown];
};

function rotated(call: Call, x: Value, cos: Value, sin: Value, interleaved: boolean): Value {
  const c = calculator(call);
  const width = x.shape.at(-1) as number;
  const pick = (from: number) => Array.from({ length: width / 2 }, (_, i) => from + 2 * i);
  const [a, b] = interleaved
    ? [c.gather(x, pick(0), -1), c.gather(x, pick(1), -1)]
    : [c.slice(x, -1, 0, width / 2), c.slice(x, -1, width / 2, width)];
  const real = c.sub(c.mul(cos, a), c.mul(sin, b));
  const imaginary = c.add(c.mul(sin, a), c.mul(cos, b));
  if (!interleaved) return c.concat([real, imaginary], -1);
  const apart = (part: Value) => c.reshape(part, [...part.shape, 1]);
  return c.reshape(c.concat([apart(real), apart(imaginary)], -1), x.shape);
}

/** @param place the places of the tables and the positions among the inputs: they differ between the standard and ONNX Runtime */
const rotaryEmbedding =
  (place: { cos: number; sin: number; positions: number }): ImportRule =>
  (call) => {
    const c = calculator(call);
    const { attributes, inputs } = call;
    const x = need(inputs, 0);
    if (int(attributes, 'is_packed_batching', 0) === 1 || float(attributes, 'scale', 1) !== 1)
      throw new ShapeError('limn does not support packed batches or a scale.');
    const flat = x.shape.length === 3;
    const width = int(attributes, 'rotary_embedding_dim', 0);
    const [cos, sin] = [need(inputs, place.cos), need(inputs, place.sin)];
    const perHead = width || 2 * (cos.shape.at(-1) as number);
    const heads = int(attributes, 'num_heads', 0) || (x.shape.at(-1) as number) / perHead;
    const apart = flat ? splitHeads(c, x, heads) : x;
    const [n, , length, size] = apart.shape as [number, number, number, number];
    const turned = width || size;
    const positions = inputs[place.positions];
    const table = (cache: Value) => {
      const half = cache.shape.at(-1) as number;
      if (!positions) return c.reshape(cache, [cache.shape.length === 3 ? (cache.shape[0] as number) : 1, 1, length, half]);
      return c.reshape(call.emit1('Gather', [cache, placesOf(call, positions, n, length)], { axis: 0 }), [n, 1, length, half]);
    };
    const front = turned < size ? c.slice(apart, -1, 0, turned) : apart;
    const y = rotated(call, front, table(cos), table(sin), int(attributes, 'interleaved', 0) === 1);
    const whole = turned < size ? c.concat([y, c.slice(apart, -1, turned, size)], -1) : y;
    return [flat ? joinHeads(c, whole) : whole];
  };

/** Positions (N, length). ONNX Runtime also takes the first position of all texts alone. */
function placesOf(call: Call, positions: Value, n: number, length: number): Value {
  if (sizeOf(positions.shape) !== 1 || n * length === 1) return positions;
  const steps = call.ints(Array.from({ length }, (_, i) => i));
  const row = call.emit1('Add', [call.emit1('Reshape', [positions, call.ints([1])]), steps]);
  return call.emit1('Expand', [call.emit1('Reshape', [row, call.ints([1, length])]), call.ints([n, length])]);
}

/** Of com.microsoft: a mask (N, keys), 0 where a key is hidden, or (N), how many keys are to be seen. */
function paddingBias(call: Call, mask: Value | undefined, hidden: number, n: number, keys: number): Value | undefined {
  if (!mask) return undefined;
  const c = calculator(call);
  if (mask.shape[0] !== n) throw new ShapeError(`its mask [${mask.shape}] is not one for each of ${n} rows.`);
  if (mask.shape.length === 1) {
    const at = call.ints(Array.from({ length: keys }, (_, i) => i));
    const ends = call.emit1('Cast', [call.emit1('Reshape', [mask, call.ints([n, 1, 1, 1])])], { to: 7 });
    return c.where(call.emit1('Less', [at, ends]), 0, hidden);
  }
  const seen = call.emit1('Cast', [mask], { to: 9 });
  const shape =
    mask.shape.length === 2 ? [n, 1, 1, keys] : mask.shape.length === 3 ? [n, 1, mask.shape[1] as number, keys] : [...mask.shape];
  return c.where(call.emit1('Reshape', [seen, call.ints(shape)]), 0, hidden);
}

interface Heads {
  q: Value;
  k: Value;
  v: Value;
}

/** com.microsoft: masks hide keys with a large negative number, not with minus infinity. */
function microsoftAttention(call: Call, { q, k, v }: Heads, mask: Value | undefined, bias: Value | undefined): Value {
  const c = calculator(call);
  const { attributes } = call;
  const [queries, size, keys] = [q.shape[2] as number, q.shape[3] as number, k.shape[2] as number];
  const hidden = float(attributes, 'mask_filter_value', -10_000);
  const scale = float(attributes, 'scale', 0) || 1 / Math.sqrt(size);
  const biases = [paddingBias(call, mask, hidden, q.shape[0] as number, keys), bias].filter(
    (each): each is Value => each !== undefined,
  );
  if (int(attributes, 'unidirectional', 0) === 1) biases.push(visible(call, queries, keys, (i, j) => j > i + keys - queries));
  const raw = c.mul(c.matmul(q, c.transpose(k, [0, 1, 3, 2])), scale);
  const scores = biases.reduce((sum, each) => c.add(sum, each), raw);
  return joinHeads(c, c.matmul(c.softmax(scores), v));
}

function refuse(call: Call, inputs: Readonly<Record<number, string>>): void {
  for (const [i, name] of Object.entries(inputs))
    if (call.inputs[Number(i)]) throw new ShapeError(`limn does not support its input ${name}.`);
}

export const attentionRules: Readonly<Record<string, ImportRule>> = {
  Attention: attention,
  RotaryEmbedding: rotaryEmbedding({ cos: 1, sin: 2, positions: 3 }),
  'com.microsoft.RotaryEmbedding': rotaryEmbedding({ positions: 1, cos: 2, sin: 3 }),
  // x (N, length, width) by one weight for queries, keys and values together.
  'com.microsoft.Attention': (call) => {
    refuse(call, { 4: 'past', 6: 'past_sequence_length' });
    if (int(call.attributes, 'do_rotary', 0) === 1) throw new ShapeError('limn does not support do_rotary.');
    const c = calculator(call);
    const [x, weight, bias, mask, , added] = call.inputs;
    const projected = c.matmul(x as Value, weight as Value);
    const all = bias ? c.add(projected, bias) : projected;
    const total = all.shape.at(-1) as number;
    const sizes = (call.attributes.qkv_hidden_sizes as number[] | undefined) ?? [total / 3, total / 3, total / 3];
    const heads = int(call.attributes, 'num_heads', 0);
    const [q, k, v] = call.emit('Split', [all, call.ints(sizes)], { axis: 2 }).map((part) => splitHeads(c, part, heads));
    return [microsoftAttention(call, { q, k, v } as Heads, mask, added)];
  },
  'com.microsoft.MultiHeadAttention': (call) => {
    refuse(call, { 6: 'past_key', 7: 'past_value', 8: 'past_sequence_length', 9: 'cache_indirection' });
    const c = calculator(call);
    const heads = int(call.attributes, 'num_heads', 0);
    const [q0, k0, v0, bias, mask, added] = call.inputs;
    const parts = [q0, k0, v0];
    if (parts.some((part) => part?.shape.length !== 3 && part?.shape.length !== 4) || q0?.shape.length !== 3)
      throw new ShapeError('limn supports only separate queries, keys and values, each (N, length, width).');
    const widths = parts.map((part) =>
      part?.shape.length === 4 ? (part.shape[1] as number) * (part.shape[3] as number) : (part?.shape[2] as number),
    );
    const biases = bias ? call.emit('Split', [bias, call.ints(widths)], { axis: 0 }) : [];
    const [q, k, v] = parts.map((part, i) => {
      const x = part as Value;
      if (x.shape.length === 4) {
        if (biases[i]) throw new ShapeError('limn supports no bias for keys that are already split into heads.');
        return x;
      }
      return splitHeads(c, biases[i] ? c.add(x, biases[i]) : x, heads);
    });
    return [microsoftAttention(call, { q, k, v } as Heads, mask, added)];
  },
};
