/** limn train */
import { type Command, Option } from 'commander';
import { LimnError } from '../../../core/errors.js';
import type { CommonTrainOptions } from '../../../learning/train/run-training.js';
import { trainingSettings } from '../../../learning/train/settings.js';
import { type TrainResult, train } from '../../../learning/train/train.js';
import { trainCaptioner } from '../../../learning/train/train-captioner.js';
import { backboneFields } from '../../../models/backbone/config.js';
import { captionerConfig } from '../../../models/captioner/captioner-config.js';
import { limn } from '../../../models/methods/limn.js';
import { methods } from '../../../models/methods/methods.js';
import { modelKeys } from '../../../models/methods/model-config.js';
import { TextReader } from '../../../models/retrieval/text-reader.js';
import { addDatasetOptions, type DatasetOptions, openDataset } from '../datasets.js';
import { addPatchOptions, openReader, type ReaderOptions } from '../encoders.js';
import { runLong } from '../long-work.js';
import { nextSteps } from '../next-steps.js';
import { computingCommand, numberOption, required, seedOption } from '../options.js';
import { settingOption } from '../setting-option.js';
import { unknownKey } from '../settings.js';

interface TrainFlags extends DatasetOptions, ReaderOptions {
  task: 'retrieval' | 'caption';
  encoder: string;
  textEncoder?: string;
  textTokens?: number;
  encoderLr?: number;
  accumulate?: number;
  gradientCheckpointing?: boolean;
  method?: string;
  out?: string;
  seed: number;
  resume?: boolean;
  json?: boolean;
  epochs?: number;
  batchSize?: number;
  lr?: number;
  protocol?: string;
  stepsPerRun?: number;
  precision?: 'float32' | 'float16' | 'emulated-float16';
  width?: number;
  factors?: number;
  layers?: number;
  heads?: number;
  textLayers?: number;
  dropout?: number;
  gamma?: number;
  query?: 'both' | 'picture' | 'text';
  /** Only from a config file: any other setting of the model and of the training. */
  model?: Record<string, unknown>;
  training?: Record<string, unknown>;
}

const training = trainingSettings.shape;

export function trainCommand(): Command {
  return addPatchOptions(
    addDatasetOptions(computingCommand('train', 'Train LIMN on triplets of reference, text and target.'))
      .option(
        '--encoder <name>',
        '"patch" (trained with the model), "mobilenetv2", or the JSON file of a frozen encoder',
        'patch',
      )
      .option(
        '--text-encoder <name>',
        'a text encoder that was pulled or imported (default: word vectors trained with the model)',
      )
      .addOption(
        numberOption('--text-tokens <count>', "tokens of a text that its encoder reads (default: the encoder's maximum)", {
          least: 2,
          whole: true,
        }),
      )
      .addOption(
        numberOption(
          '--train-from <block>',
          'train the encoders too, from this block on; 0 trains all of them (default: frozen)',
          {
            least: 0,
            whole: true,
          },
        ),
      )
      .addOption(settingOption('--encoder-lr <rate>', training.encoderLearningRate, { usually: 'as --lr' }))
      .addOption(settingOption('--accumulate <count>', training.accumulate))
      .addOption(settingOption('--gradient-checkpointing', training.gradientCheckpointing))
      .addOption(
        new Option('--task <name>', 'retrieval, or caption: the captioner, which says what changes between two images')
          .choices(['retrieval', 'caption'])
          .default('retrieval'),
      )
      .addOption(
        new Option('--method <name>', 'LIMN, a baseline, or a method of a plug-in (default: "limn")').choices(methods.ids),
      )
      .option('--out <folder>', 'the run folder: config.json, metrics.ndjson, checkpoints/, model/')
      .addOption(settingOption('--epochs <count>', training.epochs))
      .addOption(settingOption('--batch-size <count>', training.batchSize))
      .addOption(settingOption('--lr <rate>', training.learningRate))
      .addOption(seedOption())
      .option('--resume', 'resume from the last checkpoint of --out; --lr and --encoder-lr may be changed')
      .option('--protocol <id>', "protocol of the validation after each epoch (default: the dataset's)")
      .addOption(settingOption('--precision <name>', training.precision, { usually: 'float32' }))
      .addOption(settingOption('--steps-per-run <count>', training.stepsPerRun, { usually: '4 for small models, else 1' }))
      .addOption(settingOption('--width <count>', backboneFields.width))
      .addOption(settingOption('--factors <count>', limn.options.shape.factors))
      .addOption(settingOption('--layers <count>', limn.options.shape.layers))
      .addOption(settingOption('--heads <count>', backboneFields.heads))
      .addOption(settingOption('--text-layers <count>', backboneFields.textLayers))
      .addOption(settingOption('--dropout <chance>', backboneFields.dropout))
      .addOption(settingOption('--gamma <weight>', limn.options.shape.gamma))
      .addOption(settingOption('--query <sides>', limn.options.shape.query))
      .option('--json', 'print the result as JSON')
      .action(runTrain),
  );
}

async function runTrain(flags: TrainFlags): Promise<void> {
  if (flags.task === 'caption') return runTrainCaptioner(flags);
  const out = required(flags.out, '--out', 'train');
  const { method, width, factors, layers, heads, textLayers, dropout, gamma, query } = flags;
  const model = {
    ...checked(flags.model, modelKeys(method ?? flags.model?.method), 'model'),
    ...defined({ method, width, factors, layers, heads, textLayers, dropout, gamma, query }),
  };
  if (flags.trainFrom !== undefined && flags.encoder === 'patch' && flags.textEncoder === undefined) {
    const message = `--train-from chooses the blocks of an encoder from a file, but "patch" is always trained as a whole: leave it out, or give --encoder or --text-encoder.`;
    throw new LimnError('USAGE', message);
  }
  const training = trainingOf(flags);
  const result = await withData(flags, async (data, defaultProtocol) => {
    const text = await openText(flags);
    try {
      return await train({ ...data, text, out, model, training: { protocol: defaultProtocol, ...training } });
    } finally {
      await text.close();
    }
  });
  if (flags.json) return void process.stdout.write(`${JSON.stringify(result)}\n`);
  process.stdout.write(`${result.model}\n${bestEpoch(result)}\n${nextSteps(out)}\n`);
}

/** Each recall with what a random ranking is expected to have. */
function bestEpoch({ epoch, bestRecall, chance }: TrainResult): string {
  const recalls = Object.entries(bestRecall).map(
    ([k, percent]) => `R@${k} ${percent.toFixed(2)} (by chance ${(chance[k] ?? 0).toFixed(2)})`,
  );
  return `best epoch ${epoch}: ${recalls.join(', ')}`;
}

/** The settings that every task has. */
function trainingOf(flags: TrainFlags): Record<string, unknown> {
  const { epochs, batchSize, protocol, stepsPerRun, precision, accumulate, gradientCheckpointing, lr, encoderLr } = flags;
  return {
    ...checked(flags.training, Object.keys(trainingSettings.shape), 'training'),
    ...defined({ epochs, batchSize, protocol, stepsPerRun, precision, accumulate, gradientCheckpointing }),
    ...defined({ learningRate: lr, encoderLearningRate: encoderLr }),
  };
}

async function runTrainCaptioner(flags: TrainFlags): Promise<void> {
  const out = required(flags.out, '--out', 'train');
  const ofRetrieval = ['method', 'query', 'factors', 'gamma', 'protocol', 'textEncoder', 'trainFrom'] as const;
  const foreign = ofRetrieval.find((name) => flags[name] !== undefined);
  if (foreign) throw new LimnError('USAGE', `"${foreign}" is not supported with "--task caption": leave it out.`);
  const { width, layers, heads, textLayers, dropout } = flags;
  const model = {
    ...checked(flags.model, Object.keys(captionerConfig.shape), 'model'),
    ...defined({ width, layers, heads, textLayers, dropout }),
  };
  const training = trainingOf(flags);
  const result = await withData(flags, (data) => trainCaptioner({ ...data, out, model, training }));
  if (flags.json) return void process.stdout.write(`${JSON.stringify(result)}\n`);
  const metrics = Object.entries(result.metrics).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  process.stdout.write(`${result.model}\nbest epoch ${result.epoch}: ${metrics.join(', ')}\n`);
}

type TrainingData = Omit<CommonTrainOptions, 'out' | 'training'>;

/** Calls `work` with the dataset's splits, an open reader and what else every training is given. */
function withData<T>(flags: TrainFlags, work: (data: TrainingData, defaultProtocol: string) => Promise<T>): Promise<T> {
  return runLong(async (tools) => {
    const { origin, defaultProtocol, split } = await openDataset('train', flags, tools);
    const splits = { train: await split('train'), val: await split('val') };
    const reader = await openReader(flags.encoder, flags);
    try {
      const { seed, resume = false } = flags;
      const onBroken = flags.skipBroken ? 'skip' : 'error';
      return await work(
        { ...splits, reader, dataset: origin, seed, resume, changeRate: true, onBroken, ...tools },
        defaultProtocol,
      );
    } finally {
      await reader.close();
    }
  });
}

async function openText({ textEncoder, textTokens, trainFrom }: TrainFlags): Promise<TextReader> {
  if (textEncoder !== undefined) return TextReader.open({ encoder: textEncoder, tokens: textTokens, trainFrom });
  if (textTokens !== undefined) throw new LimnError('USAGE', '--text-tokens needs --text-encoder: give that too.');
  return TextReader.words();
}

/** Without the keys whose value is undefined, so that they leave alone what they are spread over. */
function defined(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));
}

/** Settings of a config file whose keys are known; their values are checked where they are used. */
function checked(given: Record<string, unknown> = {}, known: readonly string[], section: string): Record<string, unknown> {
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown === undefined) return given;
  const named = (key: string) => `train.${section}.${key}`;
  throw unknownKey('The config file', named(unknown), known.map(named));
}
