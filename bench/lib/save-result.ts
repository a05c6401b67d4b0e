/** Where results of benches are written, and what stands beside every number. */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { benchFiles } from './bench-files.js';
import { machine } from './machine.js';
import { resultsFolder } from './results-folder.js';

const started = {
  date: new Date().toISOString(),
  command: [command(), ...process.argv.slice(2)].join(' '),
  machine: machine(),
};

/** Writes bench/results/NAME.json. @param file another place for it */
export async function saveResult(name: string, result: object, file = join(resultsFolder, `${name}.json`)): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `${JSON.stringify({ ...started, ...result }, null, 2)}\n`);
  console.log(`written to ${relative('', file)}`);
}

/** What runs this process's script. */
function command(): string {
  const file = basename(process.argv[1] ?? '', '.js');
  const name = Object.keys(benchFiles).find((each) => benchFiles[each] === file) ?? file;
  return `npm run bench -- ${name}`;
}
