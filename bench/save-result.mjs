/** Where results of benches are written, and what stands beside every number. */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { machine } from './sides.mjs';

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
  const folder = new URL('./results/', import.meta.url);
  await mkdir(folder, { recursive: true });
  await writeFile(new URL(`${name}.json`, folder), `${JSON.stringify({ ...started, ...result }, null, 2)}\n`);
  console.log(`written to bench/results/${name}.json`);
}
