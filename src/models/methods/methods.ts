/** The methods by their names in a config. */

import type { LimnConfig, MethodName } from '../backbone/config.js';
import { combiner } from './baselines/combiner.js';
import { concat } from './baselines/concat.js';
import { pictureOnly, textOnly } from './baselines/one-side.js';
import { sum } from './baselines/sum.js';
import { tgCir } from './baselines/tg-cir.js';
import { tirg } from './baselines/tirg.js';
import { limn } from './limn.js';
import type { Embedding, Method } from './method.js';

const methods: { readonly [name in MethodName]: unknown } = {
  limn,
  'picture-only': pictureOnly,
  'text-only': textOnly,
  sum,
  concat,
  tirg,
  combiner,
  'tg-cir': tgCir,
};

/** The method of a model. */
export function methodOf({ method }: Pick<LimnConfig, 'method'>): Method {
  // A method's own embeddings come back to it alone, so their exact type is nobody else's business.
  return methods[method] as Method<Embedding>;
}
