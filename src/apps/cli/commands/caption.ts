/** limn caption */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { temporaryFolder } from '../../../core/files.js';
import { CaptionerModel } from '../../../models/captioner/captioner-model.js';
import { addDecodingOptions, type DecodingFlags, decodingOf } from '../decoding.js';
import { runLong } from '../long-work.js';
import { computingCommand, required } from '../options.js';

interface CaptionFlags extends DecodingFlags {
  model?: string;
  reference?: string;
  target?: string;
  json?: boolean;
}

export function captionCommand(): Command {
  return addDecodingOptions(computingCommand('caption', 'Describe what changes from one image to another.'))
    .option('--model <folder>', 'a run of "limn train --task caption", or the model in it')
    .option('--reference <file>', 'the reference image')
    .option('--target <file>', 'the target image')
    .option('--json', 'print the text and its likelihood as JSON')
    .action(runCaption);
}

async function runCaption(flags: CaptionFlags): Promise<void> {
  const folder = required(flags.model, '--model', 'caption');
  const paths = [required(flags.reference, '--reference', 'caption'), required(flags.target, '--target', 'caption')] as const;
  const decoding = decodingOf(flags);
  const model = await CaptionerModel.open(folder);
  const scratch = await temporaryFolder('limn-caption');
  try {
    const [caption] = await runLong(async (tools) => {
      const reader = await model.openReader();
      try {
        const images = await reader.read({
          images: paths.map((path, i) => ({ id: String(i), path })),
          directory: join(scratch, 'cache'),
          memoFile: join(scratch, 'memo'),
          ...tools,
        });
        try {
          return await model.caption(images, [[0, 1]], { decoding, ...tools });
        } finally {
          await images.close();
        }
      } finally {
        await reader.close();
      }
    });
    process.stdout.write(flags.json ? `${JSON.stringify(caption)}\n` : `${caption?.text}\n`);
  } finally {
    await model.close();
    await rm(scratch, { recursive: true, force: true });
  }
}
