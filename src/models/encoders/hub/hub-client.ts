/**
 * Requests to a model hub (huggingface.co, or a mirror with the same addresses): proxies, tokens, redirects, retries.
 *
 * Proxies are those of HTTPS_PROXY, HTTP_PROXY and NO_PROXY. The token goes to the hub itself and to no host that it redirects to.
 */
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { LimnError, messageOf, throwIfAborted } from '../../../core/errors.js';
import { withoutTrailing } from '../../../core/text.js';
import { decodeText } from '../../../core/text-file.js';
import { type ContentHash, hashOfEtag } from './content-hash.js';
import { retryAfter, type Subject, statusError, unreachable } from './hub-errors.js';

/** Which hub is used, and how. */
export interface HubOptions {
  /** Where the hub is. @default `LIMN_HUB_ENDPOINT`, `HF_ENDPOINT` or https://huggingface.co */
  mirror?: string | undefined;
  /** An access token, for repositories that need one. @default `HF_TOKEN` */
  token?: string | undefined;
  /** Tries before a request, or a download that stands still, is given up. @default 5 */
  attempts?: number | undefined;
  /** The pause after the first failure; it doubles with each. @default 1000 */
  retryDelayMs?: number | undefined;
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
}

export interface HubFile {
  path: string;
  /** In bytes. */
  size?: number;
  hash?: ContentHash;
}

export interface HubAnswer {
  status: number;
  headers: Record<string, string | undefined>;
  body: Readable;
  /** What the hub, before it redirected, says the content is. */
  hash?: ContentHash;
}

const listing = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/, 'is not a commit'),
  siblings: z.array(
    z.object({
      rfilename: z.string().min(1),
      size: z.number().nullish(),
      blobId: z.string().nullish(),
      lfs: z.object({ sha256: z.string(), size: z.number() }).partial().nullish(),
    }),
  ),
});

const mostRedirects = 10;
/** A hub that asks for a longer pause than this is not waited for. */
const longestWaitSeconds = 300;

export class HubClient {
  readonly endpoint: string;
  readonly attempts: number;
  private readonly token: string | undefined;
  private readonly retryDelayMs: number;
  private readonly signal: AbortSignal | undefined;
  /** Made at the first request. */
  private dispatcher: Dispatcher | undefined;

  /** @throws LimnError USAGE for a mirror that is no web address */
  constructor(options: HubOptions = {}) {
    const { LIMN_HUB_ENDPOINT, HF_ENDPOINT, HF_TOKEN } = process.env;
    this.endpoint = checkedEndpoint(options.mirror || LIMN_HUB_ENDPOINT || HF_ENDPOINT || 'https://huggingface.co');
    this.token = options.token || HF_TOKEN || undefined;
    this.attempts = options.attempts ?? 5;
    this.retryDelayMs = options.retryDelayMs ?? 1000;
    this.signal = options.signal;
  }

  /**
   * The files of a repository, and the commit that a revision stands for.
   *
   * @param revision a branch, a tag or a commit
   * @throws LimnError IO, DATA, INTERRUPTED; a repository or revision that is not there is DATA
   */
  async list(repo: string, revision: string): Promise<{ commit: string; files: HubFile[] }> {
    const url = `${this.endpoint}/api/models/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`;
    const answer = await this.get(url, {}, { repo, revision });
    const parsed = listing.safeParse(await readJsonBody(answer.body, url));
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new LimnError(
        'DATA',
        `${url} does not list a repository: ${issue?.path.join('.') || 'the answer'}: ${issue?.message}. Is it a mirror of the Hub?`,
      );
    }
    const files = parsed.data.siblings.map(({ rfilename, size, blobId, lfs }): HubFile => {
      const hash = lfs?.sha256 ? hashOfEtag(lfs.sha256) : hashOfEtag(blobId ?? undefined);
      const bytes = lfs?.size ?? size ?? undefined;
      return { path: rfilename, ...(bytes === undefined ? {} : { size: bytes }), ...(hash ? { hash } : {}) };
    });
    return { commit: parsed.data.sha, files };
  }

  /** The address of a file at a commit. */
  fileUrl(repo: string, commit: string, path: string): string {
    return `${this.endpoint}/${repo}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
  }

  /**
   * One GET, repeated while the hub is busy or out of reach. Answers other than 2xx and 416 are errors.
   *
   * @param about what is asked for, for error messages
   */
  async get(url: string, headers: Record<string, string>, about: Subject): Promise<HubAnswer> {
    for (let attempt = 1; ; attempt++) {
      let failure: LimnError;
      let waitSeconds: number | undefined;
      try {
        const answer = await this.follow(url, headers);
        if ((answer.status >= 200 && answer.status < 300) || answer.status === 416) return answer;
        const { status } = answer;
        const refs = status === 404 && about.path === undefined ? await this.refsOf(about.repo) : [];
        answer.body.destroy();
        failure = statusError(url, answer, about, this, refs);
        if (status !== 429 && status < 500) throw failure;
        waitSeconds = retryAfter(answer.headers['retry-after']);
        if (waitSeconds !== undefined && waitSeconds > longestWaitSeconds) throw failure;
      } catch (error) {
        if (LimnError.isInstance(error)) throw error;
        throwIfAborted(this.signal, `asking ${url}`);
        failure = unreachable(url, error);
      }
      if (attempt >= this.attempts) throw failure;
      await this.pause(attempt, waitSeconds);
    }
  }

  /** Waits before another try: as long as the hub asks for, else twice as long each time. */
  async pause(attempt: number, seconds?: number): Promise<void> {
    const ms = seconds === undefined ? this.retryDelayMs * 2 ** (attempt - 1) : seconds * 1000;
    await sleep(ms, undefined, this.signal ? { signal: this.signal } : {}).catch(() => {});
    throwIfAborted(this.signal, 'waiting for the hub');
  }

  get hasToken(): boolean {
    return this.token !== undefined;
  }

  /** Closes connections that are kept open. */
  async close(): Promise<void> {
    await this.dispatcher?.close();
  }

  private async follow(first: string, headers: Record<string, string>): Promise<HubAnswer> {
    // Most commands ask no hub, and start without its hundred modules.
    const { EnvHttpProxyAgent, request } = await import('undici');
    this.dispatcher ??= new EnvHttpProxyAgent({ connectTimeout: 30_000 });
    let url = new URL(first);
    const { origin } = url;
    let trusted = true;
    let hash: ContentHash | undefined;
    for (let hop = 0; hop <= mostRedirects; hop++) {
      trusted &&= url.origin === origin;
      const answer = await request(url, {
        dispatcher: this.dispatcher,
        headers: {
          ...headers,
          'user-agent': 'limn',
          'accept-encoding': 'identity',
          ...(trusted && this.token ? { authorization: `Bearer ${this.token}` } : {}),
        },
        ...(this.signal ? { signal: this.signal } : {}),
      });
      // A body that is thrown away reports that as an error.
      answer.body.on('error', () => {});
      const received: Record<string, string | undefined> = {};
      for (const [name, value] of Object.entries(answer.headers)) received[name] = Array.isArray(value) ? value[0] : value;
      if (trusted) hash ??= hashOfEtag(received['x-linked-etag']) ?? hashOfEtag(received.etag);
      const { location } = received;
      if (![301, 302, 303, 307, 308].includes(answer.statusCode) || !location) {
        return { status: answer.statusCode, headers: received, body: answer.body, ...(hash ? { hash } : {}) };
      }
      await answer.body.dump();
      url = new URL(location, url);
    }
    throw new LimnError('IO', `${first} redirects more than ${mostRedirects} times. Try another mirror.`);
  }

  /** Branches and tags, as far as the hub tells. */
  private async refsOf(repo: string): Promise<string[]> {
    const answer = await this.follow(`${this.endpoint}/api/models/${repo}/refs`, {}).catch(() => undefined);
    if (answer?.status !== 200) {
      answer?.body.destroy();
      return [];
    }
    const named = z.array(z.object({ name: z.string() })).catch([]);
    const refs = z.object({ branches: named, tags: named }).safeParse(await readJsonBody(answer.body, 'refs').catch(() => ({})));
    return refs.success ? [...refs.data.branches, ...refs.data.tags].map(({ name }) => name) : [];
  }
}

function checkedEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return withoutTrailing(text, '/');
  throw new LimnError('USAGE', `"${text}" is not the address of a hub: give one such as https://huggingface.co.`);
}

async function readJsonBody(body: Readable, url: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of body) chunks.push(chunk as Buffer);
    return JSON.parse(decodeText(Buffer.concat(chunks), url));
  } catch (error) {
    throw new LimnError('DATA', `${url} did not answer with JSON: ${messageOf(error)}. Is it a mirror of the Hub?`, {
      cause: error,
    });
  }
}
