/** Where results are written: bench/results, or what LIMN_BENCH_RESULTS says for tries whose numbers are not to be kept. */
import { resolve } from 'node:path';
import { inCheckout } from './paths.js';

const elsewhere = process.env.LIMN_BENCH_RESULTS;

export const resultsFolder = elsewhere ? resolve(elsewhere) : inCheckout('bench/results');
