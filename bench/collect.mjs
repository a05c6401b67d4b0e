/** The report of `npm run bench` from results that lie in a folder. */
import { readFile } from 'node:fs/promises';
import { benches } from './benches.mjs';
import { completed } from './table.mjs';

const read = (folder, name) => readFile(new URL(`${name}.json`, folder), 'utf8').then(JSON.parse, () => undefined);

/**
 * @param folder URL of the results
 * @param options.failed why benches have no result, by its name
 * @returns lines of the table, results of growth, and what was measured where and when
 */
export async function collect(folder, { failed = {}, isQuick = false } = {}) {
  const floor = failed.floor ? undefined : await read(folder, 'floor');
  const report = { date: new Date().toISOString(), machine: floor?.machine, floor, failed, measured: {}, lines: [] };
  for (const bench of benches) {
    const { row, title, needs, result: name, quickResult = name } = bench;
    const missing = (why) => report.lines.push({ row, what: title, failed: why });
    const result = failed[name] ? undefined : await read(folder, isQuick ? quickResult : name);
    if (!result) {
      missing(failed[name] ?? 'it has not run yet');
      continue;
    }
    report.measured[name] = result.date;
    try {
      const found = await bench.lines(result);
      if (found.growth) report.growth = found.growth;
      else report.lines.push(...found.map((line) => completed({ row, ...(line.rival ? {} : { lacks: needs }), ...line }, floor)));
    } catch (error) {
      missing(`its result cannot be read: ${error.message}`);
    }
  }
  return report;
}
