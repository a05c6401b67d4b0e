/** What the baselines share: one vector of the two global features, matched by its cosine with the target's global feature. */
import { z } from 'zod';
import * as f from '../../../engine/graph/functions.js';
import type { Value } from '../../../engine/graph/index.js';
import type { Context } from '../../../engine/nn/context.js';
import type { BackboneConfig } from '../../backbone/config.js';
import { inBatchLoss } from '../classification.js';
import { defineMethod } from '../define-method.js';
import { limnOptions } from './limn-options.js';

/** Makes one vector (B, d) of the global features of a reference and a text, both (B, d). */
export type Compose = (context: Context, config: BackboneConfig, image: Value, text: Value) => Value;

/** A method that composes global features and has no factors. @param sees what it reads of a query */
export function baseline(id: string, compose: Compose, sees = { image: true, text: true }) {
  return defineMethod({
    id,
    options: z.object(limnOptions(id)),
    sees: () => sees,
    embedQuery: (context, config, image, text) => ({
      matching: f.l2Normalize(compose(context.scope('compose'), config, image?.global as Value, text?.global as Value)),
    }),
    embedTarget: (_context, _config, image) => ({ matching: f.l2Normalize(image.global) }),
    loss: inBatchLoss,
  });
}
