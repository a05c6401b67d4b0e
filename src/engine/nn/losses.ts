/** Losses: each gives one number, the mean over the batch. */
import * as f from '../graph/functions.js';
import type { Value } from '../graph/index.js';

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions {
  /** Part of the probability that is spread over all classes (Szegedy et al., arXiv 1512.00567). @default 0 */
  labelSmoothing?: number;
  /** Weight of each row (B); the loss is their weighted mean. @default all 1 */
  weights?: Value;
}

/** -log softmax(logits)[label], logits (B, C), labels (B, C) float32: one-hot, or distributions. */
export function crossEntropy(logits: Value, oneHot: Value, options: CrossEntropyOptions = {}): Value {
  const smoothing = options.labelSmoothing ?? 0;
  const logP = f.logSoftmax(logits);
  const hit = f.reduceSum(f.mul(logP, oneHot), [1]);
  const rows = smoothing === 0 ? hit : f.add(f.mul(hit, 1 - smoothing), f.mul(f.reduceMean(logP, [1]), smoothing));
  if (!options.weights) return f.neg(f.reduceMean(rows));
  return f.neg(f.div(f.reduceSum(f.mul(rows, options.weights)), f.reduceSum(options.weights)));
}

/** (KL(p||q) + KL(q||p)) / 2 of the distributions that two logits (B, C) stand for, mean over rows. */
export function symmetricKl(a: Value, b: Value): Value {
  const [p, q] = [f.logSoftmax(a), f.logSoftmax(b)];
  const difference = f.mul(f.sub(f.exp(p), f.exp(q)), f.sub(p, q));
  return f.mul(f.reduceMean(f.reduceSum(difference, [1])), 0.5);
}

/** Mean over i != j of cos(F_i, F_j)^2 for factor tokens F (B, K, d). */
export function factorOrthogonality(factors: Value): Value {
  const [batch, count] = factors.shape as [number, number, number];
  if (count < 2) return f.mul(f.reduceSum(factors), 0);
  const normal = f.l2Normalize(factors);
  const cosines = f.matmul(normal, normal, { transB: true });
  return f.mul(f.sub(f.reduceSum(f.mul(cosines, cosines)), batch * count), 1 / (batch * count * (count - 1)));
}
