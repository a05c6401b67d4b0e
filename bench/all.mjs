/**
 * All races of limn one after another, each with the least time that this machine could take, as one table.
 *
 *     npm run bench                    everything; needs torch and faiss in $LIMN_PYTHON or python3 for its rivals
 *     npm run bench -- --only a,c      some rows; the others from their last results
 *     npm run bench -- --table         no measuring: the table of the last results
 *     npm run bench -- --quick         every row in a few rounds, to see that it runs; leaves results and table alone
 *
 * The table goes to stdout, into bench/results/all.json, and into docs/speed.md between its markers.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benches, columns } from './benches.mjs';
import { collect } from './collect.mjs';
import { resultsFolder } from './results-folder.mjs';
import { hasPython, runBench } from './run-bench.mjs';
import { growthTable, speedTable, underTable, withTable } from './table.mjs';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    table: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});
const page = new URL('../docs/speed.md', import.meta.url);
const all = new URL('all.json', resultsFolder);

/** The rows to run. @throws for one that is none */
function chosenRows() {
  const known = [...new Set([...benches.map(({ row }) => row), ...Object.keys(columns)])].sort();
  const wanted = flags.only?.split(',') ?? known;
  const unknown = wanted.find((row) => !known.includes(row));
  if (unknown !== undefined) throw new Error(`there is no row "${unknown}": rows are ${known.join(', ')}`);
  return wanted;
}

/** Runs benches in turn. @returns why those that failed did, by their results' names */
async function measure(rows, folder) {
  const started = performance.now();
  const clock = () => new Date(performance.now() - started).toISOString().slice(11, 19);
  const say = (text) => process.stderr.write(`${clock()} ${text}\n`);
  const failed = {};
  for (const row of rows) if (columns[row]) say(`${row}: ${columns[row]}`);
  const chosen = benches.filter(({ row }) => rows.includes(row));
  const floor = {
    row: '',
    title: "the machine's floor",
    npm: 'floor',
    args: [],
    quick: ['--rounds', '1', '--steps', '1'],
    result: 'floor',
  };
  for (const bench of [floor, ...chosen]) {
    const lacks = bench.needs && !hasPython(bench.needs);
    const args = [...bench.args, ...(flags.quick ? bench.quick : []), ...(lacks && bench.alone ? bench.alone : [])];
    if (lacks) say(`${bench.row} ${bench.title}: no ${bench.needs} in Python, so without this rival`);
    say(`${bench.row} ${bench.title} begins: npm run bench:${bench.npm} ${args.join(' ')}`.trim());
    const error = await runBench(bench.npm, args, { folder, waiting: () => say(`${bench.row} ${bench.title} runs`) });
    if (error) failed[bench.result] = error;
    say(`${bench.row} ${bench.title} ${error ? `failed: ${error}` : 'is done'}`);
  }
  return failed;
}

async function main() {
  const rows = chosenRows();
  const folder = flags.quick ? await mkdtemp(join(tmpdir(), 'limn-bench-quick-')) : undefined;
  const failed = flags.table ? {} : await measure(rows, folder);
  const from = folder ? new URL(`file://${folder}/`) : resultsFolder;
  const last = await readFile(all, 'utf8').then(JSON.parse, () => ({}));
  const measured = new Set(flags.table ? [] : benches.filter(({ row }) => rows.includes(row)).map(({ result }) => result));
  // What failed last time and was not tried again.
  const still = Object.fromEntries(Object.entries(last.failed ?? {}).filter(([name]) => !measured.has(name)));
  const report = await collect(from, { failed: { ...(folder ? {} : still), ...failed }, isQuick: flags.quick });
  const table = [speedTable(report.lines), ...(report.growth ? [growthTable(report.growth)] : []), underTable(report)].join(
    '\n\n',
  );
  process.stdout.write(`${table}\n`);
  if (folder) {
    await rm(folder, { recursive: true });
    return;
  }
  await writeFile(all, `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(page, withTable(await readFile(page, 'utf8'), table));
  process.stderr.write('written to bench/results/all.json and docs/speed.md\n');
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}
