/**
 * The options of LIMN as a baseline has them: experiments give one set of options to all of their methods, and the folders of baselines
 * have always recorded them. None of them does anything; those that would change what LIMN is compared with cannot be set.
 */
import { z } from 'zod';
import { limn } from '../limn.js';

export function limnOptions(method: string) {
  const { factors, layers, projection, localTokenPrior, weights, gamma } = limn.options.shape;
  const only = <const T extends string>(value: T) =>
    z.literal(value, { error: `is a setting of LIMN, not of the method "${method}"` });
  return {
    factors,
    factorStart: only('tokens').default('tokens'),
    layers,
    projection,
    localTokenPrior,
    weights,
    factorWeights: only('equal').optional(),
    gamma,
    query: only('both').default('both'),
    features: only('both').default('both'),
    aggregation: only('both').default('both'),
  };
}
