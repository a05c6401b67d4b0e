/**
 * Joins what the scripts on encoders printed into the table of docs/encoders.md, one row for each graph.
 *
 *     node scripts/encoder-gradients.mjs DIR > gradients.md
 *     node scripts/encoder-training.mjs DIR2 > training.md
 *     node scripts/encoder-table.mjs DIR3 > frozen.md
 *     node scripts/encoder-summary.mjs [--write] gradients.md training.md frozen.md
 *
 * Of rows that say the same of one graph and exporter the first counts. Below the table stands how many cells there are and what each kind
 * of them comes from; the day is that of the file. `--write` puts all of it between the marks in docs/encoders.md, else it is printed.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Rows as objects by their columns. */
function rowsOf(file) {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
  const [head = [], ...rows] = lines;
  // Files that were put together have their heads again.
  return rows
    .filter(([first]) => first !== head[0])
    .map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i] ?? ''])));
}

const taken = 'yes';
const fails = 'the exporter fails';
const exporters = ['script14', 'script17', 'script18', 'dynamo18', 'dynamo20', 'dynamo23'];
const graphs = new Map();
const trained = new Map();
const frozen = new Map();
/** Days by what was measured. */
const days = { gradients: new Set(), training: new Set(), table: new Set() };
const write = process.argv.includes('--write');
const files = process.argv.slice(2).filter((word) => word !== '--write');
for (const file of files) {
  const day = statSync(file).mtime.toISOString().slice(0, 10);
  for (const row of rowsOf(file)) {
    if ('validation loss' in row) {
      const exports = trained.get(row.family) ?? new Map();
      if (!exports.has(row.exporter)) exports.set(row.exporter, row.fault || (row['validation loss'] ? taken : row.encodes));
      trained.set(row.family, exports);
      days.training.add(day);
    } else if ('library' in row) {
      if (!frozen.has(row.family)) frozen.set(row.family, row.script17 === fails ? row.dynamo18 : row.script17);
      days.table.add(day);
    } else {
      const graph = graphs.get(row.family) ?? {};
      if (graph[row.exporter] === undefined) days.gradients.add(day);
      graph[row.exporter] ??= row;
      graphs.set(row.family, graph);
    }
  }
}

const cellOf = (row) => {
  if (!row) return '';
  if (row.outputs === fails) return fails;
  const named = row.faults.split('; ').filter((fault) => fault !== '' && !/^(without n|and \d+ more)/.test(fault));
  return `${row.outputs} / ${row.gradients}${named.length > 0 ? ` **${named[0]}**` : ''}`;
};

/** What is said of four steps, with the exporters of which it is said: "yes: script17, dynamo18", or "yes: all". */
function stepsCell(family) {
  const exports = trained.get(family) ?? new Map();
  const said = [...new Set(exports.values())];
  const of = (says) => exporters.filter((exporter) => exports.get(exporter) === says);
  return said.map((says) => `${says}: ${of(says).length === exporters.length ? 'all' : of(says).join(', ')}`).join('; ');
}

const lines = [
  `| family | blocks | ${exporters.join(' | ')} | frozen | four steps |`,
  `|---|---|${exporters.map(() => '---|').join('')}---|---|`,
];
for (const [family, graph] of [...graphs].sort()) {
  const base = family.split(' ')[0];
  const blocks = new Set(Object.values(graph).flatMap((row) => (row['blocks (PyTorch)'] ? [row['blocks (PyTorch)']] : [])));
  const cells = exporters.map((exporter) => cellOf(graph[exporter]));
  lines.push(`| ${family} | ${[...blocks].join(', ')} | ${cells.join(' | ')} | ${frozen.get(base) ?? ''} | ${stepsCell(base)} |`);
}
const rows = [...graphs.values()].flatMap((graph) => exporters.map((exporter) => graph[exporter]));
const measured = rows.filter(Boolean);
const failed = measured.filter((row) => row.outputs === fails).length;
const wrong = measured.filter((row) => cellOf(row).includes('**')).length;
const named = new Set([...graphs.keys()].map((family) => family.split(' ')[0]));
const trainings = [...trained].filter(([family]) => named.has(family));
const steps = exporters.flatMap((exporter) => {
  const says = trainings.flatMap(([, exports]) => (exports.has(exporter) ? [exports.get(exporter)] : []));
  const exported = says.filter((each) => each !== fails);
  return exported.length === 0
    ? []
    : [`${exported.filter((each) => each === taken).length} of ${exported.length} with ${exporter}`];
});
const on = (kind) => [...days[kind]].sort().join(', ');
lines.push(
  '',
  `Of ${rows.length} cells, ${graphs.size} graphs by ${exporters.length} exporters, ${measured.length - failed - wrong} agree, in ${failed} the exporter fails, in ${wrong} limn is off, and ${rows.length - measured.length} are not measured.`,
  `Four steps were tried with ${trainings.length} of ${named.size} encoders. They were taken by ${steps.join(', ')}. On ${cpus().length} cores:`,
  '',
  `- outputs, gradients and blocks: \`node scripts/encoder-gradients.mjs DIR\`, ${on('gradients')}`,
  `- four steps: \`node scripts/encoder-training.mjs DIR2\`, ${on('training')}`,
  `- frozen: \`node scripts/encoder-table.mjs DIR3\`, ${on('table')}`,
);
const text = lines.join('\n');
if (write) {
  const file = new URL('../docs/encoders.md', import.meta.url);
  const [start, end] = ['<!-- encoder-summary -->', '<!-- end of encoder-summary -->'];
  const docs = readFileSync(file, 'utf8');
  const [before, rest] = docs.split(start);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`docs/encoders.md has no ${start} with ${end} behind it.`);
  writeFileSync(file, `${before}${start}\n${text}\n${end}${after}`);
} else console.log(text);
