/** What is known of a request while it is worked on. */
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { HttpProblem } from './handlers/problems.js';

export interface RequestState {
  /** From the caller's x-request-id, or made. */
  id: string;
  /** The caller's address. */
  address: string;
  /** Whose share of everything the request is of: its key, or where it has none its address. */
  caller: string;
  /** The id of its key. */
  key?: string | undefined;
  /** The code of the problem that answers it. */
  problem?: string | undefined;
  /** Fires when time is up, the caller has gone or the server has to end. */
  signal: AbortSignal;
  /** Called when the answer is made, to give back what the request holds. */
  ends: (() => void)[];
}

export type ServerEnv = { Bindings: HttpBindings; Variables: { state: RequestState } };
export type ServerContext = Context<ServerEnv>;

export const callerGone = () => new HttpProblem(499, 'INTERRUPTED', 'The caller has gone.');
