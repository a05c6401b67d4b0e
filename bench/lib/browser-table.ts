/** What docs/browser.md says of measurements: its table is made of bench/results/browser.json and browser-agreement.json alone. */

export interface BrowserResult {
  date: string;
  options: { width: number; turns: number };
  firstResult: number;
  textSearch: number;
  weightMove: number;
  /** By images: drawn vectors as int8. */
  sizes: BrowserSize[];
}

export interface BrowserSize {
  images: number;
  /** Bytes of vectors and metadata, and of all that a first visit fetches but for images. */
  vectors: number;
  download: number;
  open: number;
  load: number;
  scan: number;
  /** MiB; null where it cannot be read. */
  peak: number | null;
}

export interface AgreementResult {
  date: string;
  /** Of references of the gallery, and of uploads. */
  results: { kind: string; searches: number; sameTen: number; sameSet: number; largest: number }[];
  images: number;
  vectors: string;
  weights: string;
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;

export function browserTable(speed: BrowserResult, agreement: AgreementResult): string {
  const { turns, width } = speed.options;
  const lines = [
    "| the demo's export | |",
    '|---|---|',
    `| from the first visit to the first result | ${seconds(speed.firstResult)} |`,
    `| a search with an image and a text, p50 of ${turns} | ${speed.textSearch} ms |`,
    `| the same search with other weights, p50 of ${turns} | ${speed.weightMove} ms |`,
    '',
    `| images, ${width} numbers each, int8 | vectors and metadata | a first visit without images | opened | ready to search | a search, p50 of ${turns} | peak memory of the page |`,
    '|---|---|---|---|---|---|---|',
    ...speed.sizes.map(({ images, vectors, download, open, load, scan, peak }) => {
      const memory = peak === null ? 'not known' : `${peak} MiB`;
      return `| ${images.toLocaleString('en')} | ${megabytes(vectors)} | ${megabytes(download)} | ${seconds(open)} | ${seconds(open + load)} | ${scan} ms | ${memory} |`;
    }),
    '',
    `| ${agreement.images.toLocaleString('en')} product photographs, vectors ${agreement.vectors}, weights ${agreement.weights} | searches | the same ten in the same order | the same ten | largest difference of a score |`,
    '|---|---|---|---|---|',
    ...agreement.results.map(({ kind, searches, sameTen, sameSet, largest }) => {
      return `| ${kind} | ${searches} | ${sameTen} | ${sameSet} | ${largest.toFixed(5)} |`;
    }),
  ];
  return lines.join('\n');
}
