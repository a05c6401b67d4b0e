/** The store of examples/ passes the suite that every store must pass. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { storeConformance } from '../src/search/store/testing/index.js';

const { default: store } = await import(resolve(import.meta.dirname, '../examples/own-store.js'));

let folder: string;
let made = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-own-store-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

storeConformance('own store', { store, location: () => `json:${join(folder, `${++made}.json`)}` });
