/** What the multi-grained encoder makes of a picture or a text. */
import { concat } from '../../engine/graph/functions.js';
import type { Value } from '../../engine/graph/index.js';

/** An image or a text as a method sees it: local features (tokens) and one global feature, of width d. */
export interface EncodedInput {
  /** Local features (B, n, d); left out where a method uses the global one alone. */
  tokens?: Value;
  /** Added to the attention logits of the tokens, (B or 1, n); -1e9 where there is none. @default 0 everywhere */
  bias?: Value;
  /** Global feature (B, d). */
  global: Value;
}

/** An encoding whose local features are wanted. */
export type EncodedTokens = EncodedInput & { tokens: Value };

/** Two batches that one encoder made, one behind the other. */
export function joinEncoded(first: EncodedInput, second: EncodedInput): EncodedInput {
  const rows = first.global.shape[0] as number;
  const joined = (part: 'tokens' | 'bias') => {
    const [a, b] = [first[part], second[part]];
    // A bias of one row is that of every row.
    return a && b ? { [part]: a.shape[0] === rows ? concat([a, b], 0) : a } : {};
  };
  return { ...joined('tokens'), ...joined('bias'), global: concat([first.global, second.global], 0) };
}
