/** Checks values against zod schemas with messages for people: one line, the likely key where one is unknown. */

import type { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { noteFormerName, presentNames } from '../../core/former-names.js';
import { keysAt } from '../../core/schema-keys.js';
import { suggestion } from '../../core/suggest.js';
import { oneLine } from '../../core/text.js';

/** Parses, or throws CONFIG naming `what` (a file, a run), the key, and what is wrong with it. */
export function check<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const parsed = schema.safeParse(presentNames(value, noteFormerName));
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap(innermost);
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!;
  const at = (key?: string) => [...issue.path, ...(key === undefined ? [] : [key])].map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] as string;
    // A model's config says itself which keys its method has.
    const known = (issue as { known?: string[] }).known ?? keysAt(schema, issue.path);
    throw new LimnError('CONFIG', `${what} has an unknown key "${at(key)}". ${suggestion(key, known)}`, { details: { key } });
  }
  const problem = oneLine(issue.message).replace(/(?<![.?!])$/, '.');
  throw new LimnError('CONFIG', `${what} is wrong at ${at() ? `"${at()}"` : 'the top'}: ${problem}`, { details: { issues } });
}

/** The complaints behind "no member of the union fits". */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const inner = issue.errors.flat().map((nested) => ({ ...nested, path: [...issue.path, ...nested.path] }) as z.core.$ZodIssue);
  return inner.length > 0 ? inner.flatMap(innermost) : [issue];
}
