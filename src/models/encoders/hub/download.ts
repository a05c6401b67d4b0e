/** One file from a hub to disk, resumed where it was cut and checked by its hash. */
import { open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { LimnError, messageOf, throwIfAborted } from '../../../core/errors.js';
import { type ContentHash, hasContent } from './content-hash.js';
import type { HubAnswer, HubClient, HubFile } from './hub-client.js';

export interface DownloadOptions {
  client: HubClient;
  repo: string;
  commit: string;
  file: HubFile;
  /** Where the bytes go. What is there already is taken for the beginning of the file. */
  part: string;
  /** Told the bytes on disk, now and then. */
  onBytes?: (bytes: number) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Downloads to `part` and returns when all of it is there, with the right hash. A connection that drops is taken up again where
 * it was; what stays behind after a failure is taken up by the next call, except content with a wrong hash, which is removed.
 *
 * @throws LimnError DATA for a wrong hash, IO, INTERRUPTED
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { part, file } = options;
  const resumed = (await sizeOf(part)) > 0;
  const hash = await fetchAll(options);
  if (!hash || (await hasContent(part, hash))) return forgetTag(part);
  await discard(part);
  // Perhaps the old beginning and the new end are of two files: once more, from the start.
  if (resumed) return download(options);
  throw new LimnError(
    'DATA',
    `${file.path} of ${options.repo} came with the wrong hash (not ${hash.value}) and was removed: try again, or another mirror.`,
    { details: { path: file.path, expected: hash.value } },
  );
}

async function fetchAll({
  client,
  repo,
  commit,
  file,
  part,
  onBytes,
  signal,
}: DownloadOptions): Promise<ContentHash | undefined> {
  const url = client.fileUrl(repo, commit, file.path);
  let failures = 0;
  let hash = file.hash;
  for (;;) {
    throwIfAborted(signal, `downloading ${file.path}; run the command again to resume`);
    let have = await sizeOf(part);
    if (file.size !== undefined && have > file.size) {
      await discard(part);
      have = 0;
    }
    if (have > 0 && have === file.size) return hash;
    const answer = await client.get(url, await rangeHeaders(part, have), { repo, revision: commit, path: file.path });
    hash ??= answer.hash;
    if (answer.status === 416 || (answer.status === 206 && rangeStart(answer) !== have)) {
      answer.body.destroy();
      await discard(part);
      if (++failures >= client.attempts) throw new LimnError('IO', `${url} answers with the wrong range. Try another mirror.`);
      continue;
    }
    let ended: { total: number; dropped: unknown };
    try {
      ended = await write(answer, part, answer.status === 206 ? have : 0, onBytes);
    } catch (error) {
      throw diskError(part, error);
    }
    throwIfAborted(signal, `downloading ${file.path}; run the command again to resume`);
    const { total, dropped } = ended;
    if (!dropped && (file.size === undefined || total === file.size)) return hash;
    if (!dropped && total > (file.size as number)) {
      await discard(part);
      throw new LimnError('DATA', `${file.path} of ${repo} is ${total} bytes, not ${file.size}. Try another mirror.`);
    }
    // Only tries that bring nothing count, however often a long download is cut.
    failures = total > have ? 1 : failures + 1;
    if (failures >= client.attempts) {
      const reason = dropped ? messageOf(dropped) : `it ends after ${total} bytes of ${file.size}`;
      throw new LimnError(
        'IO',
        `The download of ${url} was interrupted: ${reason}. What arrived is kept; run the command again to resume.`,
      );
    }
    await client.pause(failures);
  }
}

/** Writes an answer from `start` on. The result tells why it ended early, if it did; an error thrown is one of the disk. */
async function write(
  { body, headers, status }: HubAnswer,
  part: string,
  start: number,
  onBytes?: (bytes: number) => void,
): Promise<{ total: number; dropped: unknown }> {
  const file = await open(part, start > 0 ? 'r+' : 'w');
  let total = start;
  try {
    if (status !== 206) await rememberTag(part, headers.etag);
    const chunks = body[Symbol.asyncIterator]();
    for (;;) {
      let next: IteratorResult<unknown>;
      try {
        next = await chunks.next();
      } catch (dropped) {
        return { total, dropped };
      }
      if (next.done) break;
      const chunk = next.value as Uint8Array;
      await writeAll(file, chunk, total);
      total += chunk.length;
      onBytes?.(total);
    }
    await file.sync();
    return { total, dropped: undefined };
  } finally {
    body.destroy();
    await file.close();
  }
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const { bytesWritten } = await file.write(chunk, at, chunk.length - at, position + at);
    at += bytesWritten;
  }
}

/** The tag of what a part is the beginning of lies beside it: If-Range then gives the whole of a file that has changed. */
const tagFile = (part: string) => `${part}.etag`;

async function rememberTag(part: string, etag: string | undefined): Promise<void> {
  if (etag?.startsWith('"')) await writeFile(tagFile(part), etag);
  else await forgetTag(part);
}

async function rangeHeaders(part: string, have: number): Promise<Record<string, string>> {
  if (have === 0) return {};
  const etag = await readFile(tagFile(part), 'utf8').catch(() => '');
  return { range: `bytes=${have}-`, ...(etag ? { 'if-range': etag } : {}) };
}

function rangeStart({ headers }: HubAnswer): number {
  return Number(/^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1] ?? Number.NaN);
}

const forgetTag = (part: string) => rm(tagFile(part), { force: true });

async function discard(part: string): Promise<void> {
  await rm(part, { force: true });
  await forgetTag(part);
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

function diskError(path: string, error: unknown): unknown {
  if (LimnError.isInstance(error)) return error;
  const full = (error as NodeJS.ErrnoException).code === 'ENOSPC';
  const message = full
    ? `The disk is full: ${path} cannot be written on. Make room or set LIMN_HOME to another disk, then run the command again to resume.`
    : `Cannot write ${path}: ${messageOf(error)}. Check your rights to the folder, or set LIMN_HOME to another one.`;
  return new LimnError('IO', message, { details: { path }, cause: error });
}
