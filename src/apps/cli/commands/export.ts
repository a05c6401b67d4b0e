/** limn export */
import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { withoutTrailing } from '../../../core/text.js';
import { type WeightType, weightTypes } from '../../../engine/graph/index.js';
import { RetrievalModel } from '../../../models/retrieval/retrieval-model.js';
import { type ExportReport, exportGallery } from '../../../search/export/export-gallery.js';
import type { WeightsReport } from '../../../search/export/model-weights.js';
import { type VectorType, vectorTypes } from '../../../search/export/vector-codes.js';
import { readExportPage } from '../export-page.js';
import { runLong } from '../long-work.js';
import { newCommand, numberOption, required } from '../options.js';

interface ExportFlags {
  static?: string;
  gallery?: string;
  name?: string;
  model?: string;
  images?: string;
  thumbnail?: number;
  vectors?: VectorType;
  weights?: WeightType;
  webgpu?: boolean;
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
        "how the model's weights are kept; in a more exact type where searches lose more than half a point or scores change (default: float16)",
      ).choices(weightTypes),
    )
    .option('--webgpu', 'let browsers run the model on WebGPU (default: where it has an image encoder of its own)')
    .option('--no-webgpu', 'leave WebGPU out, which saves room on the host')
    .option('--json', 'print the result as JSON')
    .action(runExport);
}

async function runExport(flags: ExportFlags): Promise<void> {
  const out = required(flags.static, '--static', 'export');
  const gallery = required(flags.gallery, '--gallery', 'export');
  const { images, thumbnail, vectors, weights, webgpu } = flags;
  const files = await readExportPage();
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
        webgpu,
        ...files,
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
  const { columns, runtime, webgpu, queryAttention, galleryAttention, ...model } = files;
  const rows: [string, number, string][] = [
    ['vectors', sum(shards), `${vectors.type}, recall@10 ${(vectors.recall * 100).toFixed(1)} % of exact vectors`],
    ['metadata', columns.bytes, ''],
    ['model', sum(Object.values(model)), weights ? weightsNote(weights) : ''],
    ['heat maps', sum([queryAttention, galleryAttention]), 'fetched when a result is explained'],
    ['runtime', runtime.bytes, 'ONNX Runtime Web, about a quarter of it where the host compresses'],
    ...(webgpu
      ? [
          ['WebGPU', webgpu.bytes, 'the same for browsers with a graphics processor, which fetch it instead'] as [
            string,
            number,
            string,
          ],
        ]
      : []),
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
