/** Where results of benches are written, and what stands beside every number. */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { machine } from './sides.mjs';

/** LIMN_BENCH_RESULTS is another folder for them, as for tries whose numbers are not to be kept. */
const elsewhere = process.env.LIMN_BENCH_RESULTS;
export const resultsFolder = elsewhere ? pathToFileURL(join(elsewhere, '/')) : new URL('./results/', import.meta.url);

const started = {
  date: new Date().toISOString(),
  command: [
    `npm run bench:${basename(process.argv[1], '.mjs')}`,
    ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : []),
  ].join(' '),
  machine: machine(),
};

/** Writes bench/results/NAME.json. */
export async function saveResult(name, result) {
  await mkdir(resultsFolder, { recursive: true });
  await writeFile(new URL(`${name}.json`, resultsFolder), `${JSON.stringify({ ...started, ...result }, null, 2)}\n`);
  console.log(`written to ${elsewhere ?? 'bench/results'}/${name}.json`);
}
