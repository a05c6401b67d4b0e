/** Who calls, by address, and which names the server goes by. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Whether only this machine reaches a server that listens there. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

/** The host of a Host header without its port. */
export function hostName(header: string | undefined): string {
  const host = (header ?? '').toLowerCase();
  const colon = host.lastIndexOf(':');
  // The colons of an IPv6 address stand in brackets.
  return colon > host.lastIndexOf(']') && /^\d+$/.test(host.slice(colon + 1)) ? host.slice(0, colon) : host;
}

/**
 * The caller's address.
 *
 * @param proxies how many proxies of one's own stand before the server, each of which adds the address that it sees to x-forwarded-for;
 * what is further left may be invented
 */
export function callerAddress(incoming: IncomingMessage, proxies: number): string {
  const direct = peerAddress(incoming.socket.remoteAddress);
  if (proxies === 0) return direct;
  const forwarded = String(incoming.headers['x-forwarded-for'] ?? '').split(',');
  const claimed = forwarded.at(-proxies)?.trim() ?? '';
  return isIP(claimed) ? peerAddress(claimed) : direct;
}

/** IPv4 also where it is written as IPv6; of IPv6 the network that one subscriber has, so that its many addresses count as one. */
export function peerAddress(address = 'unknown'): string {
  const mapped = address.slice(0, 7).toLowerCase() === '::ffff:' ? address.slice(7) : '';
  if (isIP(mapped) === 4) return mapped;
  if (isIP(address) !== 6) return address;
  const [head = '', tail = ''] = (address.split('%')[0] as string).split('::');
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  const missing = address.includes('::') ? new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0') : [];
  return `${[...left, ...missing, ...right].slice(0, 4).join(':')}::/64`;
}
