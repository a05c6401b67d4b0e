/** limn's side of exact.mjs and indexed.mjs: a store of `kind`, with its index where `optimise` asks for one. */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createStore } from '../dist/search/store/open-store.js';
import { answerSteps } from './answer-steps.mjs';
import { storeInfo, vectorItems } from './store-items.mjs';

const { kind = 'memory', optimise = false, file, count, queries, width, threads } = JSON.parse(process.argv[2]);
const folder = await mkdtemp(join(tmpdir(), 'limn-bench-exact-'));
const store = await createStore(`${kind}:${folder}`, storeInfo(width), { threads });
const input = await open(file);
const read = async (from, rows) => {
  const data = new Float32Array(rows * width);
  await input.read(new Uint8Array(data.buffer), 0, data.byteLength, 4 * from * width);
  return data;
};
for (let from = 0; from < count; from += 10_000) {
  const rows = Math.min(10_000, count - from);
  await store.upsert(vectorItems(await read(from, rows), width, from));
}
if (optimise) await store.optimise();
const asked = await read(count, queries);
const search = (q) => store.search({ vector: asked.slice((q % queries) * width, ((q % queries) + 1) * width), limit: 10 });
const found = [];
for (let q = 0; q < queries; q++) found.push((await search(q)).map(({ item }) => Number(item.id)));
await answerSteps({ found }, search);
await store.close();
await rm(folder, { recursive: true });
