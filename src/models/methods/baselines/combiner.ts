/**
 * The Combiner of CLIP4Cir (Baldrati et al., CVPR 2022): projections of both features meet in a wide layer, whose output is added
 * to a convex combination of the features themselves.
 *
 *     q = C[P p; T t] + (1 - lambda) * p + lambda * t,   lambda = sigmoid(L[P p; T t])
 */
import * as f from '../../../engine/graph/functions.js';
import { linear } from '../../../engine/nn/layers.js';
import { baseline } from './baseline.js';

export const combiner = baseline('combiner', (context, { width, dropout }, image, text) => {
  const hidden = (name: string, x: typeof image, out: number) => context.dropout(f.relu(linear(context, name, x, out)), dropout);
  const both = f.concat([hidden('picture', image, 4 * width), hidden('text', text, 4 * width)], 1);
  const combined = linear(context, 'out', hidden('combine', both, 8 * width), width);
  const lambda = f.sigmoid(linear(context, 'lambda', hidden('balance', both, 8 * width), 1)); // (B, 1)
  return f.add(combined, f.mul(f.sub(1, lambda), image), f.mul(lambda, text));
});
