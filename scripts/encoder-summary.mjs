/**
 * Joins what the scripts on encoders printed into the table of docs/encoders.md, one row for each graph.
 *
 *     node scripts/encoder-gradients.mjs DIR > gradients.md
 *     node scripts/encoder-training.mjs DIR2 > training.md
 *     node scripts/encoder-table.mjs DIR3 > frozen.md
 *     node scripts/encoder-summary.mjs gradients.md training.md frozen.md
 *
 * Of rows that say the same of one graph and exporter the first counts.
 */
import { readFileSync } from 'node:fs';

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
for (const row of process.argv.slice(2).flatMap(rowsOf)) {
  if ('validation loss' in row) trained.set(row.family, row.fault || (row['validation loss'] ? 'yes' : row.encodes));
  else if ('library' in row) frozen.set(row.family, row.script17 === 'the exporter fails' ? row.dynamo18 : row.script17);
  else {
    const graph = graphs.get(row.family) ?? {};
    graph[row.exporter] ??= row;
    graphs.set(row.family, graph);
  }
}

const cellOf = (row) => {
  if (!row) return '';
  if (row.outputs === 'the exporter fails') return 'the exporter fails';
  const named = row.faults.split('; ').filter((fault) => fault !== '' && !/^(without n|and \d+ more)/.test(fault));
  return `${row.outputs} / ${row.gradients}${named.length > 0 ? ` **${named[0]}**` : ''}`;
};

console.log(
  `| family | blocks | ${exporters.join(' | ')} | frozen | four steps |\n|---|---|${exporters.map(() => '---|').join('')}---|---|`,
);
for (const [family, graph] of [...graphs].sort()) {
  const base = family.split(' ')[0];
  const blocks = new Set(Object.values(graph).flatMap((row) => (row['blocks (PyTorch)'] ? [row['blocks (PyTorch)']] : [])));
  const cells = exporters.map((exporter) => cellOf(graph[exporter]));
  console.log(
    `| ${family} | ${[...blocks].join(', ')} | ${cells.join(' | ')} | ${frozen.get(base) ?? ''} | ${trained.get(base) ?? ''} |`,
  );
}
