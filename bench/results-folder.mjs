/** Where results are written: bench/results, or what LIMN_BENCH_RESULTS says for tries whose numbers are not to be kept. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const elsewhere = process.env.LIMN_BENCH_RESULTS;

export const resultsFolder = elsewhere ? pathToFileURL(join(elsewhere, '/')) : new URL('./results/', import.meta.url);
