/** The picture side of the multi-grained encoder: features of a frozen encoder, or a small Vision Transformer on pixels. */
import * as f from '../../engine/graph/functions.js';
import type { Value } from '../../engine/graph/index.js';
import { Batches } from '../../engine/nn/batches.js';
import { type Context, init } from '../../engine/nn/context.js';
import { layerNorm, linear, mlp, transformerLayer } from '../../engine/nn/layers.js';
import type { InputSpec } from '../../engine/nn/training.js';
import type { EncoderConfig, ImageConfig } from './config.js';
import type { EncodedInput } from './encoded.js';
import { localTokens, splice, type TrainableEncoders } from './trainable.js';
import { encodeWords } from './words.js';

/** Values of a batch by their input names. */
export type Inputs = Readonly<Record<string, Value>>;

export interface ImageInputOptions {
  /** Put before each name. @default '' */
  prefix?: string;
  /** Whether local features are wanted. @default true */
  local?: boolean;
  /** Local tokens of each picture that are given, with their `places` int64 (B, seen). @default all, in order */
  seen?: number | undefined;
}

/**
 * Names, dtypes and shapes of the inputs of a batch of pictures: `local` and `global` features (float16), or `pixels` (float32
 * in 0..1; normalised for an encoder that is trained), or `caption` (word ids).
 */
export function imageInputs(
  image: ImageConfig,
  batch: number,
  { prefix = '', local = true, seen }: ImageInputOptions = {},
): Record<string, InputSpec> {
  if (image.kind === 'patch') return { [`${prefix}pixels`]: { dtype: 'float32', shape: [batch, image.size, image.size, 3] } };
  if (image.kind === 'tuned') {
    const { size, layout } = image;
    return {
      [`${prefix}pixels`]: { dtype: 'float32', shape: layout === 'NCHW' ? [batch, 3, size, size] : [batch, size, size, 3] },
    };
  }
  if (image.kind === 'captions') return { [`${prefix}caption`]: { dtype: 'int64', shape: [batch, image.words] } };
  const { tokens, channels, globalChannels, colourChannels } = image;
  return {
    [`${prefix}global`]: { dtype: 'float16', shape: [batch, globalChannels + colourChannels] },
    ...(local
      ? { [`${prefix}local`]: { dtype: 'float16', shape: [batch, seen ?? tokens, channels + colourChannels] } as const }
      : {}),
    ...(local && seen !== undefined ? { [`${prefix}places`]: { dtype: 'int64', shape: [batch, seen] } as const } : {}),
  };
}

/** Takes the inputs with this prefix out of a batch. */
export function withoutPrefix(batch: Inputs, prefix: string): Inputs {
  return Object.fromEntries(
    Object.entries(batch).flatMap(([name, value]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [])),
  );
}

/** A batch of pictures as tokens (B, N, d), where local features are given, and a global vector (B, d). */
export function encodeImage(
  context: Context,
  config: EncoderConfig,
  input: Inputs,
  encoders: TrainableEncoders = {},
): EncodedInput {
  const { image } = config;
  const scope = context.scope('picture');
  if (image.kind === 'patch') return patches(scope, config, image, input.pixels!);
  if (image.kind === 'captions') return encodeWords(context, scope, config, input.caption!);
  if (image.kind === 'tuned') return trainable(scope, config, image, input.pixels!, encoders);
  return features(scope, config, image, input);
}

/** {@link encodeImage} of several batches of as many images; features of all of them at once, where the context joins batches. */
export function encodeImages(
  context: Context,
  config: EncoderConfig,
  inputs: readonly Inputs[],
  encoders: TrainableEncoders = {},
): EncodedInput[] {
  const [first = {}] = inputs;
  if (!context.joins || config.image.kind !== 'features' || inputs.length < 2)
    return inputs.map((input) => encodeImage(context, config, input, encoders));
  const joined = Object.keys(first).map((name) => [name, Batches.of(inputs.map((input) => input[name] as Value))] as const);
  const names = Object.fromEntries(joined.map(([name, { whole }]) => [name, whole]));
  const { tokens, global } = encodeImage(context, config, names);
  const cut = (value: Value) =>
    f.split(
      value,
      inputs.map((input) => (input.global as Value).shape[0] as number),
      0,
    );
  const [globals, locals] = [cut(global), tokens && cut(tokens)];
  return globals.map((value, i) => ({ global: value, ...(locals ? { tokens: locals[i] as Value } : {}) }));
}

type Features = Extract<ImageConfig, { kind: 'features' }>;
type TrainableConfig = Extract<ImageConfig, { kind: 'tuned' }>;
type Patches = Extract<ImageConfig, { kind: 'patch' }>;

function features(context: Context, config: EncoderConfig, image: Features, input: Inputs): EncodedInput {
  const global = () => project(context.scope('global'), config, input.global!, image.colourChannels);
  if (!input.local) return { global: global() };
  const positions = context.parameter('positions', [image.tokens, config.width], init.normal(0.1), { decay: false });
  const local = project(context.scope('local'), config, input.local, image.colourChannels);
  const tokens = f.add(local, input.places ? f.gather(positions, input.places) : positions);
  return { tokens, global: global() };
}

/**
 * (..., channels + colours) float16 -> (..., d). Channels are standardised by the training pictures' statistics and
 * layer-normalised; the few colour channels, which would drown among them, have a small network of their own.
 */
function project(context: Context, config: EncoderConfig, raw: Value, colours: number): Value {
  const total = raw.shape.at(-1) as number;
  const standard = f.mul(
    f.sub(f.cast(raw, 'float32'), context.buffer('mean', [total])),
    context.buffer('inverse_deviation', [total]),
  );
  const axis = raw.shape.length - 1;
  const [content, colour] =
    colours > 0 ? (f.split(standard, [total - colours, colours], axis) as [Value, Value]) : [standard, undefined];
  const projected = linear(context, 'content', normalized(content), config.width);
  return colour ? f.add(projected, mlp(context, 'colour', colour, { hidden: 128, out: config.width })) : projected;
}

/** x (..., channels) with mean 0 and deviation 1 over its channels. */
export function normalized(x: Value): Value {
  const channels = x.shape.at(-1) as number;
  return f.layerNormalization(x, f.filled(x, [channels], 1), f.filled(x, [channels], 0));
}

/** pixels -> the encoder's own graph, a linear map, positions. */
function trainable(
  context: Context,
  config: EncoderConfig,
  image: TrainableConfig,
  pixels: Value,
  encoders: TrainableEncoders,
): EncodedInput {
  const encoder = encoders.image!;
  const { input, outputs } = encoder.description;
  const raw = splice(context, encoders, encoder, { [input]: pixels }, [outputs.local, outputs.global]);
  const local = localTokens(encoder.description, raw[outputs.local] as Value);
  const positions = context.parameter('positions', [image.tokens, config.width], init.normal(0.1), { decay: false });
  return {
    tokens: f.add(linear(context.scope('local'), 'content', normalized(local), config.width), positions),
    global: linear(context.scope('global'), 'content', normalized(raw[outputs.global] as Value), config.width),
  };
}

/** pixels (B, S, S, 3) -> square patches, a linear map, positions, Transformer layers (Dosovitskiy et al., arXiv 2010.11929). */
function patches(context: Context, config: EncoderConfig, { size, patch, layers }: Patches, pixels: Value): EncodedInput {
  const batch = pixels.shape[0] as number;
  const side = size / patch;
  const cut = f.transpose(f.reshape(pixels, [batch, side, patch, side, patch, 3]), [0, 1, 3, 2, 4, 5]);
  const flat = f.mul(f.sub(f.reshape(cut, [batch, side * side, patch * patch * 3]), 0.5), 4);
  const positions = context.parameter('positions', [side * side, config.width], init.normal(0.1), { decay: false });
  let tokens = f.add(linear(context, 'patch', flat, config.width), positions);
  for (let i = 0; i < layers; i++) tokens = transformerLayer(context, `layer${i}`, tokens, config);
  return { tokens, global: linear(context, 'global', layerNorm(context, 'norm', f.reduceMean(tokens, [1])), config.width) };
}
