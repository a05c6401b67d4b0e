/** limn zero-shot */
import type { Command } from 'commander';
import { sum } from '../../../models/methods/baselines/sum.js';
import { TextReader } from '../../../models/retrieval/text-reader.js';
import { zeroShot } from '../../../models/retrieval/zero-shot.js';
import { openReader } from '../encoders.js';
import { nextSteps } from '../next-steps.js';
import { computingCommand, required } from '../options.js';
import { settingOption } from '../setting-option.js';

interface ZeroShotFlags {
  encoder?: string;
  textEncoder?: string;
  textShare?: number;
  out?: string;
}

export function zeroShotCommand(): Command {
  return computingCommand('zero-shot', 'A model without any training, from an encoder of images and texts such as CLIP.')
    .option('--encoder <name>', 'an encoder from the Hub or a folder, see "limn encoders"')
    .option('--text-encoder <name>', 'an encoder for the texts, if it is another one (default: --encoder)')
    .addOption(settingOption('--text-share <part>', sum.options.shape.textShare))
    .option('--out <folder>', "the model's folder")
    .action(runZeroShot);
}

async function runZeroShot(flags: ZeroShotFlags): Promise<void> {
  const encoder = required(flags.encoder, '--encoder', 'zero-shot');
  const out = required(flags.out, '--out', 'zero-shot');
  const reader = await openReader(encoder);
  try {
    const text = await TextReader.open({ encoder: flags.textEncoder ?? encoder });
    try {
      await zeroShot({ reader, text, out, textShare: flags.textShare });
    } finally {
      await text.close();
    }
  } finally {
    await reader.close();
  }
  process.stdout.write(`${out}\n${nextSteps(out)}\n`);
}
