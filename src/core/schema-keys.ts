/** What a zod schema knows, for messages about what it does not. */
import { z } from 'zod';

/** The keys that an object at this place of a value may have. */
export function keysAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path));
  if (schema instanceof z.ZodObject) {
    const shape = schema.shape as Record<string, unknown>;
    return path.length === 0 ? Object.keys(shape) : keysAt(shape[String(path[0])], path.slice(1));
  }
  if (schema instanceof z.ZodArray) return keysAt(schema.element, path.slice(1));
  const wraps = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return wraps ? keysAt(schema.unwrap(), path) : [];
}
