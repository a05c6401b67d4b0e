/** Where a Redis is, and how to speak of it without its password. */
import { LimnError } from '../../core/errors.js';

/** @param address `redis://` or `rediss://` (TLS), with user, password, port and database as is usual @throws LimnError USAGE */
export function checkAddress(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url && ['redis:', 'rediss:'].includes(url.protocol) && url.hostname) return address;
  throw new LimnError('USAGE', 'The address of the queue must be that of a Redis, such as redis://127.0.0.1:6379.');
}

/** An address for messages: the host, and nothing of the user. */
export function shownAddress(address: string): string {
  const { protocol, hostname, port, pathname } = new URL(address);
  return `${protocol}//${hostname}:${port || 6379}${pathname.length > 1 ? pathname : ''}`;
}
