/** The table of `npm run bench`: floors and goals of the lines, and the whole as Markdown. */

import type { Report } from './collect.js';
import type { CompletedLine, FailedLine, Floor, Growth, Line, Reached } from './line.js';

/** @param floor of floor.ts, where it was measured @returns the line with what follows from it */
export function completed(line: Line, floor: Floor | undefined): CompletedLine {
  const { limn, rival, work, goals = [] } = line;
  const timesAsFast = rival ? rival.milliseconds / limn.milliseconds : undefined;
  // Operations over GFLOP/s and bytes over GB/s are nanoseconds.
  const least = floor &&
    work && { computing: work.operations / floor.gigaflops / 1e6, reading: work.bytes / floor.gigabytesPerSecond / 1e6 };
  const floorMilliseconds = least && Math.max(least.computing, least.reading);
  const context = { line, timesAsFast, ofPeak: least && least.computing / limn.milliseconds };
  return {
    ...line,
    timesAsFast,
    floor: floorMilliseconds,
    bound: least && (least.computing >= least.reading ? 'computing' : 'reading'),
    timesFloor: floorMilliseconds && limn.milliseconds / floorMilliseconds,
    goals: goals.map((goal) => goal(context)),
  };
}

const milliseconds = (value: number | undefined) =>
  value === undefined ? '–' : value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });
const spread = ({ quartiles, p99 }: Line['limn']) =>
  quartiles ? quartiles.map(milliseconds).join(' – ') : `p99 ${milliseconds(p99)}`;
const factor = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(2));
const mebibytes = (value: number | null | undefined) =>
  value === undefined || value === null ? '–' : Math.round(value).toLocaleString('en');
const rivalOf = ({ rival, lacks }: CompletedLine) =>
  rival ? `${milliseconds(rival.milliseconds)} ${rival.name}` : lacks ? `not measured: no ${lacks} in Python` : '–';
const sentence = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
const met = ({ value, met: isMet }: Pick<Reached, 'value' | 'met'>) =>
  isMet === null ? '?' : isMet ? `met: ${value}` : `**missed**: ${value}`;
const lineBreak = '<br>';

const head = [
  '',
  'what',
  'limn, ms',
  'rival, ms',
  'times as fast',
  'floor, ms',
  'time / floor',
  'peak MiB, limn',
  'rival',
  'goal',
  'reached',
];
const rowOf = (cells: readonly (string | undefined)[]) => `| ${cells.join(' | ')} |`;
const tableOf = (heads: readonly string[], rows: readonly (readonly (string | undefined)[])[]) =>
  [rowOf(heads), rowOf(heads.map(() => '---')), ...rows.map(rowOf)].join('\n');

export function speedTable(lines: readonly (CompletedLine | FailedLine)[]): string {
  const rows = lines.map((line) =>
    'failed' in line
      ? [
          line.row,
          line.what,
          `not measured${line.isAbsent ? ' here' : ''}: ${sentence(line.failed)}`,
          ...Array(head.length - 3).fill(''),
        ]
      : [
          line.row,
          line.what,
          `${milliseconds(line.limn.milliseconds)} (${spread(line.limn)})`,
          rivalOf(line),
          factor(line.timesAsFast),
          line.floor === undefined ? '–' : `${milliseconds(line.floor)} ${line.bound}`,
          factor(line.timesFloor),
          mebibytes(line.memory?.limn),
          mebibytes(line.memory?.rival),
          line.goals.map(({ says }) => says).join(lineBreak) || '–',
          line.goals.map(met).join(lineBreak) || '–',
        ],
  );
  return tableOf(head, rows);
}

export function growthTable(results: readonly Growth[]): string {
  const heads = ['', 'what', 'sizes', 'ms', 'exponent', 'peak MiB', 'exponent', 'goal', 'reached'];
  const rows = results.map(({ what, sizes, milliseconds: times, peakMiB, exponents, goal }) => [
    'h',
    what,
    sizes.map((size) => size.toLocaleString('en')).join(', '),
    times.map(milliseconds).join(', '),
    factor(exponents.time),
    peakMiB.map(mebibytes).join(', '),
    factor(exponents.memory),
    goal === null ? '–' : `time grows with an exponent of at most ${goal}`,
    goal === null ? '–' : met({ value: exponents.time, met: exponents.time <= goal }),
  ]);
  return tableOf(heads, rows);
}

const [begin, end]: [string, string] = ['<!-- table: written by npm run bench -->', '<!-- end of the table -->'];

/** A page with what stands between its two markers replaced. */
export function withTable(page: string, table: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page lacks the lines "${begin}" and "${end}"`);
  return `${page.slice(0, from + begin.length)}\n\n${table}\n\n${page.slice(to)}`;
}

/** What stands under the table: floors, and which results are of which machine and day. */
export function underTable({ floor, machine, measured }: Report): string {
  const groups = new Map<string, string[]>();
  for (const [name, { date, machine }] of Object.entries(measured)) {
    const group = `${date.slice(0, 10)}${machine ? ` on ${machine.cpu}, ${machine.cores} cores` : ''}`;
    groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  const parts = [...groups]
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([group, names]) => `Measured on ${group}: ${names.join(', ')}.`);
  if (floor && machine) {
    const { gigaflops, gigabytesPerSecond, options } = floor;
    const speeds = `products reach ${gigaflops} GFLOP/s and reading ${gigabytesPerSecond} GB/s with ${options.threads} threads`;
    const versions = `Node ${machine.node}, ONNX Runtime ${machine.onnxruntime}, limn ${machine.limn}`;
    parts.unshift(`Floors are of ${machine.cpu}, where ${speeds}; rows of other processors have none. ${versions}.`);
  }
  return parts.join('\n');
}
