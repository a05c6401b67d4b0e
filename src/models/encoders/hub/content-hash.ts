/** The two hashes by which a hub names content: SHA-256 for large files, git's blob id for small ones. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { streamRegularFile } from '../../../core/regular-file.js';

export interface ContentHash {
  kind: 'sha256' | 'git-blob';
  /** Hexadecimal, lower case. */
  value: string;
}

/** The hash that an entity tag is; undefined for tags of other kinds. */
export function hashOfEtag(etag: string | undefined): ContentHash | undefined {
  const value = etag?.replace(/^W\//, '').replaceAll('"', '').toLowerCase() ?? '';
  if (/^[0-9a-f]{64}$/.test(value)) return { kind: 'sha256', value };
  return /^[0-9a-f]{40}$/.test(value) ? { kind: 'git-blob', value } : undefined;
}

/** Whether a file has the content that a hash names. */
export async function hasContent(path: string, { kind, value }: ContentHash): Promise<boolean> {
  const hash = createHash(kind === 'sha256' ? 'sha256' : 'sha1');
  if (kind === 'git-blob') hash.update(`blob ${(await stat(path)).size}\0`);
  for await (const piece of streamRegularFile(path)) hash.update(piece);
  return hash.digest('hex') === value;
}
