/**
 * CLIP's towers (Radford et al., arXiv 2103.00020), traced against a Context. Shapes: B batch, n tokens, d width.
 *
 * Parameters have the roles, though not the names, that they have in OpenAI's release; weights (in, out) as everywhere in limn.
 */
import * as f from '#limn/engine/graph/functions.js';
import { Float, type Value } from '#limn/engine/graph/index.js';
import { type Context, type Init, init } from '#limn/engine/nn/context.js';
import { embedding, layerNorm, linear, transformerLayer } from '#limn/engine/nn/layers.js';
import { float32, int64, sizeOf } from '#limn/engine/tensor/tensor.js';

export interface Tower {
  /** The last hidden state: (B, n, d), or (B, d, height, width) for a convolutional tower. */
  local: Value;
  /** (B, projection). */
  global: Value;
}

export interface TransformerSizes {
  width: number;
  layers: number;
  heads: number;
}

export interface VisionTransformerSizes extends TransformerSizes {
  /** Side of a patch in pixels. */
  patch: number;
}

/** pixels (B, 3, size, size) -> tokens (B, 1 + (size / patch)^2, width), the class token first. */
export function visionTransformer(context: Context, pixels: Value, sizes: VisionTransformerSizes, projection: number): Tower {
  const { width, patch } = sizes;
  const batch = pixels.shape[0] as number;
  const patches = f.conv(pixels, context.parameter('patch', [width, 3, patch, patch], convolutional), undefined, {
    strides: [patch, patch],
  });
  const places = (patches.shape[2] as number) * (patches.shape[3] as number);
  const tokens = f.transpose(f.reshape(patches, [batch, width, places]), [0, 2, 1]);
  const first = f.expand(f.reshape(context.parameter('class', [width], init.normal(0.02)), [1, 1, width]), [batch, 1, width]);
  const position = context.parameter('position', [places + 1, width], init.normal(0.02));
  let x = layerNorm(context, 'norm_before', f.add(f.concat([first, tokens], 1), position));
  for (let i = 0; i < sizes.layers; i++) {
    x = transformerLayer(context, `layers.${i}`, x, { heads: sizes.heads, activation: 'quick-gelu' });
  }
  const pooled = layerNorm(context, 'norm_after', f.reshape(f.slice(x, 1, 0, 1), [batch, width]));
  return { local: x, global: linear(context, 'projection', pooled, projection, { bias: false }) };
}

export interface TextSizes extends TransformerSizes {
  /** Ids of the vocabulary; the last one ends a text. */
  vocabulary: number;
}

/** ids and mask int64 (B, n) -> (B, n, width); the embedding is that of the first token that ends the text. */
export function textTransformer(context: Context, ids: Value, mask: Value, sizes: TextSizes, projection: number): Tower {
  const { width, vocabulary } = sizes;
  const [batch, n] = ids.shape as [number, number];
  const { graph } = context;
  const position = context.parameter('position', [n, width], init.normal(0.01));
  let x = f.add(embedding(context, 'tokens', ids, { count: vocabulary, width, std: 0.02 }), position);
  const causal = Float32Array.from({ length: n * n }, (_, i) => (i % n > Math.floor(i / n) ? -1e9 : 0));
  const padding = f.mul(f.sub(1, f.cast(mask, 'float32')), -1e9);
  const bias = f.add(graph.constant(float32([1, 1, n, n], causal)), f.reshape(padding, [batch, 1, 1, n]));
  for (let i = 0; i < sizes.layers; i++) {
    x = transformerLayer(context, `layers.${i}`, x, { heads: sizes.heads, activation: 'quick-gelu', bias });
  }
  const local = layerNorm(context, 'norm_after', x);
  // The first end has the largest countdown; a text without an end has its last token.
  const ends = f.cast(f.equal(ids, graph.constant(int64([], [vocabulary - 1]))), 'float32');
  const countdown = graph.constant(
    float32(
      [n],
      Array.from({ length: n }, (_, i) => n - i),
    ),
  );
  const last = f.cast(f.sub(n, f.maximum(f.reduceMax(f.mul(ends, countdown), [1]), 1)), 'int64');
  const starts = graph.constant(
    int64(
      [batch],
      Array.from({ length: batch }, (_, i) => i * n),
    ),
  );
  const pooled = f.gather(f.reshape(local, [batch * n, width]), f.add(last, starts));
  return { local, global: linear(context, 'projection', pooled, projection, { bias: false }) };
}

export interface ModifiedResNetSizes {
  /** Channels of the stem; the last map has 32 times as many. */
  width: number;
  /** Bottlenecks in each of the four stages; 3, 4, 6, 3 for RN50. */
  blocks: readonly [number, number, number, number];
  heads: number;
}

/** pixels (B, 3, size, size) -> map (B, 32 width, size / 32, size / 32), pooled by attention. */
export function modifiedResNet(context: Context, pixels: Value, sizes: ModifiedResNetSizes, projection: number): Tower {
  const { width } = sizes;
  let x = convNorm(context, 'stem.0', pixels, width / 2, { kernel: 3, stride: 2 });
  x = convNorm(context, 'stem.1', x, width / 2, { kernel: 3 });
  x = averagePool(convNorm(context, 'stem.2', x, width, { kernel: 3 }), 2);
  sizes.blocks.forEach((count, stage) => {
    for (let i = 0; i < count; i++) {
      const stride = stage > 0 && i === 0 ? 2 : 1;
      x = bottleneck(context.scope(`stages.${stage}.${i}`), x, width * 2 ** stage, stride);
    }
  });
  return { local: x, global: attentionPool(context.scope('pool'), x, sizes.heads, projection) };
}

/** All strides are average pools, before the last convolution and before the shortcut's. */
function bottleneck(context: Context, x: Value, width: number, stride: number): Value {
  const out = 4 * width;
  const inner = convNorm(context, 'conv2', convNorm(context, 'conv1', x, width, { kernel: 1 }), width, { kernel: 3 });
  const y = convNorm(context, 'conv3', averagePool(inner, stride), out, { kernel: 1, relu: false });
  const same = stride === 1 && x.shape[1] === out;
  return f.relu(f.add(y, same ? x : convNorm(context, 'shortcut', averagePool(x, stride), out, { kernel: 1, relu: false })));
}

/** A convolution without bias, normalised by fixed statistics. */
function convNorm(
  context: Context,
  name: string,
  x: Value,
  out: number,
  { kernel, stride = 1, relu = true }: { kernel: number; stride?: number; relu?: boolean },
): Value {
  const scope = context.scope(name);
  const pad = (kernel - 1) / 2;
  const weight = scope.parameter('weight', [out, x.shape[1] as number, kernel, kernel], convolutional);
  const y = f.conv(x, weight, undefined, { strides: [stride, stride], pads: [pad, pad, pad, pad] });
  const channel = (part: string, start: Init) => scope.parameter(part, [out], start);
  const inputs = [
    y,
    channel('scale', init.ones),
    channel('bias', init.zeros),
    channel('mean', init.zeros),
    channel('variance', init.ones),
  ];
  const normal = context.graph.add1('BatchNormalization', inputs, { epsilon: new Float(1e-5) });
  return relu ? f.relu(normal) : normal;
}

function averagePool(x: Value, size: number): Value {
  if (size === 1) return x;
  return x.graph.add1('AveragePool', [x], { kernel_shape: [size, size], strides: [size, size] });
}

/** Attention of the mean over all places, with learnt positions: (B, c, h, w) -> (B, out). */
function attentionPool(context: Context, map: Value, heads: number, out: number): Value {
  const [batch, c, h, w] = map.shape as [number, number, number, number];
  const places = f.transpose(f.reshape(map, [batch, c, h * w]), [0, 2, 1]);
  const tokens = f.add(
    f.concat([f.reduceMean(places, [1], { keepDims: true }), places], 1),
    context.parameter('position', [h * w + 1, c], init.normal(1 / Math.sqrt(c))),
  );
  // (B, n, c) -> (B, heads, n, c / heads)
  const toHeads = (x: Value) => f.transpose(f.reshape(x, [batch, x.shape[1] as number, heads, c / heads]), [0, 2, 1, 3]);
  const query = toHeads(linear(context, 'query', f.slice(tokens, 1, 0, 1), c));
  const key = toHeads(linear(context, 'key', tokens, c));
  const value = toHeads(linear(context, 'value', tokens, c));
  const weights = f.softmax(f.matmul(query, key, { transB: true, alpha: 1 / Math.sqrt(c / heads) }));
  const mixed = f.reshape(f.transpose(f.matmul(weights, value), [0, 2, 1, 3]), [batch, c]);
  return linear(context, 'out', mixed, out);
}

/** Keeps the deviation of what a ReLU follows (He et al., arXiv 1502.01852). */
const convolutional: Init = (random, shape) => {
  const std = Math.sqrt(2 / sizeOf(shape.slice(1)));
  return Float32Array.from({ length: sizeOf(shape) }, () => std * random.normal());
};
