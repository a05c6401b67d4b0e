/** What a zod schema says of a value, in one line for people: where it is wrong, why, and the likely key where one is unknown. */
import { z } from 'zod';
import { LimnError, type LimnErrorCode } from './errors.js';
import { formerNameOf, noteFormerName, presentNames } from './former-names.js';
import { suggestion } from './suggest.js';
import { oneLine } from './text.js';

/** The first mistake of a value. */
export interface SchemaMistake {
  /** Keys with dots between them; empty for the value itself. */
  place: string;
  /** Why it is wrong, on one line and without a full stop of its own. */
  reason: string;
  /** The key that the schema does not know, with its place, and what it may have been meant for. */
  unknownKey?: { key: string; place: string; advice: string };
}

/** The first mistake that a schema found. A misspelt key explains a missing one, so it goes before the others. */
export function mistakeIn(error: z.ZodError, schema?: z.ZodType): SchemaMistake {
  const issues = error.issues.flatMap(innermost);
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? (issues[0] as z.core.$ZodIssue);
  const at = (...more: string[]) => [...issue.path, ...more].map(String).join('.');
  const mistake = { place: at(), reason: oneLine(issue.message) };
  if (issue.code !== 'unrecognized_keys') return mistake;
  const key = issue.keys[0] as string;
  // A schema that is put together while it parses says itself which keys it has.
  const known = (issue as { known?: string[] }).known ?? keysAt(schema, issue.path);
  return {
    ...mistake,
    unknownKey: {
      key,
      place: at(key),
      advice: suggestion(
        key,
        known,
        known.flatMap((name) => formerNameOf(name) ?? []),
      ),
    },
  };
}

/** The mistake in short: `"place": reason`. */
export function mistakeText(error: z.ZodError): string {
  const { place, reason } = mistakeIn(error);
  return place === '' ? reason : `"${place}": ${reason}`;
}

/**
 * The value as a schema reads it.
 *
 * @param what the value is, such as a file, for the message
 * @throws LimnError `code` that names `what`, the place, and what is wrong there
 */
export function check<T extends z.ZodType>(schema: T, value: unknown, what: string, code: LimnErrorCode = 'CONFIG'): z.output<T> {
  const parsed = schema.safeParse(presentNames(value, noteFormerName));
  if (parsed.success) return parsed.data;
  const { place, reason, unknownKey } = mistakeIn(parsed.error, schema);
  if (unknownKey) {
    const { key, place: named, advice } = unknownKey;
    throw new LimnError(code, `${what} has an unknown key "${named}". ${advice}`, { details: { key } });
  }
  throw new LimnError(code, `${what} is wrong at ${place ? `"${place}"` : 'the top'}: ${sentence(reason)}`, {
    details: { issues: parsed.error.issues },
  });
}

/** A reason with a full stop, where it has no end of its own. */
export const sentence = (reason: string): string => reason.replace(/(?<![.?!])$/, '.');

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

/** The complaints behind "no member of the union fits". */
function innermost(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const inner = issue.errors.flat().map((nested) => ({ ...nested, path: [...issue.path, ...nested.path] }) as z.core.$ZodIssue);
  return inner.length > 0 ? inner.flatMap(innermost) : [issue];
}
