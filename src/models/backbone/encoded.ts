/** What the multi-grained encoder makes of a picture or a text. */
import type { Value } from '../../engine/graph/index.js';

export interface Encoded {
  /** Local features (B, n, d); left out where a method uses the global one alone. */
  tokens?: Value;
  /** Added to the attention logits of the tokens, (B or 1, n); -1e9 where there is none. @default 0 everywhere */
  bias?: Value;
  /** Global feature (B, d). */
  global: Value;
}

/** An encoding whose local features are wanted. */
export type EncodedTokens = Encoded & { tokens: Value };
