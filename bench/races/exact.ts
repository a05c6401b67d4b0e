/**
 * Exact search in memory: limn against FAISS's flat index and against reading as many bytes once, in turns, each in a process of its own.
 *
 *     npm run bench -- exact [-- --count 1000000]      needs faiss in $LIMN_PYTHON or python3; without it: --limn-only
 *
 * All get the same vectors and the same number of threads. "Reading" is libc's search for a byte that is not there, one thread a part.
 * The table and bench/results/exact-COUNT.json have a search's milliseconds; the ten best of all queries are compared, too.
 */

import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reportFailure } from '../lib/report-failure.js';
import { saveResult } from '../lib/save-result.js';
import { queries, searchFlags, timesRow } from '../lib/search-race.js';
import { type Measured, type Side, startNode, startPython, takeTurns } from '../lib/sides.js';
import { kinds, width, writeVectors } from '../lib/vectors.js';

const { count, threads, turns, limnOnly } = searchFlags(100_000);
const file = join(tmpdir(), `limn-bench-exact-${process.pid}.f32`);

const sides: Side[] = [];
try {
  // The gallery's vectors and behind them the queries.
  await writeVectors(file, kinds.spread(), count + queries);
  const options = { file, count, queries, width, threads };
  sides.push(await startNode('limn', 'exact-side', options), await startNode('reading', 'reading-side', options));
  if (!limnOnly) sides.push(await startPython('FAISS', 'flat_search.py', options));
  const [own, , faiss] = sides.map(({ ready }) => ready.found ?? []);
  const results = await takeTurns(sides, turns);
  const [limn, reading] = results as [Measured, Measured];
  console.table(
    results.map((result, i) => ({
      side: sides[i]!.name + (result.version ? ` ${result.version}` : ''),
      ...timesRow(result),
    })),
  );
  const ratio = Number((limn.milliseconds.median / reading.milliseconds.median).toFixed(3));
  console.log(`limn takes ${ratio} times as long as reading ${((count * width * 4) / 2 ** 20).toFixed(0)} MiB once`);
  const same = faiss && own!.filter((ids, q) => ids.every((id, i) => id === faiss[q]?.[i])).length / queries;
  if (same !== undefined)
    console.log(`the ten best are the same as FAISS's, and in its order, for ${Math.round(100 * same)} % of the queries`);
  const named = Object.fromEntries(results.map((result, i) => [sides[i]!.name.toLowerCase(), result]));
  await saveResult(`exact-${count}`, { options: { count, width, threads }, ratio, sameAsFaiss: same ?? null, ...named });
} catch (error) {
  reportFailure(error);
} finally {
  // Those that wait for one that did not start.
  for (const side of sides) await side.end();
  await rm(file, { force: true });
}
