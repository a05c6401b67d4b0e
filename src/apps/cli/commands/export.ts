/** limn export */

import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import { LimnError } from '../../../core/errors.js';
import { withoutTrailing } from '../../../core/text.js';
import { type WeightType, weightTypes } from '../../../engine/graph/index.js';
import { RetrievalModel } from '../../../models/retrieval/retrieval-model.js';
import { type ExportReport, exportGallery } from '../../../search/export/export-gallery.js';
import type { WeightsReport } from '../../../search/export/model-weights.js';
import { type VectorType, vectorTypes } from '../../../search/export/vector-codes.js';
import { runLong } from '../long-work.js';
import { newCommand, numberOption, required } from '../options.js';

/** Where the package keeps the page for exports. */
const builtPage = fileURLToPath(new URL('../../../../web/dist', import.meta.url));

interface ExportFlags {
  static?: string;
  gallery?: string;
  name?: string;
  model?: string;
  images?: string;
  thumbnail?: number;
  vectors?: VectorType;
  weights?: WeightType;
  json?: boolean;
}

export function exportCommand(): Command {
  return newCommand('export', 'Export a gallery as static files that any web host can serve, for searches in the browser.')
    .option('--static <folder>', 'the folder to write or update')
    .option('--gallery <location>', 'the gallery: a folder or another location')
    .option('--name <name>', "what the page calls the gallery (default: its folder's name)")
    .option('--model <folder>', 'the model of the gallery (default: where it was)')
    .option('--images <folder>', 'where the images are (default: where they were)')
    .addOption(
      numberOption('--thumbnail <pixels>', 'longest side of a thumbnail (default: 320)', { least: 16, most: 2048, whole: true }),
    )
    .addOption(new Option('--vectors <type>', 'how vectors are kept (default: float16)').choices(vectorTypes))
    .addOption(
      new Option(
        '--weights <type>',
        "how the model's weights are kept; in a more exact type where searches lose more than half a point (default: float16)",
      ).choices(weightTypes),
    )
    .option('--json', 'print the result as JSON')
    .action(runExport);
}

async function runExport(flags: ExportFlags): Promise<void> {
  const out = required(flags.static, '--static', 'export');
  const gallery = required(flags.gallery, '--gallery', 'export');
  const { images, thumbnail, vectors, weights } = flags;
  const { page, runtime } = await readPage();
  const model = flags.model === undefined ? undefined : await RetrievalModel.open(flags.model);
  try {
    const report = await runLong(async ({ logger, ...tools }) => {
      const name = galleryName(flags.name ?? basename(withoutTrailing(gallery, '/\\')));
      const made = await exportGallery({
        gallery,
        out,
        name,
        model,
        images,
        thumbnail,
        vectors,
        weights,
        page,
        runtime,
        ...tools,
      });
      for (const fault of made.faults) logger.warn(fault);
      return made;
    });
    process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : shown(out, report));
  } finally {
    await model?.close();
  }
}

/** As the API takes names. */
const galleryName = (name: string): string =>
  name
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, 64) || 'gallery';

function shown(out: string, { manifest, faults, ...folder }: ExportReport): string {
  const { files, shards, page, images, vectors, weights, count } = manifest;
  const sum = (list: readonly ({ bytes: number } | undefined)[]) => list.reduce((bytes, file) => bytes + (file?.bytes ?? 0), 0);
  const { columns, runtime, queryAttention, galleryAttention, ...model } = files;
  const rows: [string, number, string][] = [
    ['vectors', sum(shards), `${vectors.type}, recall@10 ${(vectors.recall * 100).toFixed(1)} % of exact vectors`],
    ['metadata', columns.bytes, ''],
    ['model', sum(Object.values(model)), weights ? weightsNote(weights) : ''],
    ['heat maps', sum([queryAttention, galleryAttention]), 'fetched when a result is explained'],
    ['runtime', runtime.bytes, 'ONNX Runtime Web, about a quarter of it where the host compresses'],
    ['page', sum(page), ''],
    ['images', images.bytes, `${images.files} files, fetched when they are shown or searched with`],
  ];
  const first = sum([...shards, columns, runtime, ...Object.values(model), ...page]);
  const lines = rows.map(([what, bytes, note]) => `  ${what.padEnd(10)} ${megabytes(bytes)}${note === '' ? '' : `  ${note}`}`);
  const left = faults.length > 0 ? [`  ${faults.length} images could not be read: they are found, but not shown`] : [];
  const { written, writtenBytes, unchanged, removed } = folder;
  const done = `${written} files written (${megabytes(writtenBytes).trim()}), ${unchanged} unchanged, ${removed} removed`;
  return `${[`${out}: ${count} images`, ...lines, ...left, `  a first visit fetches ${megabytes(first).trim()} and the images that it shows`, `  ${done}`].join('\n')}\n`;
}

const percent = (part: number) => `${(part * 100).toFixed(1)} %`;

/** What the type of the weights costs, of searches of this gallery. */
const weightsNote = ({ type, first, ten }: WeightsReport): string =>
  type === 'float32'
    ? type
    : `${type}: ${percent(first)} of the first hits of float32 are among the ten, and ${percent(ten)} of the ten are the same`;

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1).padStart(8)} MB`;

/** The files of the page, and ONNX Runtime Web, which was built into them. @throws LimnError IO where it was not built */
async function readPage(): Promise<{ page: Map<string, Uint8Array>; runtime: Uint8Array }> {
  const entries = await readdir(builtPage, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const runtimeFile = files.find((file) => basename(file).startsWith('ort-wasm') && file.endsWith('.wasm'));
  if (runtimeFile === undefined) {
    throw new LimnError(
      'IO',
      `The page for exports is not at ${builtPage}. Build it with "npm run build:web", or install limn again.`,
    );
  }
  const shown = files.filter((file) => file !== runtimeFile).sort();
  const pairs = shown.map(async (file) => [relative(builtPage, file).split(sep).join('/'), await readFile(file)] as const);
  const page = new Map<string, Uint8Array>(await Promise.all(pairs));
  const index = page.get('index.html');
  if (index) page.set('index.html', exportedIndex(index));
  return { page, runtime: await readFile(runtimeFile) };
}

/** What the page of an export may load and run: its own files, and WebAssembly from them. */
const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'";

/** The page, told that it is one of an export. A host of files sets no headers, so its content policy stands in it. */
function exportedIndex(index: Uint8Array): Uint8Array {
  const html = Buffer.from(index).toString('utf8');
  const tags = `<meta http-equiv="Content-Security-Policy" content="${policy}" />\n    <meta name="limn-export" content="./manifest.json" />`;
  return Buffer.from(html.replace(/<meta charset="[^"]*" ?\/?>/i, (charset) => `${charset}\n    ${tags}`));
}
