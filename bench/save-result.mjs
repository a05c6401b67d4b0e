/** Where results of benches are written, and what stands beside every number. */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchFiles } from './files.mjs';
import { resultsFolder } from './results-folder.mjs';
import { machine } from './sides.mjs';

const started = {
  date: new Date().toISOString(),
  command: [command(), ...process.argv.slice(2)].join(' '),
  machine: machine(),
};

/** Writes bench/results/NAME.json. */
export async function saveResult(name, result) {
  const file = new URL(`${name}.json`, resultsFolder);
  await mkdir(resultsFolder, { recursive: true });
  await writeFile(file, `${JSON.stringify({ ...started, ...result }, null, 2)}\n`);
  console.log(`written to ${relative('', fileURLToPath(file))}`);
}

/** What runs this process's script. */
function command() {
  const file = basename(process.argv[1]);
  const name = Object.keys(benchFiles).find((each) => benchFiles[each] === file);
  return name ? `npm run bench -- ${name}` : `node bench/${file}`;
}
