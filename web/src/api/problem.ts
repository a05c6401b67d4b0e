/** What went wrong with a request, in one form for all causes. */
import type { ProblemBody } from './types.js';

export interface Problem {
  /** The HTTP status; 0 where no answer came. */
  status: number;
  code: string;
  message: string;
  /** The id of the request in the server's log. */
  request?: string;
  /** Milliseconds after which another try makes sense. */
  retryAfter?: number;
}

export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

/** Statuses after which the page tries again by itself. */
export const isTransient = ({ status }: Problem): boolean => status === 429 || status === 503;

export function problemOf(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem;
  return { status: 0, code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

/** Reads the body of an answer that is not 2xx, which a proxy in between may have written in any form. */
export async function problemFrom(response: Response): Promise<Problem> {
  const body: unknown = await response.json().catch(() => undefined);
  const retryAfter = secondsOf(response.headers.get('retry-after'));
  const wait = retryAfter === undefined ? {} : { retryAfter: retryAfter * 1000 };
  if (isProblemBody(body)) return { status: response.status, ...body.error, ...wait };
  const message = `The server answered ${response.status}${response.statusText ? ` ${response.statusText}` : ''}.`;
  return { status: response.status, code: 'UNKNOWN', message, ...wait };
}

function isProblemBody(body: unknown): body is ProblemBody {
  const error = (body as Partial<ProblemBody> | undefined | null)?.error;
  return typeof error?.message === 'string' && typeof error.code === 'string';
}

/** Of the header Retry-After, which is a number of seconds or a date. */
function secondsOf(header: string | null): number | undefined {
  if (!header) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 120) : undefined;
}
