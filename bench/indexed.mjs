/**
 * Indexed search: LanceDB as limn uses it against FAISS's inverted lists of whole vectors, in turns, each in a process of its own.
 *
 *     npm run bench -- indexed [-- --count 1000000]     needs faiss in $LIMN_PYTHON or python3; without it: --limn-only
 *
 * FAISS looks at as few lists as give it limn's recall@10, which is against limn's exact search. Both get the same vectors and the same
 * number of threads; FAISS has all of its vectors in memory, LanceDB on the disk. Results go to bench/results/indexed.json.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { saveResult } from './save-result.mjs';
import { queries, searchFlags, timesRow } from './search-race.mjs';
import { startNode, startPython, takeTurns } from './sides.mjs';
import { kinds, width, writeVectors } from './vectors.mjs';

const { count, threads, turns, limnOnly } = searchFlags(1_000_000);
const folder = await mkdtemp(join(tmpdir(), 'limn-bench-indexed-'));

/** The part of the ten nearest that is found. */
const recallOf = (found, nearest) =>
  Number((found.flatMap((ids, q) => ids.filter((id) => nearest[q].includes(id))).length / nearest.flat().length).toFixed(4));

const sides = [];
try {
  const file = join(folder, 'vectors.f32');
  // The gallery's vectors and behind them the queries.
  await writeVectors(file, kinds.spread(), count + queries);
  const options = { file, count, queries, width, threads };
  const exact = await startNode('exact search', 'exact-side.mjs', options);
  const nearest = exact.ready.found;
  await exact.end();
  sides.push(await startNode('limn', 'exact-side.mjs', { ...options, kind: 'lancedb', optimise: true }));
  const recall = { limn: recallOf(sides[0].ready.found, nearest), faiss: null };
  if (!limnOnly) {
    const truth = join(folder, 'nearest.json');
    await writeFile(truth, JSON.stringify(nearest));
    sides.push(await startPython('FAISS', 'indexed_search.py', { ...options, nearest: truth, recall: recall.limn }));
    recall.faiss = recallOf(sides[1].ready.found, nearest);
  }
  const results = await takeTurns(sides, turns);
  console.table(
    results.map((result, i) => ({
      side: sides[i].name,
      'recall@10': Object.values(recall)[i],
      ...timesRow(result),
    })),
  );
  const [limn, faiss = null] = results;
  const ratio = faiss && Number((limn.milliseconds.median / faiss.milliseconds.median).toFixed(3));
  const { lists, looked } = sides[1]?.ready ?? {};
  if (faiss) console.log(`limn takes ${ratio} times FAISS's time, which looks at ${looked} of ${lists} lists`);
  await saveResult('indexed', { options: { count, width, threads }, ratio, recall, lists, looked, limn, faiss });
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
} finally {
  // Those that wait for one that did not start.
  for (const side of sides) await side.end();
  await rm(folder, { recursive: true });
}
