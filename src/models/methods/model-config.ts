/** A model's whole config, kept as config.json in its folder: flat, with the fields of all models and the options of its method. */

import { z } from 'zod';
import { presentNames } from '../../core/former-names.js';
import { keysAt } from '../../core/schema.js';
import { suggestion } from '../../core/suggest.js';
import { type BackboneConfig, backboneConfig, backboneFields } from '../backbone/config.js';
import type { ModelConfig } from './define-method.js';
import { methods, unknownMethod } from './methods.js';

/** A model's config as a caller gives it: shared options, and those of the method. */
export type ModelConfigInput = z.input<typeof backboneConfig> & {
  /** Id of the method. @default 'limn' */
  method?: string | undefined;
  [option: string]: unknown;
};

/** The method where none is named. */
export const usualMethod = 'limn';

/** The keys of a model's config. A method that is not known has those of all. */
export function modelKeys(method: unknown = usualMethod): string[] {
  const own = methods.get(String(method))?.options.shape ?? {};
  return ['method', ...Object.keys(backboneFields), ...Object.keys(own)];
}

/** Parses configs of every known method; defaults are filled in. */
export const modelConfig = z.record(z.string(), z.unknown()).transform((given, context): ModelConfig => {
  const { method: id = usualMethod, ...rest } = presentNames(given);
  const refuse = (issue: Record<string, unknown>) => context.issues.push({ input: given, ...issue } as never);
  const method = methods.get(String(id));
  if (!method) {
    refuse({ code: 'custom', path: ['method'], message: unknownMethod(String(id)) });
    return z.NEVER;
  }
  const known = modelKeys(method.id);
  const unknown = Object.keys(rest).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    const message = `the method "${id}" has no option "${unknown}". ${suggestion(unknown, known)}`;
    refuse({ code: 'unrecognized_keys', keys: [unknown], known, path: [], message });
    return z.NEVER;
  }
  const isShared = (key: string) => key in backboneFields;
  const shared = backboneConfig.safeParse(pick(rest, isShared));
  const own = method.options.safeParse(pick(rest, (key) => !isShared(key)));
  for (const [schema, { error }] of [
    [backboneConfig, shared],
    [method.options, own],
  ] as const) {
    for (const issue of error?.issues ?? []) refuse({ ...issue, known: keysAt(schema, issue.path) });
  }
  return { method: method.id, ...(shared.data as BackboneConfig), ...own.data };
}) as unknown as z.ZodType<ModelConfig, ModelConfigInput>;

const pick = (value: object, wanted: (key: string) => boolean) =>
  Object.fromEntries(Object.entries(value).filter(([key]) => wanted(key)));
