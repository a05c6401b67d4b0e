/**
 * Cursors: where the next page begins, bound to the request that they continue. A server keeps nothing for them, so any server over the
 * same gallery can go on. They hold no secret: the digest keeps a cursor from being used with another request, by mistake.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { HttpProblem } from '../handlers/problems.js';

const content = z.tuple([z.literal(1), z.string(), z.union([z.string(), z.int().nonnegative()])]);

/** A short digest of a request, of which everything counts that decides the order of its answer. */
export function requestDigest(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
}

/** @param position an offset, or the last id of the page */
export function writeCursor(digest: string, position: string | number): string {
  return Buffer.from(JSON.stringify([1, digest, position])).toString('base64url');
}

/** @throws HttpProblem 400 for a text that is no cursor, or one of another request */
export function readCursor<T extends 'string' | 'number'>(
  text: string,
  digest: string,
  type: T,
): T extends 'string' ? string : number {
  let parsed: z.output<typeof content> | undefined;
  try {
    parsed = content.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch {
    throw new HttpProblem(
      400,
      'USAGE',
      'The cursor is not one that this server gives. Take it unchanged from the answer before.',
    );
  }
  const [, madeFor, position] = parsed;
  if (madeFor !== digest || typeof position !== type) {
    const advice = 'Send everything else as it was, or leave the cursor out to begin anew.';
    throw new HttpProblem(400, 'USAGE', `The cursor belongs to another request. ${advice}`);
  }
  return position as T extends 'string' ? string : number;
}
