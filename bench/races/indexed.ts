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
import { reportFailure } from '../lib/report-failure.js';
import type { IndexedResult } from '../lib/results.js';
import { saveResult } from '../lib/save-result.js';
import { queries, searchFlags, timesRow } from '../lib/search-race.js';
import { type Measured, type Side, startNode, startPython, takeTurns } from '../lib/sides.js';
import { kinds, width, writeVectors } from '../lib/vectors.js';

const { count, threads, turns, limnOnly } = searchFlags(1_000_000);
const folder = await mkdtemp(join(tmpdir(), 'limn-bench-indexed-'));

/** The part of the ten nearest that is found. */
const recallOf = (found: readonly number[][], nearest: readonly number[][]) =>
  Number((found.flatMap((ids, q) => ids.filter((id) => nearest[q]!.includes(id))).length / nearest.flat().length).toFixed(4));

const sides: Side[] = [];
try {
  const file = join(folder, 'vectors.f32');
  // The gallery's vectors and behind them the queries.
  await writeVectors(file, kinds.spread(), count + queries);
  const options = { file, count, queries, width, threads };
  const exact = await startNode('exact search', 'exact-side', options);
  const nearest = exact.ready.found!;
  await exact.end();
  sides.push(await startNode('limn', 'exact-side', { ...options, kind: 'lancedb', optimise: true }));
  const recall: IndexedResult['recall'] = { limn: recallOf(sides[0]!.ready.found!, nearest), faiss: null };
  if (!limnOnly) {
    const truth = join(folder, 'nearest.json');
    await writeFile(truth, JSON.stringify(nearest));
    const faiss = await startPython('FAISS', 'indexed_search.py', { ...options, nearest: truth, recall: recall.limn });
    sides.push(faiss);
    recall.faiss = recallOf(faiss.ready.found!, nearest);
  }
  const results = await takeTurns(sides, turns);
  console.table(
    results.map((result, i) => ({
      side: sides[i]!.name,
      'recall@10': Object.values(recall)[i],
      ...timesRow(result),
    })),
  );
  const [limn, faiss = null] = results as [Measured, Measured?];
  const ratio = faiss && Number((limn.milliseconds.median / faiss.milliseconds.median).toFixed(3));
  const { lists, looked } = sides[1]?.ready ?? {};
  if (faiss) console.log(`limn takes ${ratio} times FAISS's time, which looks at ${looked} of ${lists} lists`);
  await saveResult('indexed', { options: { count, width, threads }, ratio, recall, lists, looked, limn, faiss });
} catch (error) {
  reportFailure(error);
} finally {
  // Those that wait for one that did not start.
  for (const side of sides) await side.end();
  await rm(folder, { recursive: true });
}
