/** Batch-based classification: each query of a batch is to choose its own target among the candidates of all. */
import * as f from '../../engine/graph/functions.js';
import type { Value } from '../../engine/graph/index.js';
import { type Context, init } from '../../engine/nn/context.js';
import { crossEntropy } from '../../engine/nn/losses.js';
import type { BackboneConfig } from '../backbone/config.js';
import type { BatchRows, Embedding, MethodLoss } from './method.js';

/** What of a model's config the classification depends on. */
type Classified = Pick<BackboneConfig, 'initialScale' | 'symmetric' | 'labelSmoothing'>;

/**
 * The classification over a batch of B rows and C candidates, the first B of which are the rows' targets; some may be no negatives of
 * each other.
 */
export function inBatchClassification(scope: Context, config: Classified, { sameTarget, weights }: BatchRows) {
  const { symmetric = 0, labelSmoothing = 0 } = config;
  const batch = sameTarget.shape[0] as number;
  const ofRows = labelsOf(sameTarget, labelSmoothing);
  const hidden = f.mul(sameTarget, -1e4);
  const mean = (logits: Value, labels: Value) => crossEntropy(logits, labels, weights ? { weights } : {});
  /** The first B columns (B, B) with rows for columns. */
  const ofTargets = (value: Value) => f.transpose(f.slice(value, 1, 0, batch), [1, 0]);
  return {
    /** Cosines (B, C) times a learnable scale, without the candidates that are no negatives. */
    logits(name: string, cosines: Value): Value {
      const scale = f.exp(scope.parameter(name, [], init.constant(Math.log(config.initialScale))));
      return f.add(f.mul(cosines, f.minimum(scale, 100)), hidden);
    },
    /** The mean cross-entropy of each row's own target and, in part, of each target's own row. */
    classify(logits: Value): Value {
      const forward = mean(logits, ofRows);
      if (symmetric === 0) return forward;
      const backward = mean(ofTargets(logits), labelsOf(ofTargets(sameTarget), labelSmoothing));
      return f.add(f.mul(forward, 1 - symmetric), f.mul(backward, symmetric));
    },
  };
}

/** The loss that most methods have: classification of the queries on the cosines of their matching vectors with the candidates'. */
export function inBatchLoss(
  context: Context,
  config: Classified,
  query: Embedding,
  candidates: Embedding,
  rows: BatchRows,
): MethodLoss {
  const { logits, classify } = inBatchClassification(context.scope('loss'), config, rows);
  const loss = classify(logits('matching_scale', f.matmul(query.matching, candidates.matching, { transB: true })));
  return { loss, metrics: {} };
}

/** What each row is to choose, (B, C) that sum to 1: the candidate of its own index, and a part of all that are not hidden. */
function labelsOf(hidden: Value, smoothing: number): Value {
  const [rows, candidates] = hidden.shape as [number, number];
  const indices = (shape: [number, number], count: number) =>
    f.indices(
      hidden,
      shape,
      Array.from({ length: count }, (_, i) => i),
    );
  const own = f.equal(indices([1, candidates], candidates), indices([rows, 1], rows));
  const oneHot = f.where(own, f.filled(hidden, [rows, candidates], 1), 0);
  if (smoothing === 0) return oneHot;
  const counted = f.sub(1, hidden);
  const spread = f.div(counted, f.reduceSum(counted, [1], { keepDims: true }));
  return f.add(f.mul(oneHot, 1 - smoothing), f.mul(spread, smoothing));
}
