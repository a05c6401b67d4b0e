/** Holds a method to its contract while it is traced: what does not fit ends in one line that names the method. */

import { LimnError, messageOf } from '../../core/errors.js';
import { presentOptions } from '../../core/former-names.js';
import type { Value } from '../../engine/graph/index.js';
import type { MethodDefinition, ModelConfig } from './define-method.js';
import type { Embedding, MethodLoss } from './method.js';

/** A method without gaps. */
export type FittingMethod = Required<Omit<MethodDefinition, keyof Traced>> & Traced;

type Traced = Pick<MethodDefinition, 'attention' | 'embedBoth' | 'embedQuery' | 'embedTarget' | 'loss'>;

const known = new WeakMap<MethodDefinition, FittingMethod>();

/** The method with its defaults, whose functions refuse what does not fit with CONFIG. */
export function fitting(method: MethodDefinition): FittingMethod {
  const made = known.get(method) ?? checked(method);
  known.set(method, made);
  return made;
}

function checked(method: MethodDefinition): FittingMethod {
  /** Calls one of the method's functions, then looks at what it gave. */
  const call = <T>(name: string, work: () => T, complaint: (result: T) => string | undefined): T => {
    let result: T;
    let wrong: string | undefined;
    try {
      result = work();
      wrong = complaint(result);
    } catch (error) {
      throw misfit(method, name, messageOf(error), error);
    }
    if (wrong !== undefined) throw misfit(method, name, wrong);
    return result;
  };
  const factors = (config: ModelConfig) =>
    call(
      'factors',
      () => method.factors?.(config) ?? 0,
      (count) =>
        Number.isSafeInteger(count) && count >= 0 ? undefined : `it gives ${shown(count)}, and must give a whole number from 0`,
    );
  return {
    id: method.id,
    options: method.options,
    sees: (config) => presentOptions(call('sees', () => method.sees(config), sightFault)),
    local: (config) =>
      call(
        'local',
        () => method.local?.(config) ?? false,
        (local) => (typeof local === 'boolean' ? undefined : `it gives ${shown(local)}, and must give true or false`),
      ),
    factors,
    score: (config) =>
      call(
        'score',
        () => method.score?.(config) ?? { factors: 1 },
        (score) => (Number.isFinite(score?.factors) ? undefined : `it gives ${shown(score)}, and must give { factors: weight }`),
      ),
    embedQuery: (context, config, image, text) => {
      const batch = ((image ?? text)?.global.shape[0] ?? 0) as number;
      const work = () => method.embedQuery(context, config, image, text);
      return call('embedQuery', work, (query) => embeddingFault(query, batch, factors(config)));
    },
    embedTarget: (context, config, image) => {
      const work = () => method.embedTarget(context, config, image);
      return call('embedTarget', work, (target) => embeddingFault(target, image.global.shape[0] as number, factors(config)));
    },
    ...(method.embedBoth
      ? {
          embedBoth: (context, config, query, candidates) => {
            const work = () =>
              method.embedBoth?.(context, config, query, candidates) as { query: Embedding; candidates: Embedding };
            return call('embedBoth', work, (both) => {
              const asked = ((query.image ?? query.text)?.global.shape[0] ?? 0) as number;
              const stored = candidates.global.shape[0] as number;
              const count = factors(config);
              return embeddingFault(both.query, asked, count) ?? embeddingFault(both.candidates, stored, count);
            });
          },
        }
      : {}),
    loss: (context, config, query, candidates, rows) => {
      for (const [what, asked, stored] of [
        ['vectors', query.matching.shape[1], candidates.matching.shape[1]],
        ['factor vectors', query.factors?.shape[2], candidates.factors?.shape[2]],
      ] as const) {
        if (asked === stored) continue;
        const message = `queries have ${what} of ${asked} numbers and targets of ${stored}, and both must be the same`;
        throw misfit(method, 'embedQuery and embedTarget', message);
      }
      return call('loss', () => method.loss(context, config, query, candidates, rows), lossFault);
    },
    ...(method.attention
      ? {
          attention: (context, config, image, text) => {
            const [batch, places] = (image.tokens?.shape ?? []) as number[];
            const work = () => method.attention?.(context, config, image, text) as Value;
            return call('attention', work, (value) => valueFault('what it gives', value, [batch, factors(config), places]));
          },
        }
      : {}),
  };
}

function misfit({ id }: MethodDefinition, name: string, what: string, cause?: unknown): LimnError {
  const message = `The method "${id}" does not fit: ${name}: ${what.replace(/\.$/, '')}.`;
  return new LimnError('CONFIG', message, { details: { method: id, function: name }, ...(cause === undefined ? {} : { cause }) });
}

/** What a function gave, in a few words. */
function shown(value: unknown): string {
  if (value instanceof Promise) return 'a promise (graphs are traced without waiting: leave out "async")';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function sightFault(sees: ReturnType<MethodDefinition['sees']>): string | undefined {
  if (typeof sees !== 'object' || sees === null || sees instanceof Promise)
    return `it gives ${shown(sees)}, and must give { image, text }`;
  const { image, text } = presentOptions(sees);
  return image || text ? undefined : 'it sees neither "image" nor "text", and a query needs one of them';
}

function embeddingFault(embedding: Embedding, batch: number, factors: number): string | undefined {
  if (typeof embedding !== 'object' || embedding === null || embedding instanceof Promise)
    return `it gives no embedding, which is { matching, factors? }, but ${shown(embedding)}`;
  const { matching, factors: vectors } = embedding;
  if (factors > 0 && vectors === undefined) return `it gives no "factors", and the method says that it has ${factors}`;
  if (factors === 0 && vectors !== undefined)
    return 'it gives "factors", and the method says that it has none (factors: () => K)';
  return (
    valueFault('"matching"', matching, [batch, undefined]) ??
    (factors > 0 ? valueFault('"factors"', vectors, [batch, factors, undefined]) : undefined)
  );
}

function lossFault(given: MethodLoss): string | undefined {
  if (typeof given !== 'object' || given === null || given instanceof Promise)
    return `it gives no loss, which is { loss, metrics }, but ${shown(given)}`;
  if (typeof given.metrics !== 'object' || given.metrics === null) return 'it gives no "metrics": {} where there are none';
  for (const name of ['loss', 'gradientNorm', 'learningRate']) {
    if (name in given.metrics) return `"metrics.${name}" has a name that every training reports: choose another one`;
  }
  const metrics = Object.entries(given.metrics).map(([name, value]) => [`"metrics.${name}"`, value] as const);
  return [['"loss"', given.loss] as const, ...metrics].map(([name, value]) => valueFault(name, value, [])).find(Boolean);
}

/** @param wanted its shape, with undefined where any extent will do */
function valueFault(what: string, value: Value | undefined, wanted: readonly (number | undefined)[]): string | undefined {
  if (value?.shape?.length === undefined) return `${what} is not a value of a graph`;
  const fits =
    value.shape.length === wanted.length && wanted.every((extent, i) => extent === undefined || extent === value.shape[i]);
  if (fits && value.dtype === 'float32') return undefined;
  const form = `float32 [${wanted.map((extent) => extent ?? 'any').join(', ')}]`;
  return `${what} is ${value.dtype} [${value.shape.join(', ')}], and must be ${form}`;
}
