/**
 * Keeps the results of an experiment's finished runs in the repository, so that its table can be made again, and go on, elsewhere:
 *
 *     node scripts/keep-results.mjs runs/NAME     copies each result.json to experiments/NAME/results, without the examples, which quote the dataset
 *     cp -r experiments/NAME/results/. runs/NAME  before "limn experiment run FILE": these runs count as done
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';

const [from] = process.argv.slice(2);
if (!from) {
  console.error('Say which folder: node scripts/keep-results.mjs runs/NAME');
  process.exit(2);
}
const names = await readdir(join(from, 'runs'), { recursive: true });
const found = names.filter((name) => /(^|\/)seed-\d+\/result\.json$/.test(name));
for (const name of found) {
  // The checksum is of the result with its examples.
  const { checksum: _, ...result } = JSON.parse(await readFile(join(from, 'runs', name), 'utf8'));
  const to = join('experiments', basename(from), 'results', 'runs', name);
  await mkdir(dirname(to), { recursive: true });
  await writeFile(to, `${JSON.stringify({ ...result, examples: [] })}\n`);
}
console.log(`${found.length} results of ${relative('.', from)} are in experiments/${basename(from)}/results`);
