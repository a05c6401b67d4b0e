/**
 * Gets a picture from a URL that a stranger gave. The server must not become a way into its own network: only http and https, only public
 * addresses - checked where the connection is made, so that a name cannot change its mind in between -, the same again for each redirect.
 */
import type { LookupAddress, LookupOptions } from 'node:dns';
import { lookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { Agent, request } from 'undici';
import { HttpProblem } from './problems.js';

export interface FetchLimits {
  bytes: number;
  /** For each hop. @default 10,000 */
  milliseconds?: number;
  /** Redirects that are followed. @default 3 */
  redirects?: number;
  /** Allow addresses that {@link isPublicAddress} refuses; for tests. */
  allow?: (address: string) => boolean;
}

const blocked = new BlockList();
// Special-purpose registries of IANA (RFC 6890): this host, private, shared, loopback, link-local, documentation, benchmarks, multicast.
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  blocked.addSubnet(network, prefix, 'ipv4');
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');
// Inside it: Teredo, documentation, and 6to4, which carries IPv4 addresses of any kind.
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  blocked.addSubnet(network, prefix, 'ipv6');

/** Whether an IP address is one of the open internet. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !blocked.check(address, 'ipv4');
  // IPv4 written as IPv6 is outside of global unicast, and so refused in all its spellings.
  return family === 6 && globalUnicast.check(address, 'ipv6') && !blocked.check(address, 'ipv6');
}

const refused = (message: string, cause?: unknown) => new HttpProblem(400, 'USAGE', message, { cause });

/** Makes the function that gets pictures. @param limits.bytes more than these are refused */
export function pictureFetcher(limits: FetchLimits): {
  fetch(url: string, signal: AbortSignal): Promise<Uint8Array>;
  close(): Promise<void>;
} {
  const { milliseconds = 10_000, redirects = 3 } = limits;
  const allowed = (address: string) => isPublicAddress(address) || (limits.allow?.(address) ?? false);
  const agent = new Agent({
    connect: { lookup: publicLookup(allowed), timeout: milliseconds },
    headersTimeout: milliseconds,
    bodyTimeout: milliseconds,
    connections: 8,
    keepAliveTimeout: 1,
  });
  const fetch = async (text: string, signal: AbortSignal): Promise<Uint8Array> => {
    let url = checkUrl(text, allowed);
    for (let hop = 0; hop <= redirects; hop++) {
      const answer = await request(url, {
        dispatcher: agent,
        signal,
        headers: { accept: 'image/*', 'user-agent': 'limn' },
      }).catch((error) => {
        signal.throwIfAborted();
        throw refused(`The picture of the URL cannot be fetched (${reasonOf(error)}).`, error);
      });
      const { statusCode, headers, body } = answer;
      const { location } = headers;
      if (statusCode >= 300 && statusCode < 400 && typeof location === 'string') {
        await body.dump({ limit: 4096, signal }).catch(() => {});
        url = checkUrl(URL.canParse(location, url.href) ? new URL(location, url.href).href : location, allowed);
        continue;
      }
      try {
        if (statusCode !== 200) throw refused(`The URL of the picture answers with status ${statusCode}.`);
        return await collect(body, limits.bytes, signal);
      } catch (error) {
        body.on('error', () => {}).destroy();
        throw error;
      }
    }
    throw refused(`The URL of the picture leads on more than ${redirects} times.`);
  };
  return { fetch, close: () => agent.destroy() };
}

function checkUrl(text: string, allowed: (address: string) => boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw refused('The URL of a picture must begin with http:// or https://.');
  if (url.username || url.password) throw refused('The URL of a picture must have no user and no password in it.');
  // An address is connected to without a lookup. URL has already brought its odd spellings (0x7f.1, 2130706433) into the plain one.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) && !allowed(host)) throw refused('The URL of the picture leads to an address that is not public.');
  return url;
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** A lookup that finds public addresses only, and fails where a name has any other. */
function publicLookup(allowed: (address: string) => boolean) {
  return (name: string, options: LookupOptions, callback: LookupCallback): void => {
    lookup(name, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      if (addresses.length === 0 || !addresses.every(({ address }) => allowed(address))) {
        return callback(Object.assign(new Error('its address is not public'), { code: 'NOT_PUBLIC' }), []);
      }
      if (options.all) return callback(null, addresses);
      const [first] = addresses as [LookupAddress];
      callback(null, first.address, first.family);
    });
  };
}

async function collect(body: AsyncIterable<Uint8Array>, most: number, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > most) throw new HttpProblem(413, 'TOO_LARGE', `The picture of the URL has more than ${most} bytes.`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof HttpProblem) throw error;
    signal.throwIfAborted();
    throw refused('The picture of the URL broke off.', error);
  }
  return Buffer.concat(chunks, size);
}

/** A word on why, that tells nothing of the server's network. */
function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'NOT_PUBLIC') return 'its address is not public';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its host is not known';
  return 'its host does not answer';
}
