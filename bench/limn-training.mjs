/** What the limn sides of step-race.mjs have in common: a training graph in a session, as src/learning/train has it, that steps when it is asked. */
import { writeFile } from 'node:fs/promises';
import { drawMasks } from '../dist/engine/nn/training.js';
import { Session } from '../dist/engine/runtime/session.js';
import { encodeSafetensors } from '../dist/engine/tensor/safetensors.js';
import { sizeOf } from '../dist/engine/tensor/tensor.js';
import { answerSteps } from './answer-steps.mjs';
import { drawFloats } from './drawn-features.mjs';
import { trainingOperations } from './operations.mjs';

/** Who takes the optimizer's steps, as in src/learning/train: the runtime on the CPU, unless the state is to be copied or the options say so. */
export const optimizerFor = ({
  device = 'cpu',
  copied = false,
  optimizerIn = device === 'cpu' && !copied ? 'runtime' : 'graph',
}) => optimizerIn;

/**
 * @param graph of trainingModel
 * @param feeds draws a batch, without dropout masks
 * @param options `write`: a file that the first batch, the initial weights and `buffers` go to, in the place of any training, while the
 * answer is how many operations a step has; the process without it has the same batch and weights. `copied`: the whole state goes in
 * and comes out, as if nothing stayed in the runtime
 */
export async function trainWhenAsked(graph, feeds, { random, buffers = {}, options }) {
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
    device: options.device,
    threads: options.threads,
    label: 'training graph',
    ...(options.copied ? {} : { carry: graph.carry, inPlace: graph.inPlace, update: graph.update }),
    ...(options.profile ? { profile: options.profile } : {}),
  });
  const initial = graph.flat ? graph.flat.pack(graph.initialState) : graph.initialState;
  if (!options.copied) await session.setResident(initial, { transfer: true });

  let state = graph.initialState;
  /** @param transfer whether the feeds are given away, as src/learning/train does */
  async function run(fed, transfer = false) {
    if (!options.copied) return session.run(fed, { fetch: graph.reported, transfer });
    const result = await session.run({ ...fed, ...state }, { fetch: [...graph.reported, ...Object.keys(graph.carry)] });
    state = Object.fromEntries(Object.entries(graph.carry).map(([output, input]) => [input, result[output]]));
    return result;
  }

  /** The first batch again and again, without dropout. */
  async function check(steps) {
    const kept = Object.fromEntries(graph.masks.map(({ name, shape }) => [name, drawFloats(shape, () => 1)]));
    const checked = { losses: [], norms: [] };
    for (let i = 0; i < steps; i++) {
      const { loss, gradientNorm } = await run({ ...batch, ...kept });
      checked.losses.push(loss.data[0]);
      checked.norms.push(gradientNorm.data[0]);
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
function masksOf({ masks, stepsPerRun }, random) {
  const draws = Array.from({ length: stepsPerRun }, () => drawMasks(masks, random));
  if (stepsPerRun === 1) return draws[0];
  return Object.fromEntries(
    masks.map(({ name, shape }) => {
      const data = new Float32Array(stepsPerRun * sizeOf(shape));
      draws.forEach((draw, i) => {
        data.set(draw[name].data, i * sizeOf(shape));
      });
      return [name, { dtype: 'float32', shape: [stepsPerRun, ...shape], data }];
    }),
  );
}
