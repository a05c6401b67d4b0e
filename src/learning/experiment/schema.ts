/** Checks values against zod schemas with messages for people: one line, the likely key where one is unknown. */
import { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { suggestion } from '../../core/suggest.js';
import { oneLine } from '../../core/text.js';

/** Parses, or throws CONFIG naming `what` (a file, a run), the key, and what is wrong with it. */
export function check<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap(innermost);
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!;
  const at = (key?: string) => [...issue.path, ...(key === undefined ? [] : [key])].map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] as string;
    const known = keysAt(schema, issue.path);
    throw new LimnError('CONFIG', `${what} has an unknown key "${at(key)}". ${suggestion(key, known)}`, { details: { key } });
  }
  const problem = oneLine(issue.message);
  throw new LimnError('CONFIG', `${what} is wrong at ${at() ? `"${at()}"` : 'the top'}: ${problem}.`, { details: { issues } });
}

/** The complaints behind "no member of the union fits". */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const inner = issue.errors.flat().map((nested) => ({ ...nested, path: [...issue.path, ...nested.path] }) as z.core.$ZodIssue);
  return inner.length > 0 ? inner.flatMap(innermost) : [issue];
}

/** The keys that an object at this place of a value may have. */
function keysAt(schema: unknown, path: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path));
  if (schema instanceof z.ZodObject) {
    const shape = schema.shape as Record<string, unknown>;
    return path.length === 0 ? Object.keys(shape) : keysAt(shape[String(path[0])], path.slice(1));
  }
  if (schema instanceof z.ZodArray) return keysAt(schema.element, path.slice(1));
  const wraps = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return wraps ? keysAt(schema.unwrap(), path) : [];
}
