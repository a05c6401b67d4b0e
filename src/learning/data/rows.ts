/** Rows of annotation files: reading them, and saying which one is wrong. */
import type { z } from 'zod';
import { LimnError, messageOf } from '../../core/errors.js';
import { readJson } from '../../core/files.js';
import { oneLine } from '../../core/text.js';
import { readText } from '../../core/text-file.js';

/** Something wrong with the annotations. `message` is one line that names the file and the row. */
export interface AnnotationProblem {
  readonly kind: 'broken' | 'duplicate';
  readonly message: string;
  /** Whether reading takes it as it is and throws nothing. @default false */
  readonly harmless?: boolean;
}

export type OnProblem = (problem: AnnotationProblem) => void;

/** One row of an annotation file. */
export class AnnotationRow<V = unknown> {
  constructor(
    readonly value: V,
    private readonly file: string,
    /** From 1. */
    private readonly number: number,
    private readonly unit: 'row' | 'line',
  ) {}

  get source(): string {
    return `${this.file} ${this.unit} ${this.number}`;
  }

  /** The error to throw for this row. */
  fail(what: string): LimnError {
    return new LimnError('DATA', `${this.source}: ${what}.`, { details: { path: this.file, row: this.number } });
  }

  /** The row of a text file read as JSON. @throws LimnError DATA */
  json(): AnnotationRow {
    try {
      return new AnnotationRow(JSON.parse(String(this.value)), this.file, this.number, this.unit);
    } catch (error) {
      throw this.fail(`it is not valid JSON (${messageOf(error)}); correct the ${this.unit} or remove it`);
    }
  }

  /** The value in the form of a schema. @throws LimnError DATA that names the key */
  parse<T>(schema: z.ZodType<T>): T {
    const parsed = schema.safeParse(this.value);
    if (parsed.success) return parsed.data;
    throw this.fail(`${explain(parsed.error, this.unit)}; correct the ${this.unit} or remove it`);
  }
}

/** The entries of a JSON file that must be a list. `form` is what an entry looks like. */
export async function jsonRows(file: string, what: string, form: string): Promise<AnnotationRow[]> {
  const rows = await readJson(file, what);
  if (!Array.isArray(rows)) throw new LimnError('DATA', `${file} must be a list of ${form}.`, { details: { path: file } });
  return rows.map((row: unknown, index) => new AnnotationRow(row, file, index + 1, 'row'));
}

/** The lines of a text file that are not blank, without white space at their ends. */
export async function lineRows(file: string, what: string): Promise<AnnotationRow<string>[]> {
  const rows = (await readText(file, what))
    .split('\n')
    .map((line, index) => new AnnotationRow(line.trimEnd(), file, index + 1, 'line'));
  return rows.filter(({ value }) => value !== '');
}

/**
 * What `read` makes of each row. A row for which it throws an error is told to `onProblem` and left out; without `onProblem`
 * the first error is thrown.
 */
export function eachRow<R extends AnnotationRow, T>(
  rows: readonly R[],
  onProblem: OnProblem | undefined,
  read: (row: R) => T,
): T[] {
  return rows.flatMap((row) => {
    try {
      return [read(row)];
    } catch (error) {
      if (!LimnError.isInstance(error)) throw error;
      report({ kind: 'broken', message: error.message }, onProblem, error);
      return [];
    }
  });
}

/** Tells a problem to `onProblem` or, without one, throws it. */
export function report(
  problem: AnnotationProblem,
  onProblem: OnProblem | undefined,
  error = new LimnError('DATA', problem.message),
): void {
  if (!onProblem) throw error;
  onProblem(problem);
}

/** The first complaint of a schema as `"key" what is wrong`. */
export function explain(error: z.ZodError, whole = 'file'): string {
  const issue = error.issues[0];
  if (!issue) return 'it has the wrong form';
  const [head, ...rest] = issue.path;
  const key = head === undefined ? `the ${whole}` : typeof head === 'number' ? `entry ${head + 1}` : `"${String(head)}"`;
  const place = rest.map((part) => `[${String(part)}]`).join('');
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return `${key}${place} is missing`;
  return `${key}${place} is wrong (${oneLine(issue.message)})`;
}
