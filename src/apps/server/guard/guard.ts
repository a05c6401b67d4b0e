/** Who may do what, and how often: keys, scopes, rates, and the pages of other sites. */

import { HttpProblem } from '../handlers/problems.js';
import { bearerToken } from '../request/header-values.js';
import type { ServerContext } from '../state.js';
import { hostName, isLoopback } from './addresses.js';
import type { KeyRing, Scope } from './keys.js';
import type { RateLimiter } from './rate-limit.js';

export interface GuardOptions {
  /** Left out: everybody may do everything. */
  keys?: KeyRing | undefined;
  limiter: RateLimiter;
  /** Origins whose pages may use the API. */
  origins: readonly string[];
  /** Refuse requests for other host names than those of this machine: what a server without keys on the loopback does. */
  onlyLoopbackNames: boolean;
}

export class Guard {
  constructor(private readonly options: GuardOptions) {}

  /** @throws HttpProblem 401, 403 or 429 */
  async check(c: ServerContext, scope: Scope, cost: number): Promise<void> {
    this.checkSite(c);
    const { state } = c.var;
    const { keys } = this.options;
    if (!keys) return this.charge(state.caller, cost);
    const key = bearerToken(c.req.header('authorization'));
    const entry = key === undefined ? undefined : await keys.find(key);
    if (!entry) {
      // Guessing is as limited as using.
      this.charge(state.caller, 1);
      const message =
        key === undefined
          ? 'This server needs an API key: send "authorization: Bearer KEY".'
          : 'The API key is not valid on this server. Check it, or create one with "limn serve keys add".';
      throw new HttpProblem(401, 'UNAUTHORIZED', message, { headers: { 'www-authenticate': 'Bearer realm="limn"' } });
    }
    state.key = entry.id;
    state.caller = `key ${entry.id}`;
    this.charge(state.caller, cost);
    if (scope === 'write' && entry.scope !== 'write') {
      throw new HttpProblem(403, 'FORBIDDEN', 'The API key may only read. Use one with the scope "write".');
    }
  }

  /**
   * A page of another site can make its reader's browser send requests here, and by a name that suddenly means this machine (DNS
   * rebinding) even read the answers. Where no key stands in the way, names and origins do.
   */
  private checkSite(c: ServerContext): void {
    const host = c.req.header('host');
    if (this.options.onlyLoopbackNames && !isLoopback(hostName(host))) {
      const message = `This server answers only to names of this machine, not to ${JSON.stringify(hostName(host))}. Use keys to serve it under another name.`;
      throw new HttpProblem(403, 'FORBIDDEN', message);
    }
    const origin = c.req.header('origin');
    const reads = c.req.method === 'GET' || c.req.method === 'HEAD';
    if (reads || origin === undefined || this.options.origins.includes(origin)) return;
    if (origin.replace(/^https?:\/\//, '').toLowerCase() !== host?.toLowerCase()) {
      throw new HttpProblem(403, 'FORBIDDEN', 'Pages of other sites may not use this server. Allow them with --cors.');
    }
  }

  /** What needs no key, such as the page, has a rate of its own for each address, so that it does not keep the API from anybody. @throws HttpProblem 429 */
  checkOpen(c: ServerContext, cost: number): void {
    this.charge(`open ${c.var.state.address}`, cost);
  }

  /** Takes from what a caller's rate allows; never more than it can have at once. @throws HttpProblem 429 */
  charge(caller: string, cost: number): void {
    const { limiter } = this.options;
    const seconds = limiter.take(caller, Math.min(cost, limiter.burst));
    if (seconds === 0) return;
    const wait = String(Math.ceil(seconds));
    const message = `Too many requests. Try again in ${wait} s.`;
    throw new HttpProblem(429, 'RATE_LIMITED', message, { headers: { 'retry-after': wait } });
  }
}
