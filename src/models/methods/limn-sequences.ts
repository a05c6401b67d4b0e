/**
 * The sequences that LIMN aggregates: local and global features of an image or a text, each with its type, and their attention bias.
 *
 * Shapes: B batch, N picture tokens, M words, d width, K factors.
 */
import * as f from '../../engine/graph/functions.js';
import type { Value } from '../../engine/graph/index.js';
import { type Context, init } from '../../engine/nn/context.js';
import { float32 } from '../../engine/tensor/tensor.js';
import type { EncodedInput } from '../backbone/encoded.js';

/** What of LIMN's config the sequences depend on. */
interface SequenceConfig {
  width: number;
  features: 'both' | 'global' | 'local';
  localTokenPrior?: number | undefined;
}

export interface Sequence {
  /** (B, n, d) */
  tokens: Value;
  /** Added to the attention logits of these tokens: (B or 1, n). */
  bias: Value;
  /** (B, d); not there when only local features are used. */
  global: Value | undefined;
}

/**
 * [picture tokens; global], each with its type: (B, N + 1, d). Where it is given, `localTokenPrior` is the number of tokens that all N
 * local tokens together weigh like in the attention: many of them cannot drown the words and the globals then, and it makes no
 * difference in expectation how many of them a training step sees.
 */
export function imageSequence(context: Context, config: SequenceConfig, image: EncodedInput): Sequence {
  const count = image.tokens?.shape[1] as number | undefined;
  const prior = count && config.localTokenPrior ? Math.log(config.localTokenPrior / count) : 0;
  return sequence(context, config, image, ['picture', 'picture_global'], prior);
}

/** [words; global], each with its type: (B, M + 1, d). */
export function textSequence(context: Context, config: SequenceConfig, text: EncodedInput): Sequence {
  return sequence(context, config, text, ['word', 'text_global'], 0);
}

/** Local and global features, as `config.features` wants them, with their types. @param prior added to the local ones' logits */
function sequence(
  context: Context,
  config: SequenceConfig,
  side: EncodedInput,
  types: readonly [string, string],
  prior: number,
): Sequence {
  const parts: { tokens: Value; bias: Value }[] = [];
  if (config.features !== 'global') {
    const tokens = side.tokens as Value;
    const bias = f.add(side.bias ?? noBias(tokens, tokens.shape[1] as number), prior);
    parts.push({ tokens: f.add(tokens, typeEmbedding(context, config, types[0])), bias });
  }
  const global = config.features !== 'local' ? side.global : undefined;
  if (global) {
    const typed = f.unsqueeze(f.add(global, typeEmbedding(context, config, types[1])), [1]);
    parts.push({ tokens: typed, bias: noBias(global, 1) });
  }
  const rows = Math.max(...parts.map(({ bias }) => bias.shape[0] as number));
  return {
    tokens: f.concat(
      parts.map(({ tokens }) => tokens),
      1,
    ),
    bias: f.concat(
      parts.map(({ bias }) => f.expand(bias, [rows, bias.shape[1] as number])),
      1,
    ),
    global,
  };
}

const noBias = (like: Value, count: number) => like.graph.constant(float32([1, count], new Array(count).fill(0)));

function typeEmbedding(context: Context, config: SequenceConfig, name: string): Value {
  return context.scope('types').parameter(name, [config.width], init.normal(0.1));
}

/** The attention bias of the whole sequence: (B or 1, 1, 1, K + tokens). */
export function sequenceBias(prefix: Value, sequences: readonly Sequence[]): Value {
  const rows = Math.max(...sequences.map(({ bias }) => bias.shape[0] as number));
  const none = f.filled(prefix, [1, prefix.shape[1] as number], 0);
  const parts = [none, ...sequences.map(({ bias }) => bias)].map((part) => f.expand(part, [rows, part.shape[1] as number]));
  const joined = f.concat(parts, 1);
  return f.reshape(joined, [rows, 1, 1, joined.shape[1] as number]);
}
