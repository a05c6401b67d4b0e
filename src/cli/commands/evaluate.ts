/** limn evaluate */

import { type Command, Option } from 'commander';
import type { SplitName } from '../../data/triplets.js';
import { withoutPictures } from '../../data/triplets.js';
import { type EvaluationReport, evaluate } from '../../eval/evaluate.js';
import { findProtocol, protocols } from '../../eval/protocols/index.js';
import { LimnModel } from '../../models/limn-model.js';
import { addDatasetOptions, type DatasetOptions, openDataset } from '../datasets.js';
import { runLong } from '../long-work.js';
import { newCommand, required } from '../options.js';

interface EvaluateFlags extends DatasetOptions {
  model?: string;
  split: SplitName;
  protocol: string;
  json?: boolean;
}

export function evaluateCommand(): Command {
  return addDatasetOptions(newCommand('evaluate', 'Measure the recall of a model under a named protocol.'))
    .option('--model <folder>', 'a run folder, or the model in it')
    .addOption(new Option('--split <name>', 'the part of the data').choices(['train', 'val', 'test']).default('val'))
    .option('--protocol <id>', `one of ${protocols.map(({ id }) => id).join(', ')}`, 'fashioniq-original-ref-excluded')
    .option('--json', 'print the report as JSON')
    .action(runEvaluate);
}

async function runEvaluate(flags: EvaluateFlags): Promise<void> {
  const folder = required(flags.model, '--model', 'evaluate');
  const protocol = findProtocol(flags.protocol);
  const model = await LimnModel.open(folder);
  try {
    const { report, origin } = await runLong(async (tools) => {
      const dataset = await openDataset('evaluate', flags, tools);
      const split = await dataset.split(flags.split);
      const reader = await model.openReader();
      try {
        const onBroken = flags.skipBroken ? 'skip' : 'error';
        const pictures = await reader.read({ pictures: split.pictures, onBroken, ...tools });
        try {
          const usable = withoutPictures(
            split,
            pictures.broken.map(({ id }) => id),
          );
          return { report: await evaluate({ model, split: usable, pictures, protocol, ...tools }), origin: dataset.origin };
        } finally {
          await pictures.close();
        }
      } finally {
        await reader.close();
      }
    });
    const command = `limn ${process.argv.slice(2).join(' ')}`;
    if (flags.json) process.stdout.write(`${JSON.stringify({ ...report, dataset: origin, command }, undefined, 2)}\n`);
    else process.stdout.write(asText(report, origin.category ?? origin.name));
  } finally {
    await model.close();
  }
}

function asText(report: EvaluationReport, data: string): string {
  const recall = Object.entries(report.recall).map(([k, percent]) => `R@${k.padEnd(4)} ${percent.toFixed(2).padStart(6)}`);
  const counts = `${report.queries} queries, gallery of ${report.gallery}, ${report.missing} pictures missing`;
  return [
    `${data} ${report.split}, protocol ${report.protocol}: ${counts}`,
    ...recall,
    `model ${report.model.hash.slice(0, 12)}, encoder ${report.model.encoder}`,
    '',
  ].join('\n');
}
