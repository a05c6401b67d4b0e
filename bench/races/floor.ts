/**
 * What the machine can at most: the matrix products of its runtime, and reading its memory.
 *
 *     npm run bench -- floor [-- --threads 2 --sizes 512,1024,2048,3072]
 *
 * Products are ONNX Runtime's own, of square float32 matrices; reading is libc's search for a byte that is not there. The best of all
 * turns counts, as nothing below can go faster than that. Results go to bench/results/floor.json.
 */

import { parseArgs } from 'node:util';
import { reportFailure } from '../lib/report-failure.js';
import { saveResult } from '../lib/save-result.js';
import { type Side, startNode, takeTurns } from '../lib/sides.js';

const { values: flags } = parseArgs({
  options: {
    threads: { type: 'string', default: '2' },
    sizes: { type: 'string', default: '512,1024,2048,3072' },
    mebibytes: { type: 'string', default: '512' },
    rounds: { type: 'string', default: '6' },
    steps: { type: 'string', default: '4' },
  },
});
const [threads, mebibytes] = [Number(flags.threads), Number(flags.mebibytes)];
const [rounds, steps] = [Number(flags.rounds), Number(flags.steps)];
const sizes = flags.sizes.split(',').map(Number);
const bytes = mebibytes * 2 ** 20;
/** A billion operations, or bytes, a second. */
const perSecond = (work: number, milliseconds: number) => Number((work / milliseconds / 1e6).toFixed(1));

const sides: Side[] = [];
try {
  for (const size of sizes) sides.push(await startNode(`product of ${size}`, 'product-side', { size, threads }));
  sides.push(await startNode('reading', 'reading-side', { count: bytes / 4, width: 1, threads }));
  const results = await takeTurns(sides, { rounds, steps, warmup: 2 });
  const reading = results.at(-1)!;
  const products = sizes.map((size, i) => {
    const { min, median } = results[i]!.milliseconds;
    return { size, gigaflops: perSecond(2 * size ** 3, min), medianGigaflops: perSecond(2 * size ** 3, median) };
  });
  const peak = products.reduce((best, one) => (one.gigaflops > best.gigaflops ? one : best));
  console.table(products);
  const floor = { gigaflops: peak.gigaflops, gigabytesPerSecond: perSecond(bytes, reading.milliseconds.min) };
  console.log(`products: ${floor.gigaflops} GFLOP/s (${peak.size}); reading: ${floor.gigabytesPerSecond} GB/s`);
  await saveResult('floor', {
    options: { threads, mebibytes },
    ...floor,
    products,
    medianGigabytesPerSecond: perSecond(bytes, reading.milliseconds.median),
  });
} catch (error) {
  reportFailure(error);
} finally {
  // Those that wait for one that did not start.
  for (const side of sides) await side.end();
}
