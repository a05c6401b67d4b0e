/** limn data from-metadata */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { foundOf, learnsFrom } from '../../../catalogue/found-data.js';
import { learnSettings } from '../../../catalogue/learn-settings.js';
import { makeData } from '../../../catalogue/make-data.js';
import { writeFileAtomic } from '../../../core/files.js';
import { englishWording } from '../../../learning/from-metadata/english/wording.js';
import { previewPage } from '../../../learning/from-metadata/preview-page.js';
import { readWording } from '../../../learning/from-metadata/wording.js';
import { thumbnail } from '../../../models/encoders/image/thumbnail.js';
import { captionerOption, encoderOption, fieldsOption, openLearningReader, templatesOption } from '../learn-options.js';
import { runLong } from '../long-work.js';
import { newCommand, numberOption, required, seedOption } from '../options.js';
import { settingOption } from '../setting-option.js';

interface FromMetadataFlags {
  list?: string;
  images?: string;
  out?: string;
  fields?: string[];
  imageColumn?: string;
  templates?: string[];
  encoder?: string;
  perImage?: number;
  most?: number;
  captioner?: string;
  preview?: number;
  seed: number;
  json?: boolean;
}

export function fromMetadataCommand(): Command {
  return newCommand('from-metadata', "Create triplets from a shop's table and images, for limn train --dataset triplets.")
    .option(
      '--list <file>',
      'CSV, TSV, JSON lines or Parquet, one row for each product (default: read the names of files and folders)',
    )
    .option('--images <folder>', 'the folder of images; subfolders are read too')
    .option('--out <folder>', 'where the dataset is written')
    .addOption(fieldsOption())
    .option('--image-column <name>', 'the column that names the image (default: the one that matches most images)')
    .addOption(templatesOption())
    .addOption(encoderOption())
    .addOption(
      numberOption(
        '--per-image <count>',
        'maximum number of training triplets from one image (default: 6; more in a small catalogue, up to 24, and fewer in a large one, down to 2)',
        { least: 1, whole: true },
      ),
    )
    .addOption(settingOption('--most <count>', learnSettings.shape.most, { text: 'maximum number of products that are used' }))
    .addOption(captionerOption())
    .addOption(
      numberOption('--preview <count>', 'also write a page with this many triplets and their images', {
        least: 1,
        most: 500,
        whole: true,
      }),
    )
    .addOption(seedOption())
    .option('--json', 'print the result as JSON')
    .action(runFromMetadata);
}

async function runFromMetadata(flags: FromMetadataFlags): Promise<void> {
  const images = required(flags.images, '--images', 'data from-metadata');
  const out = required(flags.out, '--out', 'data from-metadata');
  const { list, fields, imageColumn, templates = [], perImage, most, captioner, seed, preview } = flags;
  const result = await runLong(async ({ logger, ...tools }) => {
    const wordings = [englishWording, ...(await Promise.all(templates.map(readWording)))];
    const reader = await openLearningReader(flags.encoder, logger);
    try {
      const chosen = { list, fields, imageColumn, wordings, perImage, most, captioner, seed };
      const data = await makeData({ images, out, reader, ...chosen, ...tools });
      const page = preview === undefined ? undefined : join(out, 'preview.html');
      if (page !== undefined && preview !== undefined) {
        const imageOf = (id: string) => thumbnail(join(images, id));
        await writeFileAtomic(page, await previewPage({ made: data.made, count: preview, imageOf }));
      }
      const encoder = flags.encoder ?? (reader.config.kind === 'patch' ? 'patch' : 'mobilenetv2');
      return { ...foundOf(data), encoder, ...(page === undefined ? {} : { preview: page }) };
    } finally {
      await reader.close();
    }
  });
  if (flags.json) return void process.stdout.write(`${JSON.stringify({ out, ...result })}\n`);
  const { triplets, notes } = result;
  process.stdout.write(
    [
      ...notes.map((note) => `note: ${note}`),
      learnsFrom(result),
      `${out}: ${triplets.train} triplets for training, ${triplets.val} for validation, ${triplets.test} held out as test`,
      ...('preview' in result && result.preview !== undefined ? [`Look at some of them: ${resolve(result.preview)}`] : []),
      `limn train --dataset triplets --data ${out} --encoder ${result.encoder} --out runs/mine`,
      '',
    ].join('\n'),
  );
}
