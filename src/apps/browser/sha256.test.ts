import { createHash } from 'node:crypto';
import { afterEach, expect, it, vi } from 'vitest';
import { plainSha256, sha256 } from './sha256.js';

afterEach(() => vi.unstubAllGlobals());

it('is SHA-256 for every length around a block, and for a part of a buffer', () => {
  const buffer = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251);
  for (const length of [...Array(200).keys(), 4096, 4999]) {
    const bytes = buffer.subarray(1, 1 + length);
    expect(Buffer.from(plainSha256(bytes)).toString('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
  }
});

it('is the same without the browser’s own, as on pages that came unencrypted', async () => {
  const before = await sha256('a dress, größer');
  vi.stubGlobal('crypto', {});
  expect(await sha256('a dress, größer')).toBe(before);
  expect(before).toBe(createHash('sha256').update('a dress, größer').digest('hex'));
});
