/** limn's side of exact.ts and indexed.ts: a store of `kind`, with its index where `optimise` asks for one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStore } from 'limn/stores';
import { codesMade } from '../lib/codes-made.js';
import type { SearchOptions } from '../lib/search-race.js';
import { storeInfo, vectorItems } from '../lib/store-items.js';
import { readVectors } from '../lib/vectors.js';
import { answerSteps } from './answer-steps.js';
import { givenOptions } from './options.js';

export interface ExactSideOptions extends SearchOptions {
  /** @default memory */
  kind?: string;
  /** @default false */
  optimise?: boolean;
}

const { kind = 'memory', optimise = false, file, count, queries, width, threads } = givenOptions<ExactSideOptions>();
const folder = await mkdtemp(join(tmpdir(), 'limn-bench-exact-'));
const store = await createStore(`${kind}:${folder}`, storeInfo(width), { threads });
for (let from = 0; from < count; from += 10_000) {
  const rows = Math.min(10_000, count - from);
  await store.upsert(vectorItems(await readVectors(file, from, rows, width), width, from));
}
if (optimise) await store.optimise();
const asked = await readVectors(file, count, queries, width);
const search = (q: number) =>
  store.search({ vector: asked.slice((q % queries) * width, ((q % queries) + 1) * width), limit: 10 });
const found: number[][] = [];
for (let q = 0; q < queries; q++) found.push((await search(q)).map(({ item }) => Number(item.id)));
await codesMade(store);
await answerSteps({ found }, search);
await store.close();
await rm(folder, { recursive: true });
