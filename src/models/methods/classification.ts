/** Batch-based classification: each query of a batch is to choose its own target among the targets of all. */
import * as f from '../../engine/graph/functions.js';
import type { Value } from '../../engine/graph/index.js';
import { type Context, init } from '../../engine/nn/context.js';
import { crossEntropy } from '../../engine/nn/losses.js';
import type { LimnConfig } from '../backbone/config.js';
import type { BatchRows } from './method.js';

/** The classification over a batch in which rows may share a target. */
export function sharedTargets(scope: Context, config: LimnConfig, { sameTarget, weights }: BatchRows) {
  const batch = sameTarget.shape[0] as number;
  const places = Array.from({ length: batch }, (_, i) => i);
  const own = f.equal(f.indices(sameTarget, [1, batch], places), f.indices(sameTarget, [batch, 1], places));
  const labels = f.where(own, f.filled(sameTarget, [batch, batch], 1), 0);
  const hidden = f.mul(sameTarget, -1e4);
  return {
    /** Cosines (B, B) times a learnable scale, without the rows of shared targets. */
    logits(name: string, cosines: Value): Value {
      const scale = f.exp(scope.parameter(name, [], init.constant(Math.log(config.initialScale))));
      return f.add(f.mul(cosines, f.minimum(scale, 100)), hidden);
    },
    /** The mean cross-entropy of each row's own target. */
    classify: (logits: Value): Value => crossEntropy(logits, labels, weights ? { weights } : {}),
  };
}
