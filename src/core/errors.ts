/**
 * The one error type that limn throws on purpose.
 *
 * A message says what happened, why, and what to do, in one line, because the command line prints it as it is. `code` is
 * stable and meant for programs; `details` carries the offending values.
 */
import { oneLine } from './text.js';

/** What kind of failure it is; stable, for programs. */
export type LimnErrorCode =
  | 'USAGE'
  | 'CONFIG'
  | 'DATA'
  | 'IMAGE'
  | 'ENCODER'
  | 'CHECKPOINT'
  | 'GALLERY'
  | 'STORE'
  | 'QUEUE'
  | 'GRAPH_SHAPE'
  | 'GRAPH_UNSUPPORTED'
  | 'RUNTIME'
  | 'NOT_FINITE'
  | 'INTERRUPTED'
  | 'IO';

export interface LimnErrorOptions {
  /** The values that explain the error, for programs and logs. @default {} */
  details?: Record<string, unknown>;
  /** The error that led to this one. */
  cause?: unknown;
}

/** The same symbol in every copy of the package. */
const mark = Symbol.for('limn.error');

/** The error that limn throws on purpose. Its message is one line: what happened, why, and what to do. */
export class LimnError extends Error {
  override readonly name = 'LimnError';
  /** What kind of failure it is; stable, for programs. */
  readonly code: LimnErrorCode;
  /** The values that explain the error. */
  readonly details: Record<string, unknown>;

  constructor(code: LimnErrorCode, message: string, options: LimnErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
    Object.defineProperty(this, mark, { value: true });
  }

  /** True for errors of this class, also across two copies of the package. */
  static isInstance(value: unknown): value is LimnError {
    return value instanceof Error && (value as { [mark]?: unknown })[mark] === true;
  }
}

/** The message of anything that was thrown, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return oneLine(text);
}

/** Throws a {@link LimnError} INTERRUPTED when `signal` has fired. */
export function throwIfAborted(signal: AbortSignal | undefined, doing: string): void {
  if (signal?.aborted) throw new LimnError('INTERRUPTED', `Interrupted while ${doing}.`);
}
