/** What a method of composed image retrieval is, for those that limn ships and those of plug-ins: one file that owns its options. */
import type { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { definePart, type Part } from '../../core/part.js';
import type { Value } from '../../engine/graph/index.js';
import type { Context } from '../../engine/nn/context.js';
import { type BackboneConfig, backboneFields } from '../backbone/config.js';
import type { EncodedInput } from '../backbone/encoded.js';
import type { BatchRows, Embedding, MethodLoss } from './method.js';

/** A config of any model: what the options of its method are is the method's business. */
export type ModelConfig = BackboneConfig & {
  /** Id of the method. */
  method: string;
} & { [option: string]: unknown };

/** A model's config as its method sees it: what all models have, and the method's own options. */
export type MethodConfig<Options extends z.ZodObject> = BackboneConfig & {
  /** Id of the method. */
  method: string;
} & z.output<Options>;

/** The sides of a query, as far as its method sees them. */
export interface QueryInputs {
  /** Its reference image. */
  image: EncodedInput | undefined;
  /** Its text. */
  text: EncodedInput | undefined;
}

/**
 * How a reference image and a text become one query vector, and how queries are matched with targets. Everything is traced into graphs:
 * training, query and gallery encoder are the same equations.
 */
export interface MethodDefinition<Options extends z.ZodObject = z.ZodObject, E extends Embedding = Embedding> extends Part {
  /**
   * The method's own settings, each with a default or optional, so that a model which was trained before there was one still opens. They
   * stand in a model's config.json beside those of all models, so none may have the name of one of these. Values that JSON can hold.
   */
  readonly options: Options;
  /** Which sides of a query are read at all. */
  sees(config: MethodConfig<Options>): { image: boolean; text: boolean };
  /** Whether local image features are used. @default false: the global one alone */
  local?(config: MethodConfig<Options>): boolean;
  /** K, the number of factor vectors of an embedding. @default 0 */
  factors?(config: MethodConfig<Options>): number;
  /** How much the factors' mean cosine counts in the score, beside the matching vectors' cosine. @default 1 */
  score?(config: MethodConfig<Options>): { factors: number };
  /** The embedding of a query; what {@link sees} excludes is undefined. */
  embedQuery(context: Context, config: MethodConfig<Options>, image: EncodedInput | undefined, text: EncodedInput | undefined): E;
  /** The embedding of a target image, which is what a gallery stores. */
  embedTarget(context: Context, config: MethodConfig<Options>, image: EncodedInput): E;
  /**
   * A query and candidates at once: the same as {@link embedQuery} and {@link embedTarget}, but for last bits. It is asked where nodes cost more
   * than numbers, so that what both do with the same weights can be one node; parameters and dropout masks in their order. @default both in turn
   */
  embedBoth?(
    context: Context,
    config: MethodConfig<Options>,
    query: QueryInputs,
    candidates: EncodedInput,
  ): { query: E; candidates: E };
  /**
   * The loss of a batch, and the terms that are reported beside it under names of the method's choice.
   *
   * @param query of the B rows @param candidates the C images that they are classified among, the rows' own targets first
   */
  loss(context: Context, config: MethodConfig<Options>, query: E, candidates: E, rows: BatchRows): MethodLoss;
  /**
   * Where each factor looks in an image with local features: (B, K, N), rows that sum to 1. Methods that cannot say have none.
   *
   * @param text of the query whose reference it is; without one the image is seen as a target
   */
  attention?(context: Context, config: MethodConfig<Options>, image: EncodedInput, text?: EncodedInput): Value;
}

/**
 * Defines a method.
 *
 * @example
 * export default defineMethod({
 *   id: 'scaled-sum',
 *   options: z.object({ textShare: z.number().default(0.5) }),
 *   sees: () => ({ image: true, text: true }),
 *   embedQuery: (_context, { textShare }, picture, text) => ({
 *     matching: f.l2Normalize(f.add(picture.global, f.mul(text.global, textShare))),
 *   }),
 *   embedTarget: (_context, _config, picture) => ({ matching: f.l2Normalize(picture.global) }),
 *   loss: inBatchLoss,
 * });
 * @throws LimnError CONFIG for a definition that cannot be used
 */
export function defineMethod<Options extends z.ZodObject, E extends Embedding>(
  method: MethodDefinition<Options, E>,
): MethodDefinition<Options, E> {
  definePart('method', method, ['sees', 'embedQuery', 'embedTarget', 'loss']);
  const wrong = (what: string) => {
    const message = `The definition of a method is not usable: ${what}.`;
    return new LimnError('CONFIG', message, { details: { kind: 'method', id: method.id } });
  };
  for (const name of ['local', 'factors', 'score', 'embedBoth', 'attention'] as const) {
    if (method[name] !== undefined && typeof method[name] !== 'function')
      throw wrong(`"${name}" of "${method.id}" is not a function`);
  }
  if (!isObjectSchema(method.options)) {
    throw wrong(`"options" of "${method.id}" must be a zod object, such as z.object({}) for none`);
  }
  const taken = Object.keys(method.options.shape).find((name) => name === 'method' || name in backboneFields);
  if (taken !== undefined)
    throw wrong(`"${method.id}" has an option "${taken}", which is one of all models: give it another name`);
  return method;
}

/** Also of another copy of zod, such as a plug-in's own. */
function isObjectSchema(value: unknown): boolean {
  const schema = value as { _zod?: { def?: { type?: unknown } }; shape?: unknown } | undefined;
  return schema?._zod?.def?.type === 'object' && typeof schema.shape === 'object';
}
