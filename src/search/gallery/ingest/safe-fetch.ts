/**
 * Fetching URLs that someone else chose, without becoming their hand inside the network (SSRF): only http and https, only public
 * addresses - looked up once, checked, and connected to as they were checked - again after each redirect, and never more bytes or time
 * than allowed.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { Agent } from 'undici';
import { LimnError, messageOf, throwIfAborted } from '../../../core/errors.js';
import { isPublicAddress } from './addresses.js';

/** Limits of {@link SafeFetcher}. */
export interface FetchLimits {
  /** Larger answers are refused. @default 33554432, 32 MiB */
  maxBytes?: number;
  /** For everything, redirects and the body included, in milliseconds. @default 15000 */
  timeout?: number;
  /** How many redirects are followed. @default 3 */
  redirects?: number;
  /** Whether a connection may be made to an IP address. @default those of the public internet */
  allowAddress?: (address: string) => boolean;
  /** Finds the addresses of a host name. @default the system's */
  lookup?: (host: string) => Promise<readonly { address: string; family: number }[]>;
}

export interface Fetched {
  bytes: Uint8Array;
  /** Where the answer came from in the end. */
  url: string;
}

/** Fetches images from public addresses only: private, local and reserved ranges are refused, after each redirect too. */
export class SafeFetcher {
  /** Made when the first URL is fetched. */
  private agent: Agent | undefined;
  private readonly limits: Required<FetchLimits>;

  constructor(limits: FetchLimits = {}) {
    this.limits = {
      maxBytes: limits.maxBytes ?? 32 * 2 ** 20,
      timeout: limits.timeout ?? 15_000,
      redirects: limits.redirects ?? 3,
      allowAddress: limits.allowAddress ?? isPublicAddress,
      lookup: limits.lookup ?? ((host) => systemLookup(host, { all: true, verbatim: true })),
    };
  }

  /**
   * The bytes behind a URL.
   *
   * @throws LimnError USAGE for a URL that may not be fetched: another scheme, user names, an address that is not public, on any hop;
   * DATA for an answer other than 200, one that is too large, too slow, compressed, or too many redirects; INTERRUPTED
   */
  async fetch(
    url: string,
    {
      signal,
    }: {
      /** Stops the work when it fires; it then fails with INTERRUPTED. */
      signal?: AbortSignal | undefined;
    } = {},
  ): Promise<Fetched> {
    throwIfAborted(signal, 'fetching a picture');
    const timeout = AbortSignal.timeout(this.limits.timeout);
    const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
    let at = url;
    try {
      for (let hop = 0; hop <= this.limits.redirects; hop++) {
        const answer = await this.hop(at, either);
        if ('bytes' in answer) return { bytes: answer.bytes, url: at };
        at = answer.location;
      }
    } catch (error) {
      if (LimnError.isInstance(error)) throw error;
      throwIfAborted(signal, 'fetching a picture');
      // What the lookup found wrong comes back as the cause of a failed connection.
      const cause = [error, (error as Error).cause].find((each) => LimnError.isInstance(each));
      if (cause) throw cause;
      const why = timeout.aborted ? `it took longer than ${this.limits.timeout / 1000} s` : messageOf(error);
      throw failure(url, why, error);
    }
    throw failure(url, `it goes through more than ${this.limits.redirects} redirects`);
  }

  /** Closes connections that are kept open. */
  async close(): Promise<void> {
    await this.agent?.destroy();
  }

  private async hop(url: string, signal: AbortSignal): Promise<{ bytes: Uint8Array } | { location: string }> {
    const parsed = this.checkUrl(url);
    // Most commands fetch nothing, and start without its hundred modules.
    const { Agent, request } = await import('undici');
    this.agent ??= new Agent({ connect: { lookup: this.checkedLookup, timeout: this.limits.timeout }, maxResponseSize: -1 });
    const { statusCode, headers, body } = await request(parsed, {
      dispatcher: this.agent,
      signal,
      headers: { accept: 'image/*,*/*;q=0.5', 'accept-encoding': 'identity', 'user-agent': 'limn' },
    });
    // A body that is not wanted is cut off; that it is, is no failure.
    const refuse = (why: string) => {
      body.on('error', () => {}).destroy();
      return failure(url, why);
    };
    if ([301, 302, 303, 307, 308].includes(statusCode)) {
      const { location } = headers;
      if (typeof location !== 'string' || !URL.canParse(location, url)) throw refuse('it redirects to an invalid address');
      body.on('error', () => {}).destroy();
      return { location: new URL(location, url).href };
    }
    if (statusCode !== 200) throw refuse(`the server answered ${statusCode}`);
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') throw refuse('the answer is compressed, which was not asked for');
    const { maxBytes } = this.limits;
    const tooLarge = `it is larger than ${maxBytes} bytes`;
    if (Number(headers['content-length'] ?? 0) > maxBytes) throw refuse(tooLarge);
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > maxBytes) throw failure(url, tooLarge);
      chunks.push(chunk);
    }
    return { bytes: new Uint8Array(Buffer.concat(chunks)) };
  }

  private checkUrl(url: string): URL {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) throw refused(url, 'only http:// and https:// are fetched');
    if (parsed.username || parsed.password) throw refused(url, 'it has a user name or password in it');
    // Connecting to an address that is written out needs no lookup, so it is checked here.
    const host = parsed.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) && !this.limits.allowAddress(host)) throw refused(url, `${host} is not on the public internet`);
    return parsed;
  }

  /** Finds a host's addresses for a connection; if one of them is not allowed, there is none. */
  private readonly checkedLookup: LookupFunction = (host, options, callback) => {
    this.limits.lookup(host).then(
      (found) => {
        const wrong = found.find(({ address }) => !this.limits.allowAddress(address));
        const [first] = found;
        if (wrong) callback(refused(host, `${wrong.address} is not on the public internet`), '', 0);
        else if (!first) callback(failure(host, 'it has no address'), '', 0);
        else if (options.all) callback(null, [...found]);
        else callback(null, first.address, first.family);
      },
      (error) => callback(error as NodeJS.ErrnoException, '', 0),
    );
  };
}

const refused = (url: string, why: string) =>
  new LimnError('USAGE', `limn does not fetch ${shown(url)}: ${why}. Give a public URL, or the picture itself.`);

const failure = (url: string, why: string, cause?: unknown) =>
  new LimnError('DATA', `Cannot fetch ${shown(url)}: ${why}. Check the URL.`, { cause });

/** A URL for messages: without user names, and not as long as its writer likes. */
function shown(url: string): string {
  const plain = url.replace(/\/\/[^/@]*@/, '//');
  return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain;
}
