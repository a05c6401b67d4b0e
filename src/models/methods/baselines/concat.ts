/** The plain fusion: concatenation and an MLP of two hidden layers. */
import * as f from '../../../engine/graph/functions.js';
import { linear } from '../../../engine/nn/layers.js';
import { baseline } from './baseline.js';

export const concat = baseline('concat', (context, { width, dropout }, image, text) => {
  const hidden = (name: string, x: ReturnType<typeof f.relu>) =>
    context.dropout(f.relu(linear(context, name, x, 2 * width)), dropout);
  return linear(context, 'out', hidden('hidden2', hidden('hidden1', f.concat([image, text], 1))), width);
});
