/** The known methods, and the one of a model. */
import { LimnError } from '../../core/errors.js';
import { markOf, Registry } from '../../core/part.js';
import { suggestion } from '../../core/suggest.js';
import { combiner } from './baselines/combiner.js';
import { concat } from './baselines/concat.js';
import { imageOnly, textOnly } from './baselines/one-side.js';
import { sum } from './baselines/sum.js';
import { tgCir } from './baselines/tg-cir.js';
import { tirg } from './baselines/tirg.js';
import type { MethodDefinition } from './define-method.js';
import { type FittingMethod, fitting } from './fitting.js';
import { limn } from './limn.js';

/** LIMN and the baselines, and behind them the methods of plug-ins; see {@link defineMethod}. */
export const methods = new Registry<MethodDefinition>('method', [
  limn as MethodDefinition,
  imageOnly,
  textOnly,
  sum,
  concat,
  tirg,
  combiner,
  tgCir as MethodDefinition,
]);

/** The method of a model, with its outputs checked. @throws LimnError CONFIG where there is none of this id */
export function methodOf({ method }: { readonly method: string }): FittingMethod {
  const found = methods.get(method);
  if (found) return fitting(found);
  throw new LimnError('CONFIG', unknownMethod(method), { details: { method, known: methods.ids } });
}

/** What is to be done about a method that nobody has defined here. */
export function unknownMethod(method: string): string {
  return `There is no method "${method}". ${suggestion(method, methods.ids)} If a plug-in defines it, give the plug-in with --plugin, or call usePlugin.`;
}

/** The id of a method that is given by its id or as an object, which is known by its id from then on. @throws LimnError CONFIG */
export function methodId(method: string | MethodDefinition): string {
  if (typeof method === 'string') return method;
  if (markOf(method)?.kind !== 'method') {
    throw new LimnError('CONFIG', 'The method is neither an id nor what defineMethod returns: give one of them.');
  }
  methods.add(method);
  return method.id;
}
