/** Errors as HTTP tells them: a status, headers, and the body `problem` of the contract. */
import { LimnError, type LimnErrorCode } from '../../../core/errors.js';
import type { Problem } from '../contract.js';

export type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 415 | 422 | 429 | 431 | 499 | 500 | 503 | 504;
export type ProblemCode =
  | LimnErrorCode
  | 'UNAUTHORIZED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'TOO_LARGE'
  | 'RATE_LIMITED'
  | 'TIMEOUT'
  | 'BUSY'
  | 'INTERNAL';

export interface ProblemOptions {
  headers?: Readonly<Record<string, string>>;
  cause?: unknown;
}

/** An error whose message the caller may see. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly status: ProblemStatus,
    readonly code: ProblemCode,
    message: string,
    options: ProblemOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.headers = options.headers ?? {};
  }
}

/** The body of a problem's response. @param request the id of the request */
export function problemBody(problem: HttpProblem, request: string): Problem {
  return { error: { code: problem.code, message: problem.message, request } };
}

/** The caller's mistakes among limn's errors, and what fails for a while. All others are the server's own: their messages may name files. */
const statusOfCode: Partial<Record<string, ProblemStatus>> = { USAGE: 400, IMAGE: 422, STORE: 503, INTERRUPTED: 503 };

/** Anything that was thrown, as a problem. What only operators may see is left to the log. */
export function asProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  const status = LimnError.isInstance(error) ? statusOfCode[error.code] : undefined;
  if (!LimnError.isInstance(error) || status === undefined) {
    const message = 'The server failed; the request is not at fault. Its log has the reason under the id of this request.';
    return new HttpProblem(500, 'INTERNAL', message, { cause: error });
  }
  if (status === 503) {
    const message = 'The gallery cannot be reached at the moment. Try again in a few seconds.';
    return new HttpProblem(503, error.code, message, { headers: { 'retry-after': '2' }, cause: error });
  }
  return new HttpProblem(status, error.code, withoutPath(error), { cause: error });
}

/** The message without the place of a file on the server. */
function withoutPath({ message, details }: LimnError): string {
  const { path } = details;
  return typeof path === 'string' && path !== ''
    ? message.replaceAll(`The picture ${path}`, 'The picture').replaceAll(path, 'The picture')
    : message;
}
