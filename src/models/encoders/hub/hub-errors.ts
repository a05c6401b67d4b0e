/** What went wrong with a hub, in words. */
import { LimnError, messageOf } from '../../../core/errors.js';

/** What a request is about. */
export interface Subject {
  repo: string;
  revision: string;
  path?: string;
}

/** The hub gave no answer. */
export function unreachable(url: string, error: unknown): LimnError {
  const { code } = error as NodeJS.ErrnoException;
  const reason = messageOf(error) || code;
  return new LimnError('IO', `Cannot reach ${url}: ${reason}. Check the network, HTTPS_PROXY and the address of the hub.`, {
    details: { url },
    cause: error,
  });
}

/** Seconds from a number or a date. */
export function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** The hub's answer is a refusal. @param refs the branches and tags that a repository has, as far as known */
export function statusError(
  url: string,
  answer: { status: number; headers: Record<string, string | undefined> },
  about: Subject,
  hub: { endpoint: string; hasToken: boolean },
  refs: readonly string[],
): LimnError {
  const { status, headers } = answer;
  const { repo, revision, path } = about;
  const page = `${hub.endpoint}/${repo}`;
  const details = { url, status };
  const kind = headers['x-error-code'];
  if (status === 401 || status === 403) {
    const why = hub.hasToken
      ? `does not let this token read ${repo}: accept its terms at ${page} with the token's account, or check the name and the token`
      : `does not show ${repo} without a token: check the name, or accept the terms at ${page} and give a token with --token or HF_TOKEN`;
    return new LimnError('IO', `${hub.endpoint} ${why} (${status}).`, { details });
  }
  if (status === 404) {
    if (path !== undefined) return new LimnError('DATA', `${repo} has no ${path} at ${revision} (404).`, { details });
    const known = refs.length > 0;
    const what =
      kind === 'RevisionNotFound' || known
        ? `${repo} has no revision "${revision}"`
        : `There is no ${repo} at ${hub.endpoint}, or no revision "${revision}" of it`;
    const advice = known ? `It has ${refs.slice(0, 8).join(', ')}.` : `Check the name at ${hub.endpoint}.`;
    return new LimnError('DATA', `${what} (404). ${advice}`, { details });
  }
  if (status === 429) {
    const seconds = retryAfter(headers['retry-after']);
    const when = seconds === undefined ? 'later' : `in ${Math.ceil(seconds)} s`;
    const advice = hub.hasToken ? '' : ' or give a token with --token';
    return new LimnError('IO', `${hub.endpoint} accepts no more requests now (429): try again ${when}${advice}.`, { details });
  }
  return new LimnError('IO', `${url} answers ${status}. Try again later or another mirror.`, { details });
}
