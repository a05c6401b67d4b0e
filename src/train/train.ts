/** Trains LIMN on the triplets of a dataset and leaves the best epoch's model in the run folder. */
import type { z } from 'zod';
import { LimnError } from '../core/errors.js';
import { type Logger, type OnProgress, silentLogger } from '../core/progress.js';
import { Random } from '../core/random.js';
import { type Split, withoutPictures } from '../data/triplets.js';
import { Vocabulary } from '../encoders/vocabulary.js';
import { evaluate } from '../eval/evaluate.js';
import { findProtocol } from '../eval/protocols.js';
import { type LimnConfigInput, limnConfig } from '../models/config.js';
import { limnTrainingModel } from '../models/limn-graphs.js';
import { LimnModel } from '../models/limn-model.js';
import type { PictureReader } from '../models/picture-reader.js';
import type { PictureSource } from '../models/picture-source.js';
import type { TrainingModel } from '../nn/training.js';
import { Session } from '../runtime/session.js';
import { sizeOf, type Tensor } from '../tensor/tensor.js';
import { RunFolder, type Standing } from './run-folder.js';
import { trainingSettings } from './settings.js';
import { TripletBatches } from './triplet-batches.js';

export interface TrainOptions {
  train: Split;
  val: Split;
  /** Encodes the pictures; the caller closes it. */
  reader: PictureReader;
  /** The run folder. */
  out: string;
  /** What is kept of the data's origin in config.json. */
  dataset: Record<string, unknown>;
  /** The model, where it differs from the defaults of models/config.ts. */
  model?: Partial<LimnConfigInput>;
  /** The training, where it differs from the defaults of train/settings.ts. */
  training?: z.input<typeof trainingSettings>;
  /** @default 1 */
  seed?: number;
  /** Go on from the folder's last checkpoint. @default false */
  resume?: boolean;
  /** What a picture that cannot be read does. @default 'error' */
  onBroken?: 'error' | 'skip';
  /** Fires to stop after writing a checkpoint. */
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
  logger?: Logger;
}

export interface TrainResult {
  /** The folder of the best epoch's model. */
  model: string;
  /** R@K in percent of the best epoch, on validation. */
  bestRecall: Record<string, number>;
  /** The best epoch, from 1. */
  epoch: number;
  steps: number;
  /** Seconds of training and validation, over all runs of this folder. */
  seconds: number;
}

/**
 * Trains, or goes on training.
 *
 * @throws LimnError INTERRUPTED after a checkpoint when `signal` fires; NOT_FINITE naming the step when the loss is no number;
 * USAGE, CONFIG, DATA, CHECKPOINT for what is wrong with the folder, the settings, the data or a checkpoint
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { train: trainSplit, val, reader, out, dataset, seed = 1, resume = false, signal, onProgress } = options;
  const logger = options.logger ?? silentLogger;
  const settings = parse(trainingSettings, options.training ?? {}, 'training settings');
  const protocol = findProtocol(settings.protocol);
  const vocabulary = Vocabulary.build(
    [...trainSplit.triplets.flatMap(({ captions }) => captions), 'and', ...reader.texts(trainSplit.pictures)],
    { minCount: 1 },
  );
  const longest = Math.max(...trainSplit.triplets.map(({ text }) => vocabulary.encode(text, 1).truncated + 1));
  const config = parse(
    limnConfig,
    { words: Math.min(longest, 48), ...options.model, vocabularySize: vocabulary.size, picture: reader.config },
    'model config',
  );
  const encoder = { id: reader.id, ...(reader.description ? { description: reader.description } : {}) };
  const run = await RunFolder.open(
    out,
    { format: 'limn-run-1', dataset, seed, encoder: reader.id, model: config, training: settings },
    resume,
  );
  const read = (split: Split, name: string) =>
    reader.read({
      pictures: split.pictures,
      vocabulary,
      onBroken: options.onBroken ?? 'error',
      signal,
      onProgress: onProgress && ((event) => onProgress({ ...event, stage: `${event.stage} (${name})` })),
    });
  const pictures = await read(trainSplit, 'train');
  const valPictures = await read(val, 'val');
  warnBroken(logger, pictures, valPictures);
  const readableVal = withoutPictures(
    val,
    valPictures.broken.map(({ id }) => id),
  );

  const batches = new TripletBatches(trainSplit, pictures, vocabulary, config, settings, seed);
  const buffers = pictures.statistics(Array.from(pictures.ids.keys()));
  const stepsIn = (stepsPerRun: number) =>
    Math.max(1, Math.floor((settings.epochs * batches.stepsPerEpoch) / stepsPerRun)) * stepsPerRun;
  const build = (stepsPerRun: number) =>
    limnTrainingModel(config, {
      batchSize: settings.batchSize,
      optimizer: {
        learningRate: settings.learningRate,
        totalSteps: stepsIn(stepsPerRun),
        warmupSteps: Math.round(settings.warmup * stepsIn(stepsPerRun)),
        weightDecay: settings.weightDecay,
        clipNorm: settings.clipNorm,
      },
      random: Random.derive(seed, 'initial parameters'),
      buffers,
      stepsPerRun,
      tokensSeen: batches.tokensSeen,
    });
  const graph = settings.stepsPerRun === undefined ? loopedWhereItPays(build) : build(settings.stepsPerRun);
  const { stepsPerRun } = graph;
  const totalSteps = stepsIn(stepsPerRun);
  const checkpoint = await run.loadCheckpoint();
  const standing: Standing = checkpoint?.standing ?? { step: 0, metricsBytes: 0, seconds: 0 };
  const session = await Session.open(graph.model, { label: 'training graph' });
  try {
    const state = checkpoint?.tensors ?? graph.initialState;
    checkState(state, graph.initialState, out);
    await session.setResident(state);
    const names = Object.keys(graph.initialState);
    const save = async () => run.saveCheckpoint(await session.getResident(names), standing);
    const startedAt = performance.now() / 1000 - standing.seconds;
    const elapsed = () => performance.now() / 1000 - startedAt;
    let savedAt = performance.now();
    let window = newWindow();
    const prepare = (step: number) => (step < totalSteps ? batches.feeds(step, stepsPerRun, graph.masks, stepsPerRun > 1) : {});
    let feeds = prepare(standing.step);

    while (standing.step < totalSteps) {
      const running = session.run(feeds, { carry: graph.carry, fetch: graph.reported });
      running.catch(() => {});
      // The next batch is read while this one is computed.
      feeds = prepare(standing.step + stepsPerRun);
      const report = await running;
      checkFinite(report, standing.step);
      const before = standing.step;
      standing.step += stepsPerRun;
      standing.seconds = elapsed();
      addTo(window, report);
      const epoch = standing.step / batches.stepsPerEpoch;
      const best = standing.best
        ? `, best R@${settings.selectBy} ${(standing.best.recall[settings.selectBy] ?? 0).toFixed(2)} (epoch ${standing.best.epoch})`
        : '';
      onProgress?.({
        stage: 'train',
        done: standing.step,
        total: totalSteps,
        note: `loss ${meanOf(window, 'loss').toFixed(3)}${best}`,
      });

      const epochEnds = Math.floor(before / batches.stepsPerEpoch) < Math.floor(epoch) || standing.step === totalSteps;
      if (epochEnds || window.count >= 50) {
        standing.metricsBytes = await run.log({
          kind: 'train',
          step: standing.step,
          epoch,
          ...means(window),
          seconds: standing.seconds,
        });
        window = newWindow();
      }
      if (epochEnds) {
        const parameters = await session.getResident(graph.parameters.map(({ name }) => name));
        const model = new LimnModel({ config, vocabulary, weights: { ...parameters, ...buffers }, encoder });
        const { recall } = await evaluate({
          model,
          split: readableVal,
          pictures: valPictures,
          protocol,
          ks: [1, 10, 50, settings.selectBy],
        });
        const number = Math.round(epoch);
        if (!standing.best || (recall[settings.selectBy] ?? 0) > (standing.best.recall[settings.selectBy] ?? 0)) {
          standing.best = { epoch: number, recall };
          await model.save(run.model);
        }
        await model.close();
        standing.seconds = elapsed();
        standing.metricsBytes = await run.log({
          kind: 'validation',
          step: standing.step,
          epoch: number,
          protocol: protocol.id,
          recall,
          seconds: standing.seconds,
        });
        logger.info(
          `epoch ${number}: ${Object.entries(recall)
            .map(([k, percent]) => `R@${k} ${percent.toFixed(2)}`)
            .join(', ')} (${protocol.id})`,
        );
      }
      const due = performance.now() - savedAt > settings.checkpointSeconds * 1000;
      if (epochEnds || due || signal?.aborted) {
        await save();
        savedAt = performance.now();
      }
      if (signal?.aborted && standing.step < totalSteps) {
        throw new LimnError(
          'INTERRUPTED',
          `Interrupted at step ${standing.step} of ${totalSteps}; the checkpoint is written. Go on with --resume.`,
        );
      }
    }
    if (!standing.best) throw new LimnError('DATA', 'The training ended without a validation.');
    return {
      model: run.model,
      bestRecall: standing.best.recall,
      epoch: standing.best.epoch,
      steps: standing.step,
      seconds: standing.seconds,
    };
  } finally {
    await session.close();
    await pictures.close();
    await valPictures.close();
  }
}

/** Several steps a run for a model so small that the cost of a call matters (docs/decisions/0003). */
function loopedWhereItPays(build: (stepsPerRun: number) => TrainingModel): TrainingModel {
  const flat = build(1);
  const parameters = flat.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return parameters <= 200_000 ? build(4) : flat;
}

function parse<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new LimnError('CONFIG', `Wrong ${what} at ${issue?.path.join('.') || 'the top'}: ${issue?.message}.`, {
    details: { issues: parsed.error.issues },
  });
}

function warnBroken(logger: Logger, ...sources: PictureSource[]): void {
  for (const { broken } of sources) {
    for (const { reason } of broken.slice(0, 3)) logger.warn(reason);
    if (broken.length > 3) logger.warn(`${broken.length - 3} more pictures could not be read and were left out`);
  }
}

function checkState(state: Readonly<Record<string, Tensor>>, expected: Readonly<Record<string, Tensor>>, out: string): void {
  for (const [name, { shape }] of Object.entries(expected)) {
    if (state[name]?.shape.join() !== shape.join()) {
      throw new LimnError(
        'CHECKPOINT',
        `The checkpoint in ${out} does not fit the model (${name}). Choose another --out to train anew.`,
      );
    }
  }
}

function checkFinite(report: Readonly<Record<string, Tensor>>, before: number): void {
  for (const name of ['loss', 'gradientNorm']) {
    const values = report[name]?.data as Float32Array;
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) {
      throw new LimnError(
        'NOT_FINITE',
        `The ${name === 'loss' ? 'loss' : 'gradient norm'} became ${values[at]} at step ${before + at + 1}. Lower the learning rate and go on from the last checkpoint with --resume, or train anew.`,
        {
          details: { step: before + at + 1 },
        },
      );
    }
  }
}

interface Window {
  sums: Map<string, number>;
  count: number;
}

const newWindow = (): Window => ({ sums: new Map(), count: 0 });

function addTo(window: Window, report: Readonly<Record<string, Tensor>>): void {
  for (const [name, { data }] of Object.entries(report)) {
    for (const value of data as Float32Array) window.sums.set(name, (window.sums.get(name) ?? 0) + value);
  }
  window.count += report.loss?.data.length ?? 1;
}

const meanOf = (window: Window, name: string) => (window.sums.get(name) ?? 0) / window.count;
const means = (window: Window) => Object.fromEntries([...window.sums.keys()].map((name) => [name, meanOf(window, name)]));
