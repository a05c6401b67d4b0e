/** limn self-train */
import type { Command } from 'commander';
import { writeSelfTrainReport } from '../../train/self-training/report.js';
import { selfTrain } from '../../train/self-training/self-train.js';
import { selfTrainSettings } from '../../train/self-training/settings.js';
import { addDatasetOptions, type DatasetOptions, openDataset } from '../datasets.js';
import { openReader, type ReaderOptions } from '../encoders.js';
import { runLong } from '../long-work.js';
import { newCommand, numberOption, required } from '../options.js';
import { unknownKey } from '../settings.js';

interface SelfTrainFlags extends DatasetOptions, ReaderOptions {
  encoder: string;
  out?: string;
  seed: number;
  rounds?: number;
  labels?: number;
  resume?: boolean;
  json?: boolean;
  /** Only from a config file; see train/self-training/settings.ts. */
  selfTraining?: Record<string, unknown>;
}

export function selfTrainCommand(): Command {
  return addDatasetOptions(
    newCommand('self-train', 'LIMN+: train LIMN and the captioner in rounds, on labels and on texts that they write and judge.'),
  )
    .option('--encoder <name>', '"patch" (trained with the rest), a frozen encoder by name, or its JSON file', 'patch')
    .option('--out <folder>', 'the run folder: round-N/, limn/, captioner/, result.json, report.html')
    .addOption(numberOption('--rounds <count>', 'rounds behind round 0 (default: 2)', { least: 0, whole: true }))
    .addOption(
      numberOption('--labels <share>', 'of the labelled triplets that is used (default: 1)', { least: 0, most: 1, above: true }),
    )
    .addOption(
      numberOption('--seed <number>', 'of everything that is drawn', { least: 0, most: 0xffffffff, whole: true }).default(1),
    )
    .option('--resume', 'go on with what --out holds; finished stages are not done again')
    .addOption(numberOption('--picture-size <pixels>', 'of the patch encoder', { least: 8, most: 512, whole: true }).default(64))
    .addOption(numberOption('--patch-size <pixels>', 'of the patch encoder', { least: 2, whole: true }).default(8))
    .addOption(numberOption('--patch-layers <count>', 'of the patch encoder', { least: 0, whole: true }).default(2))
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nPairs, judging, mixing, decoding and both models are set in a config file, as "selfTraining".')
    .action(runSelfTrain);
}

async function runSelfTrain(flags: SelfTrainFlags): Promise<void> {
  const out = required(flags.out, '--out', 'self-train');
  const { rounds, labels } = flags;
  const settings: Record<string, unknown> = {
    ...checked(flags.selfTraining),
    ...(rounds === undefined ? {} : { rounds }),
    ...(labels === undefined ? {} : { labels }),
  };
  const { result, page } = await runLong(async (tools) => {
    const dataset = await openDataset('self-train', flags, tools);
    const [train, val] = [await dataset.split('train'), await dataset.split('val')];
    const reader = await openReader(flags.encoder, flags);
    try {
      const withProtocol = { ...settings, limn: protocolOf(settings.limn, dataset.defaultProtocol) };
      const found = await selfTrain({
        train,
        val,
        reader,
        out,
        dataset: dataset.origin,
        settings: withProtocol,
        seed: flags.seed,
        resume: flags.resume ?? false,
        ...tools,
      });
      const about = `${dataset.origin.name} ${dataset.origin.category ?? ''}, encoder ${reader.id}, seed ${flags.seed}`;
      return { result: found, page: await writeSelfTrainReport({ out, result: found, pictures: train.pictures, about }) };
    } finally {
      await reader.close();
    }
  });
  if (flags.json) return void process.stdout.write(`${JSON.stringify({ ...result, report: page })}\n`);
  const lines = result.rounds.map(({ round, recall, trainedOn }) => {
    const shown = Object.entries(recall).map(([k, percent]) => `R@${k} ${percent.toFixed(2)}`);
    return `round ${round}${round === result.best ? ' (best)' : ''}: ${shown.join(', ')}; ${trainedOn.labelled} labelled and ${trainedOn.pseudo} pseudo triplets`;
  });
  process.stdout.write(`${lines.join('\n')}\n${result.limn}\n${page}\n`);
}

/** LIMN's settings with the protocol of the dataset, unless they name one. */
function protocolOf(limn: unknown, protocol: string): object {
  const { model, training } = (limn ?? {}) as { model?: object; training?: object };
  return { ...(model ? { model } : {}), training: { protocol, ...training } };
}

function checked(given: Record<string, unknown> = {}): Record<string, unknown> {
  const known = Object.keys(selfTrainSettings.shape);
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown === undefined) return given;
  const named = (key: string) => `self-train.selfTraining.${key}`;
  throw unknownKey('The config file', named(unknown), known.map(named));
}
