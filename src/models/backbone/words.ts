/** Sequences of words: modification texts, and captions that stand in for pictures. Both share one table of word vectors. */
import * as f from '../../engine/graph/functions.js';
import type { Value } from '../../engine/graph/index.js';
import { type Context, init } from '../../engine/nn/context.js';
import { embedding, linear, maskBias, transformerLayer } from '../../engine/nn/layers.js';
import type { EncoderConfig } from './config.js';
import type { EncodedInput } from './encoded.js';

/**
 * Word vectors and positions, `config.textLayers` Transformer layers, and a linear map of the words' mean as global feature.
 *
 * @param scope where all parameters but the word vectors are named
 * @param words ids int64 (B, M), 0 where there is no word
 */
export function encodeWords(context: Context, scope: Context, config: EncoderConfig, words: Value): EncodedInput {
  const length = words.shape[1] as number;
  const positions = scope.parameter('positions', [length, config.width], init.normal(0.02), { decay: false });
  let tokens = f.add(
    embedding(context.scope('text'), 'words', words, { count: config.vocabularySize, width: config.width, std: 0.3 }),
    positions,
  );
  const mask = f.cast(f.greater(words, f.indices(words, [], [0])), 'float32'); // (B, M)
  for (let i = 0; i < config.textLayers; i++) {
    tokens = transformerLayer(scope, `layer${i}`, tokens, { ...config, bias: maskBias(mask) });
  }
  const weights = f.unsqueeze(f.div(mask, f.maximum(f.reduceSum(mask, [1], { keepDims: true }), 1)), [2]); // (B, M, 1)
  const global = linear(scope, 'global', f.reduceSum(f.mul(tokens, weights), [1]), config.width);
  return { tokens, bias: f.mul(f.sub(1, mask), -1e9), global };
}
