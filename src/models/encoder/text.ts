/** The text side of the multi-grained encoder. */
import type { Context } from '../../nn/context.js';
import type { InputSpec } from '../../nn/training.js';
import type { LimnConfig } from '../config.js';
import type { EncodedTokens } from './encoded.js';
import type { Inputs } from './picture.js';
import { encodeWords } from './words.js';

/** Names, dtypes and shapes of the inputs of a batch of texts. */
export function textInputs(config: LimnConfig, batch: number): Record<string, InputSpec> {
  return { words: { dtype: 'int64', shape: [batch, config.words] } };
}

/** A batch of texts as tokens (B, M, d), their bias and a global vector (B, d). */
export function encodeText(context: Context, config: LimnConfig, input: Inputs): EncodedTokens {
  return encodeWords(context, context.scope('text'), config, input.words!) as EncodedTokens;
}
