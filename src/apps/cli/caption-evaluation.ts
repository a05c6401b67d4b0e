/** "limn evaluate --task caption" */

import { LimnError } from '../../core/errors.js';
import type { SplitName } from '../../learning/data/triplets.js';
import { type CaptionReport, evaluateCaptions } from '../../learning/eval/evaluate-captions.js';
import { withSplitImages } from '../../learning/eval/split-images.js';
import { CaptionerModel } from '../../models/captioner/captioner-model.js';
import type { DecodingOptions } from '../../models/captioner/decoding.js';
import { shownCommandLine } from './command-line.js';
import { type DatasetOptions, openDataset } from './datasets.js';
import { runLong } from './long-work.js';
import { required } from './options.js';

export interface CaptionEvaluationFlags extends DatasetOptions {
  model?: string;
  split?: SplitName;
  json?: boolean;
}

export async function runCaptionEvaluation(
  flags: CaptionEvaluationFlags,
  decoding: DecodingOptions,
  others: string[],
): Promise<void> {
  const [foreign] = others;
  if (foreign !== undefined)
    throw new LimnError('USAGE', `${foreign} is not supported with "--task caption", which measures no recall: leave it out.`);
  const model = await CaptionerModel.open(required(flags.model, '--model', 'evaluate'));
  try {
    const { report, origin } = await runLong(async (tools) => {
      const dataset = await openDataset('evaluate', flags, tools);
      const split = await dataset.split(flags.split ?? 'val');
      const onBroken = flags.skipBroken ? 'skip' : 'error';
      const report = await withSplitImages({ model, split, onBroken, ...tools }, (images, usable) =>
        evaluateCaptions({ model, split: usable, images, decoding, ...tools }),
      );
      return { report, origin: dataset.origin };
    });
    const command = shownCommandLine();
    if (flags.json) process.stdout.write(`${JSON.stringify({ ...report, dataset: origin, decoding, command }, undefined, 2)}\n`);
    else process.stdout.write(asText(report, origin.category ?? origin.name));
  } finally {
    await model.close();
  }
}

function asText({ split, captions, metrics, written, model }: CaptionReport, what: string): string {
  const examples = written.slice(0, 3).map(({ text, references }) => `  "${text}"  (${references[0]})`);
  return [
    `${what} ${split}: ${captions} captions`,
    ...Object.entries(metrics).map(([name, value]) => `${name.padEnd(8)} ${value.toFixed(3).padStart(7)}`),
    'the first of them, and what people wrote:',
    ...examples,
    `model ${model.hash.slice(0, 12)}, encoder ${model.encoder}`,
    '',
  ].join('\n');
}
