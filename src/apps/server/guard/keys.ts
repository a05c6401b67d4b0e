/**
 * API keys. A key is 256 random bits, so nobody guesses it from its hash, and SHA-256 is enough: a slow hash such as scrypt protects
 * words that people choose, and would let strangers make the server compute with every wrong key they send.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { sealed, unsealed } from '../../../core/checksum.js';
import { LimnError, messageOf } from '../../../core/errors.js';
import { writeFileAtomic } from '../../../core/files.js';
import { sweepTemporary } from '../../../core/leftovers.js';
import { holderOf, takeLock } from '../../../core/lock.js';
import { readRegularFile } from '../../../core/regular-file.js';
import { decodeText } from '../../../core/text-file.js';

export const scopes = ['read', 'write'] as const;
/** `write` may do all that `read` may. */
export type Scope = (typeof scopes)[number];

const keyEntry = z.strictObject({
  /** The part of the key that names it, also in logs. */
  id: z.string().regex(/^[0-9a-f]{8}$/),
  scope: z.enum(scopes),
  /** SHA-256 of the whole key, in hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** When it was made, in ISO 8601. */
  created: z.string(),
  note: z.string().optional(),
});
const keyFile = z.strictObject({ format: z.literal('limn-keys-1'), keys: z.array(keyEntry) });

export type KeyEntry = z.output<typeof keyEntry>;

const keyPattern = /^limn_([0-9a-f]{8})_[A-Za-z0-9_-]{43}$/;
const hashOf = (key: string) => createHash('sha256').update(key).digest();

/** The keys of a file. @throws LimnError CONFIG for a file that is missing, damaged or no key file */
export async function readKeys(path: string): Promise<KeyEntry[]> {
  let bytes: Uint8Array;
  try {
    bytes = await readRegularFile(path);
  } catch (error) {
    const advice = 'Make one with "limn serve keys add".';
    throw new LimnError('CONFIG', `Cannot read the keys in ${path}: ${messageOf(error)}. ${advice}`, { cause: error });
  }
  try {
    return keyFile.parse(unsealed(JSON.parse(decodeText(bytes, path)), path)).keys;
  } catch (error) {
    if (LimnError.isInstance(error)) throw new LimnError('CONFIG', error.message, { details: { path }, cause: error });
    // Without the cause's words: they may quote the file.
    const message = `${path} is not a file of keys. Make one with "limn serve keys add".`;
    throw new LimnError('CONFIG', message, { details: { path }, cause: error });
  }
}

/** Makes a key and adds its hash to the file, which is made where there is none. @returns the key, which is kept nowhere */
export async function addKey(path: string, scope: Scope, note?: string): Promise<{ key: string; entry: KeyEntry }> {
  const id = randomBytes(4).toString('hex');
  const key = `limn_${id}_${randomBytes(32).toString('base64url')}`;
  const entry: KeyEntry = {
    id,
    scope,
    sha256: hashOf(key).toString('hex'),
    created: new Date().toISOString(),
    ...(note ? { note } : {}),
  };
  await changeKeys(path, (keys) => {
    if (keys.some((known) => known.id === id))
      throw new LimnError('IO', 'The new key has the name of an old one by chance: try again.');
    return [...keys, entry];
  });
  return { key, entry };
}

/** Takes a key away; servers that run notice within a second. @throws LimnError USAGE where there is none of that id */
export async function removeKey(path: string, id: string): Promise<void> {
  await readKeys(path);
  await changeKeys(path, (keys) => {
    const left = keys.filter((key) => key.id !== id);
    if (left.length < keys.length) return left;
    const known = keys.map((key) => key.id).join(', ') || 'none';
    throw new LimnError('USAGE', `There is no key ${JSON.stringify(id)} in ${path}. Known are ${known}.`);
  });
}

/** Rewrites the file, one change at a time across processes. */
async function changeKeys(path: string, change: (keys: KeyEntry[]) => KeyEntry[]): Promise<void> {
  const lock = `${path}.lock`;
  const held = await takeLock(lock);
  if (!held) {
    const { pid, host } = await holderOf(lock);
    const holder = pid === undefined ? 'another command' : `process ${pid}${host === hostname() ? '' : ` on ${host}`}`;
    const advice = `Try again when it has ended; remove ${lock} if it is not running.`;
    throw new LimnError('IO', `Cannot change the keys in ${path}: ${holder} is changing them. ${advice}`, { details: { lock } });
  }
  try {
    await sweepTemporary(dirname(path), { of: `${basename(path)}.` });
    const exists = await stat(path).then(
      () => true,
      () => false,
    );
    const keys = change(exists ? await readKeys(path) : []);
    await writeFileAtomic(path, `${JSON.stringify(sealed({ format: 'limn-keys-1', keys }), undefined, 2)}\n`);
    await chmod(path, 0o600);
  } finally {
    await held.release();
  }
}

/** The keys of a running server, which follow their file: a key that was taken away stops working within a second. */
export class KeyRing {
  private keys: readonly KeyEntry[] = [];
  private version = '';
  private checked = Number.NEGATIVE_INFINITY;

  private constructor(
    private readonly path: string,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** @param onError told when the file cannot be read later; the keys stay as they were */
  static async open(path: string, onError: (error: unknown) => void = () => {}): Promise<KeyRing> {
    const ring = new KeyRing(path, onError);
    ring.version = await versionOf(path);
    ring.keys = await readKeys(path);
    ring.checked = performance.now();
    return ring;
  }

  /** The entry of a key; undefined for anything else. Takes as long for a wrong key as for a right one of a known name. */
  async find(key: string): Promise<KeyEntry | undefined> {
    await this.refresh();
    const id = keyPattern.exec(key)?.[1];
    const entry = this.keys.find((known) => known.id === id);
    const expected = entry ? Buffer.from(entry.sha256, 'hex') : Buffer.alloc(32);
    const equal = timingSafeEqual(hashOf(key.slice(0, 256)), expected);
    return equal ? entry : undefined;
  }

  private async refresh(): Promise<void> {
    const now = performance.now();
    if (now - this.checked < 1000) return;
    this.checked = now;
    try {
      const version = await versionOf(this.path);
      if (version === this.version) return;
      this.keys = await readKeys(this.path);
      this.version = version;
    } catch (error) {
      this.onError(error);
    }
  }
}

async function versionOf(path: string): Promise<string> {
  const state = await stat(path).catch(() => undefined);
  return state ? `${state.mtimeMs} ${state.size} ${state.ino}` : 'none';
}
