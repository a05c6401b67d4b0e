/** What the limn sides of step-race.ts have in common: a training graph in a session, as src/learning/train has it, that steps when it is asked. */
import { writeFile } from 'node:fs/promises';
import {
  drawMasks,
  encodeSafetensors,
  type Random,
  Session,
  sizeOf,
  type Tensor,
  type TrainingModel,
  type TrainingModelOptions,
  tensor,
} from 'limn/engine';
import { drawFloats } from '../lib/drawn-features.js';
import { trainingOperations } from '../lib/operations.js';
import type { Checked } from '../lib/step-race.js';
import { answerSteps } from './answer-steps.js';

type Tensors = Record<string, Tensor>;

export interface TrainOptions {
  threads: number;
  device?: 'cpu' | 'webgpu';
  /** Where ONNX Runtime's profile goes. */
  profile?: string;
  /**
   * A file that the first batch, the initial weights and `buffers` go to, in the place of any training, while the answer is how many
   * operations a step has; the process without it has the same batch and weights.
   */
  write?: string;
  /** The whole state goes in and comes out, as if nothing stayed in the runtime. */
  copied?: boolean;
  /** @default as in src/learning/train: 'runtime' on the CPU, 'flat graph' on a GPU; 'graph' where the state is copied */
  optimizerIn?: TrainingModelOptions['optimizerIn'];
}

export interface Training {
  random: Random;
  buffers?: Tensors;
  options: TrainOptions;
  /** Tensors that the graph reads beside the state, and that stay where it is computed. @default none */
  resident?: Iterable<[name: string, value: Tensor]> | undefined;
}

/** Who takes the optimizer's steps. */
export function optimizerFor({ device = 'cpu', copied = false, optimizerIn }: TrainOptions) {
  if (optimizerIn) return optimizerIn;
  if (copied) return 'graph';
  return device === 'cpu' ? 'runtime' : 'flat graph';
}

/** @param feeds draws a batch, without dropout masks */
export async function trainWhenAsked(graph: TrainingModel, feeds: () => Tensors, training: Training) {
  const { random, buffers = {}, options, resident = [] } = training;
  const { stepsPerRun } = graph;
  const batch = feeds();
  if (options.write) {
    const named = Object.entries(batch).map(([name, value]) => [`batch.${name}`, value]);
    const weights = graph.parameters.map(({ name }) => [name, graph.initialState[name]]);
    await writeFile(options.write, encodeSafetensors({ ...buffers, ...Object.fromEntries([...weights, ...named]) }));
    process.stdout.write(`${JSON.stringify({ operations: trainingOperations(graph.model), nodes: graph.nodes })}\n`);
    return;
  }
  const session = await Session.open(graph.model, {
    threads: options.threads,
    label: 'training graph',
    ...(options.device ? { device: options.device } : {}),
    ...(options.copied
      ? {}
      : { carry: graph.carry, inPlace: graph.inPlace, update: graph.update, clock: graph.clock, packed: graph.packed }),
    ...(options.profile ? { profile: options.profile } : {}),
  });
  const initial = graph.flat ? graph.flat.pack(graph.initialState) : graph.initialState;
  if (!options.copied) await session.setResident(initial, { transfer: true });
  for (const [name, value] of resident) await session.setResident({ [name]: value }, { transfer: true });

  let state = graph.initialState;
  /** @param transfer whether the feeds are given away, as src/learning/train does */
  async function run(fed: Tensors, transfer = false): Promise<Tensors> {
    if (!options.copied) return session.run(fed, { fetch: graph.reported, transfer });
    const result = await session.run({ ...fed, ...state }, { fetch: [...graph.reported, ...Object.keys(graph.carry)] });
    state = Object.fromEntries(Object.entries(graph.carry).map(([output, input]) => [input, result[output]!]));
    return result;
  }

  /** The first batch again and again, without dropout. */
  async function check(steps: number): Promise<Checked> {
    const kept = Object.fromEntries(graph.masks.map(({ name, shape }) => [name, drawFloats(shape, () => 1)]));
    const checked: Checked = { losses: [], norms: [] };
    for (let i = 0; i < steps; i++) {
      const { loss, gradientNorm } = await run({ ...batch, ...kept });
      checked.losses.push(Number(loss!.data[0]));
      checked.norms.push(Number(gradientNorm!.data[0]));
    }
    return checked;
  }

  const prepare = () => ({ ...feeds(), ...masksOf(graph, random) });
  let next = prepare();
  const step = async () => {
    const running = run(next, true);
    // The next batch is drawn while this one is computed.
    next = prepare();
    await running;
  };
  const parameters = graph.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  await answerSteps({ parameters, nodes: graph.nodes }, step, { stepsPerCall: stepsPerRun, check });
  await session.close();
}

/** Freshly drawn dropout masks of one run. */
function masksOf({ masks, stepsPerRun }: TrainingModel, random: Random): Tensors {
  const draws = Array.from({ length: stepsPerRun }, () => drawMasks(masks, random));
  if (stepsPerRun === 1) return draws[0]!;
  return Object.fromEntries(
    masks.map(({ name, shape }) => {
      const data = new Float32Array(stepsPerRun * sizeOf(shape));
      draws.forEach((draw, i) => {
        data.set(draw[name]!.data, i * sizeOf(shape));
      });
      return [name, tensor('float32', [stepsPerRun, ...shape], data)];
    }),
  );
}
