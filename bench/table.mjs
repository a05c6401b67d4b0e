/** The table of `npm run bench`: floors and goals of the lines, and the whole as Markdown. */

/** @param floor of floor.mjs, where it was measured @returns the line with what follows from it */
export function completed(line, floor) {
  const { limn, rival, work, goals = [] } = line;
  const timesAsFast = rival ? rival.milliseconds / limn.milliseconds : undefined;
  // Operations over GFLOP/s and bytes over GB/s are nanoseconds.
  const [computing, reading] =
    floor && work ? [work.operations / floor.gigaflops / 1e6, work.bytes / floor.gigabytesPerSecond / 1e6] : [];
  const floorMilliseconds = computing === undefined ? undefined : Math.max(computing, reading);
  const context = { line, timesAsFast, ofPeak: computing === undefined ? undefined : computing / limn.milliseconds };
  return {
    ...line,
    timesAsFast,
    floor: floorMilliseconds,
    bound: floorMilliseconds === undefined ? undefined : computing >= reading ? 'computing' : 'reading',
    timesFloor: floorMilliseconds && limn.milliseconds / floorMilliseconds,
    goals: goals.map((goal) => goal(context)),
  };
}

const milliseconds = (value) =>
  value === undefined ? '–' : value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });
const spread = ({ quartiles, p99 }) => (quartiles ? quartiles.map(milliseconds).join(' – ') : `p99 ${milliseconds(p99)}`);
const factor = (value) => (value === undefined ? '–' : value.toFixed(2));
const mebibytes = (value) => (value === undefined || value === null ? '–' : Math.round(value).toLocaleString('en'));
const rivalOf = ({ rival, lacks }) =>
  rival ? `${milliseconds(rival.milliseconds)} ${rival.name}` : lacks ? `not measured: no ${lacks} in Python` : '–';
const sentence = (text) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
const met = ({ value, met }) => (met === null ? '?' : met ? `met: ${value}` : `**missed**: ${value}`);
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
const rowOf = (cells) => `| ${cells.join(' | ')} |`;
const tableOf = (heads, rows) => [rowOf(heads), rowOf(heads.map(() => '---')), ...rows.map(rowOf)].join('\n');

/** @param lines completed ones, or { row, what, failed } */
export function speedTable(lines) {
  const rows = lines.map((line) =>
    line.failed
      ? [line.row, line.what, `not measured: ${sentence(line.failed)}`, ...Array(head.length - 3).fill('')]
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

/** @param results of growth.mjs */
export function growthTable(results) {
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

const [begin, end] = ['<!-- table: written by npm run bench -->', '<!-- end of the table -->'];

/** A page with what stands between its two markers replaced. */
export function withTable(page, table) {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page lacks the lines "${begin}" and "${end}"`);
  return `${page.slice(0, from + begin.length)}\n\n${table}\n\n${page.slice(to)}`;
}

/** What stands under the table: floors, machine, dates. */
export function underTable({ floor, machine, measured }) {
  const days = new Map();
  for (const [name, date] of Object.entries(measured))
    days.set(date.slice(0, 10), [...(days.get(date.slice(0, 10)) ?? []), name]);
  const parts = [...days].map(([day, names]) => `Measured on ${day}: ${names.join(', ')}.`);
  if (machine) {
    const { cpu, cores, node, onnxruntime, limn } = machine;
    parts.unshift(`${cpu}, ${cores} cores, Node ${node}, ONNX Runtime ${onnxruntime}, limn ${limn}.`);
  }
  if (floor) {
    const { gigaflops, gigabytesPerSecond, options } = floor;
    parts.unshift(`Products reach ${gigaflops} GFLOP/s and reading ${gigabytesPerSecond} GB/s, ${options.threads} threads.`);
  }
  return parts.join('\n');
}
