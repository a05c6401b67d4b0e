/** The arithmetic of a joint embedding space: the weighted sum of the normalised image and text vectors. */
import { z } from 'zod';
import { add, l2Normalize, mul } from '../../../engine/graph/functions.js';
import type { Value } from '../../../engine/graph/index.js';
import { inBatchLoss } from '../classification.js';
import { defineMethod } from '../define-method.js';
import { limnOptions } from './limn-options.js';

export const sum = defineMethod({
  id: 'sum',
  options: z.object({
    ...limnOptions('sum'),
    textShare: z.number().min(0).max(1).optional().describe('share of the text in the sum, from 0 to 1 (default: 0.5)'),
  }),
  sees: () => ({ image: true, text: true }),
  embedQuery: (_context, { textShare }, image, text) => {
    const [seen, said] = [l2Normalize(image?.global as Value), l2Normalize(text?.global as Value)];
    // The sum is normalised, so that equal parts need no weights.
    const both = textShare === undefined ? add(seen, said) : add(mul(seen, 1 - textShare), mul(said, textShare));
    return { matching: l2Normalize(both) };
  },
  embedTarget: (_context, _config, image) => ({ matching: l2Normalize(image.global) }),
  loss: inBatchLoss,
});
