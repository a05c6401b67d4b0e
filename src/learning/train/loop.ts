/** Runs a training graph to its end: prefetching, reports, validation, checkpoints, interruption. */
import { LimnError, messageOf } from '../../core/errors.js';
import type { Logger, OnProgress } from '../../core/progress.js';
import { firstMissing } from '../../engine/nn/first-missing.js';
import type { TrainingModel } from '../../engine/nn/training.js';
import type { Device } from '../../engine/runtime/device.js';
import { scheduleName, scheduleShape } from '../../engine/runtime/optimizer/plan.js';
import { Session } from '../../engine/runtime/session.js';
import { type Shape, sizeOf, type Tensor, tensor, zeros } from '../../engine/tensor/tensor.js';
import type { Best, RunFolder, TrainingState } from './run-folder.js';
import { RunningMean } from './running-mean.js';

export type Weights = Record<string, Tensor>;

export interface Validation {
  /** Chooses the epoch whose model is kept; higher is better. */
  score: number;
  /** What was measured, by its name in reports, such as "R@10". */
  values: Record<string, number>;
}

export interface LoopOptions {
  run: RunFolder;
  /** Its initial state is taken out of it, which would be in memory twice. */
  graph: TrainingModel;
  totalSteps: number;
  stepsPerEpoch: number;
  /** Epochs between validations; the end is always validated. */
  validateEvery: number;
  /** The feeds of `graph.stepsPerRun` steps from `step` on. They must depend on `step` alone, so that a resumed run is the same. */
  feeds(step: number): Record<string, Tensor>;
  /** Tensors that all steps read and none changes, one after another. @default none */
  resident?(): Iterable<[name: string, value: Tensor]>;
  /** Measures the parameters. */
  validate(parameters: Weights): Promise<Validation>;
  /** Keeps the parameters of the best epoch so far. */
  keep(parameters: Weights): Promise<void>;
  /** Called when a validation was logged, and its model kept where it was the best so far; the training waits for it. */
  validated?(validation: { epoch: number; isBest: boolean }): Promise<void>;
  /** What {@link Validation.score} is, for the progress line. */
  scoreName: string;
  /** Said beside every validation in metrics.ndjson. */
  labels?: Record<string, string>;
  checkpointSeconds: number;
  /** Whether the run can be resumed with another learning rate, which is then advised where it diverges. */
  changeRate: boolean;
  /** @default `LIMN_DEVICE` or "cpu" */
  device?: Device | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
  logger: Logger;
}

export interface LoopResult {
  best: Best;
  steps: number;
  /** Seconds of training and validation, over all runs of the folder. */
  seconds: number;
}

/**
 * Trains, or goes on from the folder's checkpoint.
 *
 * @throws LimnError INTERRUPTED after a checkpoint when `signal` fires; NOT_FINITE naming the step when the loss is no number;
 * CHECKPOINT for one of another model
 */
export async function trainingLoop(options: LoopOptions): Promise<LoopResult> {
  const { run, graph, totalSteps, stepsPerEpoch, validateEvery, scoreName, labels, device, signal, onProgress, logger } = options;
  const { stepsPerRun } = graph;
  const checkpoint = await run.loadCheckpoint();
  const trainingState: TrainingState = checkpoint?.trainingState ?? { step: 0, metricsBytes: 0, seconds: 0 };
  if (checkpoint?.metricsLost) {
    logger.warn(
      `${checkpoint.metricsLost} bytes of ${run.path}/metrics.ndjson are lost: another program truncated it during this run`,
    );
  }
  const state = checkpoint?.tensors ?? graph.initialState;
  checkState(state, graph.initialState, run.path);
  const shapes = Object.fromEntries(Object.entries(graph.initialState).map(([name, { shape }]) => [name, shape]));
  const startedAt = performance.now() / 1000 - trainingState.seconds;
  const { carry, inPlace, update, clock, packed, flat } = graph;
  const session = await Session.open(graph.model, { label: 'training graph', device, carry, inPlace, update, clock, packed });

  /** Tensors of the state as checkpoints have them. */
  const read = async (names: readonly string[]) =>
    flat ? flat.unpack(names, await session.getResident(flat.residents(names))) : session.getResident(names);
  if (process.env.LIMN_PROFILE) {
    logger.info(`training graph: ${graph.nodes.encoded} nodes of ${graph.nodes.traced} that were traced`);
  }

  const log = async (line: object) => {
    trainingState.seconds = performance.now() / 1000 - startedAt;
    trainingState.metricsBytes = await run.log({ ...line, seconds: trainingState.seconds });
  };
  const validate = async (epoch: number) => {
    const resident = await read(Object.values(graph.kept));
    const parameters = Object.fromEntries(Object.entries(graph.kept).map(([name, stored]) => [name, resident[stored] as Tensor]));
    const { score, values } = await options.validate(parameters);
    const isBest = !trainingState.best || score > trainingState.best.score;
    if (isBest) {
      trainingState.best = { epoch, score, values };
      await options.keep(parameters);
    }
    await log({ kind: 'validation', step: trainingState.step, epoch, ...labels, values });
    const shown = Object.entries(values).map(([name, value]) => `${name} ${value.toFixed(2)}`);
    logger.info(`epoch ${epoch}: ${shown.join(', ')}${labels?.protocol ? ` (${labels.protocol})` : ''}`);
    await options.validated?.({ epoch, isBest });
  };

  try {
    // With these a failed step is computed again while there is no checkpoint yet.
    let start = checkpoint ? undefined : copiesOf(state, graph.parameters);
    await session.setResident(flat ? flat.pack(state) : state, { transfer: true });
    // Neither is used again, and both are large.
    for (const used of [state, graph.initialState]) for (const name of Object.keys(used)) delete used[name];
    for (const [name, value] of options.resident?.() ?? []) await session.setResident({ [name]: value }, { transfer: true });
    const saveCheckpoint = async () => run.saveCheckpoint(await read(Object.keys(shapes)), trainingState);
    let savedAt = performance.now();
    let means = new RunningMean();
    const prepare = (step: number) => (step < totalSteps ? options.feeds(step) : {});
    let feeds = prepare(trainingState.step);
    while (trainingState.step < totalSteps) {
      const running = session.run(feeds, { fetch: graph.reported, transfer: true });
      running.catch(() => {});
      // The next batch is read while this one is computed.
      feeds = prepare(trainingState.step + stepsPerRun);
      const report = await running;
      const failure = notFinite(report);
      if (failure) throw await explained(failure, trainingState.step, { start, shapes }, options);
      const epochBefore = Math.floor(trainingState.step / stepsPerEpoch);
      trainingState.step += stepsPerRun;
      means.add(report);
      const epoch = trainingState.step / stepsPerEpoch;
      const { best } = trainingState;
      const sofar = best ? `, best ${scoreName} ${best.score.toFixed(2)} (epoch ${best.epoch})` : '';
      const note = `loss ${means.of('loss').toFixed(3)}${sofar}`;
      onProgress?.({ stage: 'train', done: trainingState.step, total: totalSteps, note });

      const ended = trainingState.step === totalSteps;
      const epochEnds = ended || epochBefore < Math.floor(epoch);
      const validates = ended || Math.floor(epochBefore / validateEvery) < Math.floor(Math.floor(epoch) / validateEvery);
      if (epochEnds || means.count >= 50) {
        await log({ kind: 'train', step: trainingState.step, epoch, ...means.all() });
        means = new RunningMean();
      }
      if (validates) await validate(Math.round(epoch));
      if (validates || performance.now() - savedAt > options.checkpointSeconds * 1000 || signal?.aborted) {
        await saveCheckpoint();
        start = undefined;
        savedAt = performance.now();
      }
      if (signal?.aborted && trainingState.step < totalSteps) {
        throw new LimnError(
          'INTERRUPTED',
          `Interrupted at step ${trainingState.step} of ${totalSteps}; the checkpoint is written. Continue with --resume.`,
        );
      }
    }
    if (!trainingState.best)
      throw new LimnError('DATA', 'The training ended without a validation. Train for at least one epoch.');
    return { best: trainingState.best, steps: trainingState.step, seconds: trainingState.seconds };
  } finally {
    await session.close();
  }
}

function checkState(state: Readonly<Weights>, expected: Readonly<Weights>, folder: string): void {
  for (const [name, { shape }] of Object.entries(expected)) {
    if (state[name]?.shape.join() !== shape.join()) {
      throw new LimnError(
        'CHECKPOINT',
        `The checkpoint in ${folder} does not fit the model (${name}). Choose another --out to start a new training.`,
      );
    }
  }
}

/** Copies of larger models than this are not kept in memory only to explain a failure. */
const largestCopy = 256 * 2 ** 20;

function copiesOf(state: Readonly<Weights>, parameters: TrainingModel['parameters']): Weights | undefined {
  if (parameters.reduce((bytes, { shape }) => bytes + 4 * sizeOf(shape), 0) > largestCopy) return undefined;
  return Object.fromEntries(
    parameters.map(({ name }) => {
      const { dtype, shape, data } = state[name] as Tensor;
      return [name, tensor(dtype, shape, data.slice())];
    }),
  );
}

interface Failure {
  /** Which step of the run, counted from 0. */
  row: number;
  /** `The loss became NaN`. */
  what: string;
}

function notFinite(report: Readonly<Weights>): Failure | undefined {
  const failures = (['loss', 'gradientNorm'] as const).flatMap((name): Failure[] => {
    const values = report[name]?.data as Float32Array;
    const row = values.findIndex((value) => !Number.isFinite(value));
    return row < 0 ? [] : [{ row, what: `The ${name === 'loss' ? 'loss' : 'gradient norm'} became ${values[row]}` }];
  });
  return failures.sort((a, b) => a.row - b.row)[0];
}

/**
 * The error of a failed step. Its own weights are overwritten by then, so that its batch is computed again with the last weights
 * that are known, and the node where the first NaN arises is named.
 */
async function explained(
  { row, what }: Failure,
  before: number,
  { start, shapes }: { start: Weights | undefined; shapes: Readonly<Record<string, Shape>> },
  { run, graph, feeds, resident, device, changeRate }: LoopOptions,
): Promise<LimnError> {
  const step = before + row + 1;
  const anew = 'start a new training in another folder';
  const goOn = changeRate ? `resume from the last checkpoint with --resume, or ${anew}` : anew;
  const slower = changeRate
    ? `Give the same command with --resume and a lower learning rate (--lr) to resume from the last checkpoint, or ${anew}.`
    : `Lower the learning rate and ${anew}.`;
  const details: Record<string, unknown> = { step };
  let cause = '';
  try {
    const checkpoint = await run.readCheckpoint();
    const weights = checkpoint?.tensors ?? start;
    const at = checkpoint?.trainingState.step ?? 0;
    if (weights) {
      const named = { ...zeroState(shapes), ...weights };
      // Neither loss nor gradients read it.
      const schedule = graph.clock ? { [scheduleName]: zeros('float32', scheduleShape(graph.clock)) } : {};
      const state = graph.flat ? graph.flat.pack(named) : named;
      const fed = { ...schedule, ...feeds(before), ...Object.fromEntries(resident?.() ?? []) };
      const found = await firstMissing({ model: graph.model, state, feeds: fed, row, device });
      if (found) {
        const message = `${what} at step ${step}: computed again with the weights of step ${at}, ${found}. Look at what it reads (a row without a word, a picture of one colour), remove these items or repair the encoder, and ${goOn}.`;
        return new LimnError('NOT_FINITE', message, { details: { ...details, found } });
      }
      cause = ` With the weights of step ${at} the same batch gives numbers, so the weights have grown too far since.`;
    }
  } catch (error) {
    cause = ` (The step could not be computed again: ${messageOf(error)})`;
  }
  return new LimnError('NOT_FINITE', `${what} at step ${step}.${cause} ${slower}`, { details });
}

/** The optimizer's part of the state, which the loss and its gradients do not read. */
function zeroState(shapes: Readonly<Record<string, Shape>>): Weights {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, zeros('float32', shape)]));
}
