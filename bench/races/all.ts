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
import { findAdapter } from '#limn/engine/runtime/adapter.js';
import { type Bench, type BenchRun, benches, columns, floor } from '../lib/benches.js';
import { collect } from '../lib/collect.js';
import { inCheckout } from '../lib/paths.js';
import { reportFailure } from '../lib/report-failure.js';
import { resultsFolder } from '../lib/results-folder.js';
import { hasPython, runBench } from '../lib/run-bench.js';
import { growthTable, speedTable, underTable, withTable } from '../lib/table.js';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    table: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
  },
});
const page = inCheckout('docs/speed.md');

/** The rows to run. @throws for one that is none */
function chosenRows() {
  const known = [...new Set([...benches.map(({ row }) => row), ...Object.keys(columns)])].sort();
  const wanted = flags.only?.split(',') ?? known;
  const unknown = wanted.find((row) => !known.includes(row));
  if (unknown !== undefined) throw new Error(`there is no row "${unknown}": rows are ${known.join(', ')}`);
  return wanted;
}

/** Runs benches in turn. @returns why those that failed did, by their results' names */
async function measure(rows: readonly string[], folder: string | undefined, hasGpu: boolean): Promise<Record<string, string>> {
  const started = performance.now();
  const clock = () => new Date(performance.now() - started).toISOString().slice(11, 19);
  const say = (text: string) => process.stderr.write(`${clock()} ${text}\n`);
  const failed: Record<string, string> = {};
  for (const row of rows) if (columns[row]) say(`${row}: ${columns[row]}`);
  const chosen = benches.filter(({ row }) => rows.includes(row));
  for (const bench of [floor, ...chosen] as (BenchRun & Partial<Bench>)[]) {
    const { row, title, npm, args: usual = [], quick, needs, canRunAlone = true, onGpu = false, result } = bench;
    const name = row ? `${row}: ${title}` : title;
    if (onGpu && !hasGpu) {
      say(`${name} is left out: there is no GPU adapter here`);
      continue;
    }
    const isAlone = needs !== undefined && canRunAlone && !hasPython(needs);
    const args = [...usual, ...(flags.quick ? quick : []), ...(isAlone ? ['--limn-only'] : [])];
    say(`${name} begins: npm run bench -- ${npm} ${args.join(' ')}`);
    const error = await runBench(npm, args, { folder, waiting: () => say(`${name} runs`) });
    if (error) failed[result] = error;
    say(`${name} ${error ? `failed: ${error}` : 'is done'}`);
  }
  return failed;
}

async function main() {
  if (flags.quick && flags.table) throw new Error('--quick keeps no results for --table: give one of them');
  const rows = chosenRows();
  const folder = flags.quick ? await mkdtemp(join(tmpdir(), 'limn-bench-quick-')) : undefined;
  const { found: hasGpu } = await findAdapter();
  const failed = flags.table ? {} : await measure(rows, folder, hasGpu);
  const report = await collect(folder ?? resultsFolder, { failed, hasGpu, isQuick: flags.quick });
  const table = [speedTable(report.lines), ...(report.growth ? [growthTable(report.growth)] : []), underTable(report)].join(
    '\n\n',
  );
  process.stdout.write(`${table}\n`);
  if (folder) {
    await rm(folder, { recursive: true });
    return;
  }
  await writeFile(join(resultsFolder, 'all.json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(page, withTable(await readFile(page, 'utf8'), table));
  process.stderr.write('written to bench/results/all.json and docs/speed.md\n');
}

try {
  await main();
} catch (error) {
  reportFailure(error);
}
