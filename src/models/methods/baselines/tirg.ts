/**
 * TIRG (Vo et al., CVPR 2019): the reference passes a gate that the text opens, and a residual says what changes.
 *
 *     q = a * sigmoid(G[p; t]) * p + b * R[p; t]
 *
 * G and R are two linear layers each. Layer normalisation stands where the original has batch normalisation.
 */
import * as f from '../../../engine/graph/functions.js';
import { init } from '../../../engine/nn/context.js';
import { layerNorm, linear } from '../../../engine/nn/layers.js';
import { baseline } from './baseline.js';

export const tirg = baseline('tirg', (context, { width, dropout }, image, text) => {
  const both = f.relu(layerNorm(context, 'norm', f.concat([image, text], 1)));
  const twoLayers = (name: string) => {
    const scope = context.scope(name);
    const hidden = scope.dropout(f.relu(linear(scope, 'hidden', both, 2 * width)), dropout);
    return linear(scope, 'out', hidden, width);
  };
  const weight = (name: string) => context.parameter(name, [], init.ones);
  const gated = f.mul(f.sigmoid(twoLayers('gate')), image);
  return f.add(f.mul(gated, weight('gate_weight')), f.mul(twoLayers('residual'), weight('residual_weight')));
});
