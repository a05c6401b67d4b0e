/** What the baselines share: one vector of the two global features, matched by its cosine with the target's global feature. */
import * as f from '../../../engine/graph/functions.js';
import type { Value } from '../../../engine/graph/index.js';
import type { Context } from '../../../engine/nn/context.js';
import type { LimnConfig } from '../../backbone/config.js';
import { sharedTargets } from '../classification.js';
import type { BatchRows, Embedding, Method } from '../method.js';

/** Makes one vector (B, d) of the global features of a reference and a text, both (B, d). */
export type Compose = (context: Context, config: LimnConfig, picture: Value, text: Value) => Value;

/** A method that composes global features and has no factors. */
export function baseline(compose: Compose): Method {
  return {
    sees: () => ({ picture: true, text: true }),
    local: () => false,
    factors: () => 0,
    embedQuery: (context, config, picture, text) => ({
      matching: f.l2Normalize(compose(context.scope('compose'), config, picture?.global as Value, text?.global as Value)),
    }),
    embedTarget: (_context, _config, picture) => ({ matching: f.l2Normalize(picture.global) }),
    loss: matchingLoss,
  };
}

/** Batch-based classification on the cosines alone. */
function matchingLoss(context: Context, config: LimnConfig, query: Embedding, target: Embedding, rows: BatchRows) {
  const { logits, classify } = sharedTargets(context.scope('loss'), config, rows);
  const loss = classify(logits('matching_scale', f.matmul(query.matching, target.matching, { transB: true })));
  return { loss, metrics: {} };
}
