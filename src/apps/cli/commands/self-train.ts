/** limn self-train */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { LimnError } from '../../../core/errors.js';
import { type DatasetImage, type SplitName, splitNames } from '../../../learning/data/triplets.js';
import { heldOutNote, recallText, writeSelfTrainReport } from '../../../learning/self-training/report.js';
import type { RoundResult, SelfTrainResult } from '../../../learning/self-training/rounds.js';
import { selfTrain } from '../../../learning/self-training/self-train.js';
import { selfTrainSettings } from '../../../learning/self-training/settings.js';
import type { ModelFolders } from '../../../learning/self-training/work.js';
import type { ImageEncoderRuntime } from '../../../models/retrieval/image-encoder-runtime.js';
import { RetrievalModel } from '../../../models/retrieval/retrieval-model.js';
import { passedOverNote } from '../../../search/gallery/ingest/passed-over.js';
import { scanFolder } from '../../../search/gallery/ingest/scan.js';
import { addDatasetOptions, type DatasetOptions, openDataset } from '../datasets.js';
import { addPatchOptions, openReader, type ReaderOptions } from '../encoders.js';
import { type LongWork, runLong } from '../long-work.js';
import { computingCommand, required, seedOption } from '../options.js';
import { settingOption } from '../setting-option.js';
import { unknownKey } from '../settings.js';

interface SelfTrainFlags extends DatasetOptions, ReaderOptions {
  testSplit?: SplitName;
  pool?: string;
  limn?: string;
  captioner?: string;
  encoder: string;
  out?: string;
  seed: number;
  rounds?: number;
  labels?: number;
  minutes?: number;
  resume?: boolean;
  json?: boolean;
  /** Only from a config file; see train/self-training/settings.ts. */
  selfTraining?: Record<string, unknown>;
}

export function selfTrainCommand(): Command {
  return addPatchOptions(
    addDatasetOptions(
      computingCommand('self-train', 'LIMN+: train LIMN and the captioner in rounds, on labels and on generated texts.'),
    )
      .addOption(
        new Option('--test-split <name>', 'a split that is evaluated once, at the end (default: none)').choices(splitNames),
      )
      .option('--pool <folder>', 'a folder of more images, without labels; subfolders are read too')
      .option('--limn <folder>', 'a trained LIMN to start from, instead of round 0; needs --captioner')
      .option('--captioner <folder>', 'a trained captioner to start from; needs --limn')
      .option(
        '--encoder <name>',
        '"patch" (trained with the model), a frozen encoder by name, or its JSON file; if not given, that of --limn',
        'patch',
      )
      .option('--out <folder>', 'the run folder: round-N/, limn/, captioner/, result.json, report.html')
      .addOption(settingOption('--rounds <count>', selfTrainSettings.shape.rounds))
      .addOption(settingOption('--labels <share>', selfTrainSettings.shape.labels))
      .addOption(settingOption('--minutes <count>', selfTrainSettings.shape.minutes, { usually: 'as long as it takes' }))
      .addOption(seedOption())
      .option('--resume', 'resume the run in --out; finished stages are not repeated')
      .option('--json', 'print the result as JSON')
      .addHelpText(
        'after',
        '\nPairs, judging, mixing, decoding and both models are set in a config file, as "selfTraining".' +
          '\nWithout --data, --pool with --limn and --captioner trains on a folder that has no labels at all.',
      )
      .action(runSelfTrain),
  );
}

async function runSelfTrain(flags: SelfTrainFlags, command: Command): Promise<void> {
  const out = required(flags.out, '--out', 'self-train');
  const isNamed = (option: 'dataset' | 'encoder') => command.getOptionValueSource(option) !== 'default';
  const given = givenModels(flags);
  const labelled = flags.pool === undefined || flags.data !== undefined || isNamed('dataset');
  if (!labelled) checkWithoutLabels(flags, given);
  const { rounds, labels, minutes, seed, resume = false } = flags;
  const settings: Record<string, unknown> = {
    ...checked(flags.selfTraining),
    ...(rounds === undefined ? {} : { rounds }),
    ...(labels === undefined ? {} : { labels }),
    ...(minutes === undefined ? {} : { minutes }),
  };
  const { result, page } = await runLong(async (tools) => {
    const { splits, origin, protocol } = labelled ? await labelledData(flags, tools) : unlabelled;
    const pool = await imagesIn(flags.pool);
    const reader = given && !isNamed('encoder') ? await readerOf(given) : await openReader(flags.encoder, flags);
    try {
      const found = await selfTrain({
        ...splits,
        pool,
        given,
        reader,
        out,
        dataset: { ...origin, ...(flags.pool === undefined ? {} : { pool: flags.pool }) },
        settings: { ...settings, limn: withProtocol(settings.limn, protocol) },
        seed,
        resume,
        onBroken: flags.skipBroken ? 'skip' : 'error',
        ...tools,
      });
      const data = [
        ...(origin ? [[origin.name, origin.category].filter(Boolean).join(' ')] : []),
        ...(flags.pool === undefined ? [] : [`pictures of ${flags.pool}`]),
      ];
      const about = `${data.join(' and ')}, encoder ${reader.id}, seed ${seed}`;
      const images = [...(splits.train?.images ?? []), ...pool];
      return { result: found, page: await writeSelfTrainReport({ out, result: found, images, about }) };
    } finally {
      await reader.close();
    }
  });
  process.stdout.write(flags.json ? `${JSON.stringify({ ...result, report: page })}\n` : asText(result, page));
}

function asText({ rounds, best, validation, test, limn }: SelfTrainResult, page: string): string {
  const byLabels = validation === 'labels';
  const learned = ({ given, trainedOn, heldOut }: RoundResult) =>
    given
      ? 'the given models'
      : `${trainedOn.labelled} labelled and ${trainedOn.pseudo} pseudo triplets${heldOut === undefined ? '' : `, validated on ${heldOut} held-out pseudo triplets`}`;
  const mark = byLabels ? ' (best)' : ' (kept)';
  return [
    ...rounds.map((one) => `round ${one.round}${one.round === best ? mark : ''}: ${recallText(one.recall)}; ${learned(one)}`),
    ...(byLabels ? [] : [`without labels to validate on, ${heldOutNote}`]),
    ...(test ? [`test of round ${best}, measured once: ${recallText(test)}`] : []),
    limn,
    page,
    '',
  ].join('\n');
}

/** Both models or none. */
function givenModels({ limn, captioner }: SelfTrainFlags): ModelFolders | undefined {
  if (limn === undefined && captioner === undefined) return undefined;
  if (limn !== undefined && captioner !== undefined) return { limn, captioner };
  const [has, lacks] = limn === undefined ? ['--captioner', '--limn'] : ['--limn', '--captioner'];
  throw new LimnError('USAGE', `${has} needs ${lacks} as well: one model writes the texts, the other judges them.`);
}

function checkWithoutLabels(flags: SelfTrainFlags, given: ModelFolders | undefined): void {
  if (!given) {
    const message =
      'limn self-train needs labels (--data) or trained models (--limn and --captioner) to begin with; --pool alone has neither.';
    throw new LimnError('USAGE', message);
  }
  const ofLabels = ['category', 'spelling', 'skipMissing', 'testSplit', 'labels'] as const;
  const idle = ofLabels.find((name) => flags[name] !== undefined);
  if (idle) throw new LimnError('USAGE', `"${idle}" needs labels: leave it out, or give --data too.`);
}

const unlabelled = { splits: { train: undefined, val: undefined, test: undefined }, origin: undefined, protocol: 'triplets' };

async function labelledData(flags: SelfTrainFlags, tools: LongWork) {
  const { testSplit } = flags;
  if (testSplit === 'train' || testSplit === 'val') {
    const used = testSplit === 'train' ? 'is trained on' : 'chooses epochs and rounds';
    throw new LimnError('USAGE', `The split "${testSplit}" ${used}, so it cannot be a test as well: give another --test-split.`);
  }
  const { origin, defaultProtocol, split } = await openDataset('self-train', flags, tools);
  const [train, val] = [await split('train'), await split('val')];
  const test = testSplit && (await split(testSplit));
  return { splits: { train, val, test }, origin, protocol: defaultProtocol };
}

async function imagesIn(folder: string | undefined): Promise<DatasetImage[]> {
  if (folder === undefined) return [];
  const { paths, passedOver } = await scanFolder(folder);
  const note = passedOverNote(passedOver);
  if (note) process.stderr.write(`${note}\n`);
  return paths.map((id) => ({ id, path: join(folder, id) }));
}

/** The reader that the given LIMN was trained with. */
async function readerOf({ limn }: ModelFolders): Promise<ImageEncoderRuntime> {
  return (await RetrievalModel.open(limn)).openReader();
}

/** LIMN's settings with the protocol of the dataset, unless they name one. */
function withProtocol(limn: unknown, protocol: string): object {
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
