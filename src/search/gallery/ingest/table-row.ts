import type { LimnError } from '../../../core/errors.js';

/** A row of a table in a file. */
export interface TableRow {
  values: Readonly<Record<string, unknown>>;
  /** Where the row is, for error messages: "list.csv line 3". */
  place: string;
  /** Why the row cannot be read; it has no values then. */
  problem?: LimnError;
}
