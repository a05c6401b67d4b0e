/** The stores that limn ships: in memory, LanceDB, PostgreSQL with pgvector. */
import { readdir } from 'node:fs/promises';
import { LimnError, messageOf } from '../../core/errors.js';
import { defineStore } from './define-store.js';
import { hasManifest } from './memory/manifest.js';
import { MemoryStore } from './memory/memory-store.js';

export const memory = defineStore({
  id: 'memory',
  schemes: ['memory'],
  locations: 'memory:DIR',
  holds: hasManifest,
  open: (location, options) => MemoryStore.open(folderOf(location), options),
  create: (location, info, options) => MemoryStore.create(folderOf(location), info, options),
});

// What these need is loaded when they are first used: it may not be installed.
export const lancedb = defineStore({
  id: 'lancedb',
  schemes: ['lancedb', 's3', 'gs', 'az', 'db'],
  locations: 'lancedb:DIR, s3://, gs://, az:// and db://',
  manyWriters: true,
  // Each write is a file more, and each write has to look for its ids in all of them, until the gallery is optimised.
  optimiseEvery: 50_000,
  async holds(folder) {
    const names = await readdir(folder).catch((error) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new LimnError('GALLERY', `Cannot look for a gallery in ${folder}: ${messageOf(error)}.`, { cause: error });
    });
    return names.some((name) => name.endsWith('.lance'));
  },
  open: async (location, options) => (await import('./lancedb/lancedb-store.js')).LanceStore.open(location, options),
  create: async (location, info, options) =>
    (await import('./lancedb/lancedb-store.js')).LanceStore.create(location, info, options),
});

export const pgvector = defineStore({
  id: 'pgvector',
  schemes: ['postgres', 'postgresql'],
  locations: 'postgres://...?gallery=NAME',
  manyWriters: true,
  open: async (location, options) => (await import('./pgvector/pgvector-store.js')).PgStore.open(location, options),
  create: async (location, info, options) =>
    (await import('./pgvector/pgvector-store.js')).PgStore.create(location, info, options),
});

/** The folder of a location that is one. */
export function folderOf(location: string): string {
  return location.replace(/^(memory|lancedb):/, '').replace(/\?gallery=[^?]*$/, '');
}
