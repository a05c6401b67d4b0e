/** Where results of benches are written, and what stands beside every number. */
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resultsFolder } from './results-folder.mjs';
import { machine } from './sides.mjs';

const started = {
  date: new Date().toISOString(),
  command: [command(), ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
  machine: machine(),
};

/** Writes bench/results/NAME.json. */
export async function saveResult(name, result) {
  const file = new URL(`${name}.json`, resultsFolder);
  await mkdir(resultsFolder, { recursive: true });
  await writeFile(file, `${JSON.stringify({ ...started, ...result }, null, 2)}\n`);
  console.log(`written to ${relative('', fileURLToPath(file))}`);
}

/** What runs this process's script: package.json's name for it, where it has one. */
function command() {
  const script = `node bench/${basename(process.argv[1])}`;
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const name = Object.keys(scripts).find((each) => scripts[each].endsWith(script));
  return name ? `npm run ${name}` : script;
}
