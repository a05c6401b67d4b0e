/** The report of `npm run bench` from results that lie in a folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { benches } from './benches.js';
import type { CompletedLine, FailedLine, Floor, Growth } from './line.js';
import type { Machine } from './machine.js';
import { completed } from './table.js';

const read = (folder: string, name: string) => readFile(join(folder, `${name}.json`), 'utf8').then(JSON.parse, () => undefined);

export interface Report {
  date: string;
  machine?: Machine;
  floor?: Floor & { options: { threads: number } };
  failed: Readonly<Record<string, string>>;
  /** When each result was measured, and on what. */
  measured: Record<string, { date: string; machine: Machine | undefined }>;
  lines: (CompletedLine | FailedLine)[];
  growth?: Growth[];
}

export interface CollectOptions {
  /** Why benches have no result, by its name. @default none */
  failed?: Readonly<Record<string, string>>;
  /** Whether this machine has a GPU that rows can be measured on. @default true */
  hasGpu?: boolean;
  /** Whether the results are those of short runs. @default false */
  isQuick?: boolean;
}

/** @param folder of the results */
export async function collect(
  folder: string,
  { failed = {}, hasGpu = true, isQuick = false }: CollectOptions = {},
): Promise<Report> {
  const floor = failed.floor ? undefined : await read(folder, 'floor');
  const report: Report = {
    date: new Date().toISOString(),
    ...(floor ? { machine: floor.machine, floor } : {}),
    failed,
    measured: {},
    lines: [],
  };
  for (const bench of benches) {
    const { row, title, needs, onGpu = false, result: name, quickResult = name } = bench;
    const missing = (why: string, isAbsent = false) =>
      report.lines.push({ row, what: title, failed: why, ...(isAbsent ? { isAbsent } : {}) });
    const result = failed[name] ? undefined : await read(folder, isQuick ? quickResult : name);
    if (!result) {
      // What another machine's GPU took stays in the table.
      if (onGpu && !hasGpu) missing('no GPU adapter', true);
      else missing(failed[name] ?? 'it has not run yet');
      continue;
    }
    report.measured[name] = { date: result.date, machine: result.machine };
    // What one processor can at best says nothing of another.
    const ownFloor = floor && result.machine?.cpu === floor.machine.cpu ? floor : undefined;
    try {
      const found = bench.lines(result as never);
      if ('growth' in found) report.growth = found.growth;
      else
        report.lines.push(...found.map((line) => completed({ row, ...(line.rival ? {} : { lacks: needs }), ...line }, ownFloor)));
    } catch (error) {
      missing(`its result cannot be read: ${(error as Error).message}`);
    }
  }
  return report;
}
