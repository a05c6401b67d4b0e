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
  return rows.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i] ?? ''])));
}

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
      const says = row.fault || (row['validation loss'] ? 'yes' : row.encodes);
      // A family whose older export fails may have one of the newer exporter.
      if (!trained.has(row.family) || trained.get(row.family) === 'the exporter fails') trained.set(row.family, says);
      days.training.add(day);
    } else if ('library' in row) {
      if (!frozen.has(row.family)) frozen.set(row.family, row.script17 === 'the exporter fails' ? row.dynamo18 : row.script17);
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
  if (row.outputs === 'the exporter fails') return 'the exporter fails';
  const named = row.faults.split('; ').filter((fault) => fault !== '' && !/^(without n|and \d+ more)/.test(fault));
  return `${row.outputs} / ${row.gradients}${named.length > 0 ? ` **${named[0]}**` : ''}`;
};

const lines = [
  `| family | blocks | ${exporters.join(' | ')} | frozen | four steps |`,
  `|---|---|${exporters.map(() => '---|').join('')}---|---|`,
];
for (const [family, graph] of [...graphs].sort()) {
  const base = family.split(' ')[0];
  const blocks = new Set(Object.values(graph).flatMap((row) => (row['blocks (PyTorch)'] ? [row['blocks (PyTorch)']] : [])));
  const cells = exporters.map((exporter) => cellOf(graph[exporter]));
  lines.push(
    `| ${family} | ${[...blocks].join(', ')} | ${cells.join(' | ')} | ${frozen.get(base) ?? ''} | ${trained.get(base) ?? ''} |`,
  );
}
const rows = [...graphs.values()].flatMap((graph) => exporters.map((exporter) => graph[exporter]));
const failed = rows.filter((row) => row?.outputs === 'the exporter fails').length;
const wrong = rows.filter((row) => row && cellOf(row).includes('**')).length;
const [{ model }] = cpus();
const on = (kind) => [...days[kind]].sort().join(', ');
lines.push(
  '',
  `${rows.filter(Boolean).length} of ${rows.length} cells of ${graphs.size} graphs are measured; in ${failed} the exporter fails, and in ${wrong} limn is off. On ${cpus().length} cores (${model}):`,
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
