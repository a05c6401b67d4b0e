import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importPeer } from '../../core/peers.js';
import { createStore, kindOf, openStore } from './open-store.js';
import { infoOf, itemsOf } from './testing/items.js';

let root: string;
const at = (name: string) => join(root, name);
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-open-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('openStore', () => {
  it('knows a location by its scheme, or by what is in the folder', async () => {
    for (const [location, kind] of [
      ['memory:a', 'memory'],
      ['lancedb:a', 'lancedb'],
      ['s3://b/c', 'lancedb'],
      ['gs://b/c', 'lancedb'],
      ['az://b/c', 'lancedb'],
      ['db://b', 'lancedb'],
      ['postgres://h/d', 'pgvector'],
      ['postgresql://h/d', 'pgvector'],
      [at('none'), undefined],
    ])
      expect(await kindOf(location!)).toBe(kind);
    for (const kind of ['memory', 'lancedb'] as const) {
      const made = await createStore(`${kind}:${at(kind)}`, infoOf());
      await made.upsert(itemsOf(2));
      await made.close();
      expect(await kindOf(at(kind))).toBe(kind);
      const opened = await openStore(at(kind));
      expect(await opened.count()).toBe(2);
      await opened.close();
    }
  });

  it('makes a new gallery in a bare folder with LanceDB, where that is installed', async () => {
    await mkdir(at('new'));
    await (await createStore(at('new'), infoOf())).close();
    expect(await kindOf(at('new'))).toBe('lancedb');
    expect(existsSync(join(at('new'), 'gallery.lance'))).toBe(true);
  });

  it('refuses schemes that there are not, files, and galleries of another kind', async () => {
    const refused = expect.objectContaining({
      code: 'USAGE',
      message: expect.stringContaining('There is no store for mysql://'),
    });
    await expect(openStore('mysql://x/y')).rejects.toThrow(refused);
    await writeFile(at('file'), '');
    await expect(openStore(at('file'))).rejects.toThrow(expect.objectContaining({ code: 'GALLERY' }));
    await expect(openStore(at('none'))).rejects.toThrow(/There is no gallery in .*none\. Make one with "limn index/);
    await (await createStore(`memory:${at('other')}`, infoOf())).close();
    await expect(createStore(`lancedb:${at('other')}`, infoOf())).rejects.toThrow('a gallery of another kind (memory)');
  });

  it('names the packages that are not installed', async () => {
    const load = () => import('a-package-that-there-is-not' as string);
    await expect(importPeer('LanceDB', ['@lancedb/lancedb@0.37.1', 'apache-arrow@18.1.0'], load)).rejects.toThrow(
      expect.objectContaining({
        code: 'STORE',
        message: expect.stringContaining('Install it with "npm install @lancedb/lancedb@0.37.1 apache-arrow@18.1.0".'),
      }),
    );
  });
});
