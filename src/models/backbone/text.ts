/** The text side of the multi-grained encoder. */
import * as f from '../../engine/graph/functions.js';
import type { Value } from '../../engine/graph/index.js';
import type { Context } from '../../engine/nn/context.js';
import { linear, maskBias, transformerLayer } from '../../engine/nn/layers.js';
import type { InputSpec } from '../../engine/nn/training.js';
import type { BackboneConfig } from './config.js';
import type { EncodedTokens } from './encoded.js';
import { type Inputs, normalized } from './image.js';
import { splice, type TrainableEncoders } from './trainable.js';
import { encodeWords } from './words.js';

/**
 * Names, dtypes and shapes of the inputs of a batch of texts: `words`; or `text.local` and `text.global` features of a frozen
 * encoder with `text.mask`, 1 for a token; or `text.ids` for an encoder that is trained, with the same mask.
 */
export function textInputs({ text, words }: BackboneConfig, batch: number): Record<string, InputSpec> {
  if (text.kind === 'words') return { words: { dtype: 'int64', shape: [batch, words] } };
  const mask: InputSpec = { dtype: 'float32', shape: [batch, text.tokens] };
  if (text.kind === 'tuned') return { 'text.ids': { dtype: 'int64', shape: [batch, text.tokens] }, 'text.mask': mask };
  return {
    'text.local': { dtype: 'float16', shape: [batch, text.tokens, text.channels] },
    'text.mask': mask,
    'text.global': { dtype: 'float16', shape: [batch, text.globalChannels] },
  };
}

/** A batch of texts as tokens (B, M, d), their bias and a global vector (B, d). */
export function encodeText(
  context: Context,
  config: BackboneConfig,
  input: Inputs,
  encoders: TrainableEncoders = {},
): EncodedTokens {
  const scope = context.scope('text');
  if (config.text.kind === 'words') return encodeWords(context, scope, config, input.words!) as EncodedTokens;
  const mask = input['text.mask']!;
  if (config.text.kind === 'features') {
    const [local, global] = [f.cast(input['text.local']!, 'float32'), f.cast(input['text.global']!, 'float32')];
    return projectText(scope, config, local, mask, global);
  }
  const encoder = encoders.text!;
  const { inputs, outputs, dtype } = encoder.description;
  const given = {
    [inputs.ids]: f.cast(input['text.ids']!, dtype),
    ...(inputs.mask === undefined ? {} : { [inputs.mask]: f.cast(mask, dtype) }),
    ...(inputs.types === undefined ? {} : { [inputs.types]: f.cast(f.mul(mask, 0), dtype) }),
  };
  const raw = splice(scope, encoders, encoder, given, [outputs.local, outputs.global]);
  return projectText(scope, config, raw[outputs.local] as Value, mask, raw[outputs.global] as Value);
}

/** Features of a text encoder in the model's width, and `config.textLayers` Transformer layers over them. */
function projectText(scope: Context, config: BackboneConfig, local: Value, mask: Value, global: Value): EncodedTokens {
  let tokens = linear(scope, 'local', normalized(local), config.width);
  for (let i = 0; i < config.textLayers; i++) {
    tokens = transformerLayer(scope, `layer${i}`, tokens, { ...config, bias: maskBias(mask) });
  }
  return { tokens, bias: f.mul(f.sub(1, mask), -1e9), global: linear(scope, 'global', normalized(global), config.width) };
}
