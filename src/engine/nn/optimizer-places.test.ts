/** A training whose optimizer the runtime has, against the same training with the optimizer in its graph. */

import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it, test } from 'vitest';
import { relativeError } from '../../../test/fixtures/fixture.js';
import { Random } from '../../core/random.js';
import * as f from '../graph/functions.js';
import { ModelProtoSchema } from '../graph/proto/onnx_pb.js';
import { randomTensor } from '../graph/testing/evaluate.js';
import { Session } from '../runtime/session.js';
import { float32, type Tensor, tensor } from '../tensor/tensor.js';
import { linear } from './layers.js';
import { type TrainingModel, type TrainingModelOptions, trainingModel } from './training.js';

const [rows, steps] = [4, 6];

type Changes = Partial<Omit<TrainingModelOptions, 'optimizer'>> & { optimizer?: Partial<TrainingModelOptions['optimizer']> };

/** Its largest parameter is longer than what the optimizer takes at a time, and most do not fill vectors of four. */
function regression({ optimizer = {}, ...changes }: Changes = {}): TrainingModel {
  return trainingModel({
    inputs: { x: { dtype: 'float32', shape: [rows, 6] }, ids: { dtype: 'int64', shape: [rows] } },
    trace: (context, { x, ids }) => {
      const table = context.parameter('table', [1501, 7], (random, shape) => randomTensor(random, shape).data, {
        decay: false,
        learningRateScale: 0.5,
      });
      const hidden = f.gelu(f.add(linear(context, 'in', x!, 7), f.gather(table, ids!)));
      const y = linear(context, 'out', hidden, 3);
      return { loss: f.reduceMean(f.mul(y, y)), metrics: { largest: f.reduceMax(y) } };
    },
    optimizer: { learningRate: 0.05, totalSteps: steps, warmupSteps: 2, clipNorm: 0.05, weightDecay: 0.1, ...optimizer },
    random: new Random(3),
    ...changes,
  });
}

const x = randomTensor(new Random(4), [steps, rows, 6]);
const feedsOf = (step: number) => ({
  x: float32([rows, 6], x.data.slice(step * rows * 6, (step + 1) * rows * 6)),
  ids: tensor('int64', [rows], BigInt64Array.from([0, 1500, step, step], BigInt)),
});

interface Trained {
  reports: Record<string, number>[];
  state: Record<string, Tensor>;
}

async function train(model: TrainingModel, from = 0, state = model.initialState): Promise<Trained> {
  const { carry, inPlace, update, clock, flat, packed } = model;
  const session = await Session.open(model.model, { threads: 1, carry, inPlace, update, clock, packed });
  try {
    await session.setResident(flat ? flat.pack(state) : state);
    const reports: Record<string, number>[] = [];
    for (let step = from; step < steps; step++) {
      const report = await session.run(feedsOf(step));
      expect(Object.keys(report).sort()).toEqual([...model.reported].sort());
      reports.push(Object.fromEntries(Object.entries(report).map(([name, { data }]) => [name, Number(data[0])])));
    }
    const names = Object.keys(model.initialState);
    if (!flat) return { reports, state: await session.getResident(names) };
    expect(flat.residents(names).length).toBeLessThan(names.length);
    return { reports, state: flat.unpack(names, await session.getResident(flat.residents(names))) };
  } finally {
    await session.close();
  }
}

function expectClose(actual: Trained, expected: Trained): void {
  expect(Object.keys(actual.state)).toEqual(Object.keys(expected.state));
  for (const [name, value] of Object.entries(expected.state)) {
    expect(actual.state[name]?.shape, name).toEqual(value.shape);
    expect(relativeError(actual.state[name], value), name).toBeLessThan(1e-5);
  }
  actual.reports.forEach((report, i) => {
    for (const [name, value] of Object.entries(expected.reports[i]!)) {
      // The rate of the last step is 0.
      expect(Math.abs(report[name]! - value), name).toBeLessThan(1e-5 * Math.max(Math.abs(value), 1e-3));
    }
  });
}

const kinds: Record<string, Changes> = {
  'with clipping, decay, warm-up and a slower group': {},
  'without clipping': { optimizer: { clipNorm: 0 } },
  'without decay, to a rate that is not 0': { optimizer: { weightDecay: 0, finalFraction: 0.3, warmupSteps: 0 } },
  'with other betas': { optimizer: { beta1: 0.5, beta2: 0.9, epsilon: 1e-4 } },
  'with an average of its parameters': { optimizer: { averageDecay: 0.4 } },
  'over several batches a step': { accumulate: 3, optimizer: { totalSteps: 2, warmupSteps: 1 } },
  'over several batches a step, with an average': { accumulate: 2, optimizer: { totalSteps: 3, averageDecay: 0.9 } },
};

describe('a training with its optimizer over a few vectors in the graph', () => {
  test.each(Object.entries(kinds))('%s is that of single parameters', async (_, changes) => {
    const model = regression({ ...changes, optimizerIn: 'flat graph' });
    // One vector comes back from a step, whatever is reported.
    const outputs = fromBinary(ModelProtoSchema, model.model).graph?.output.map(({ name }) => name) ?? [];
    expect(outputs.filter((name) => !(name in model.carry))).toEqual(['report']);
    // The learning rate comes from the clock where that is kept beside the graph.
    const beside = model.clock ? ['learningRate'] : [];
    expect([...(model.packed?.report ?? []), ...beside].sort()).toEqual([...model.reported].sort());
    expect(model.carry['next.clock.step']).toBe(model.clock ? undefined : 'clock.step');
    expect(Object.values(model.carry).filter((name) => name.startsWith('first.'))).toHaveLength(3);
    expectClose(await train(model), await train(regression(changes)));
  });

  it('gives the same bits again, and from a checkpoint of its middle, and keeps its clock where a run fails', async () => {
    const changes: Changes = { optimizer: { averageDecay: 0.9 }, optimizerIn: 'flat graph' };
    const whole = await train(regression(changes));
    expect(await train(regression(changes))).toEqual(whole);
    const model = regression(changes);
    const { carry, clock, packed, flat, initialState } = model;
    const session = await Session.open(model.model, { threads: 1, carry, clock, packed });
    await session.setResident(flat!.pack(initialState));
    for (let step = 0; step < 3; step++) {
      await expect(session.run({ ...feedsOf(step), x: float32([1, 6], new Float32Array(6)) })).rejects.toThrow();
      await session.run(feedsOf(step));
    }
    const names = Object.keys(initialState);
    const middle = flat!.unpack(names, await session.getResident(flat!.residents(names)));
    await session.close();
    expect(middle['clock.step']).toEqual(float32([], [3]));
    const resumed = await train(model, 3, middle);
    expect(resumed.state).toEqual(whole.state);
    expect(resumed.reports).toEqual(whole.reports.slice(3));
  });

  it('of more parameters than one node joins has each in its place', async () => {
    const many = (optimizerIn: 'graph' | 'flat graph') =>
      trainingModel({
        inputs: {},
        trace: (context) => {
          const losses = Array.from({ length: 60 }, (_, i) => {
            const shape = i % 2 === 0 ? [1 + (i % 5)] : [2, 1 + (i % 3)];
            const value = context.parameter(`p${i}`, shape, (random) => randomTensor(random, shape).data);
            return f.reduceSum(f.mul(f.mul(value, value), i + 1));
          });
          return { loss: losses.reduce((sum, loss) => f.add(sum, loss)) };
        },
        optimizer: { learningRate: 0.05, totalSteps: 9 },
        random: new Random(3),
        optimizerIn,
      });
    const run = async (model: TrainingModel) => {
      const { flat, carry, clock } = model;
      const session = await Session.open(model.model, { threads: 1, carry, clock });
      await session.setResident(flat ? flat.pack(model.initialState) : model.initialState);
      for (let step = 0; step < 3; step++) await session.run({});
      const names = Object.keys(model.initialState);
      const read = await session.getResident(flat ? flat.residents(names) : names);
      await session.close();
      return { reports: [], state: flat ? flat.unpack(names, read) : read };
    };
    expectClose(await run(many('flat graph')), await run(many('graph')));
  });
});

describe('a training with its optimizer in the runtime', () => {
  test.each(Object.entries(kinds))('%s is that of the graph', async (_, changes) => {
    const model = regression({ ...changes, optimizerIn: 'runtime' });
    expect(model.carry).toEqual({});
    const moved = await train(model);
    expectClose(moved, await train(regression(changes)));
    expect(relativeError(moved.state.table, model.initialState.table)).toBeGreaterThan(1e-3);
  });

  it('gives the same bits again, and from a checkpoint of its middle', async () => {
    const changes: Changes = { accumulate: 2, optimizer: { averageDecay: 0.9 }, optimizerIn: 'runtime' };
    const whole = await train(regression(changes));
    expect(await train(regression(changes))).toEqual(whole);
    const model = regression(changes);
    const session = await Session.open(model.model, { threads: 1, update: model.update });
    await session.setResident(model.initialState);
    for (let step = 0; step < 3; step++) await session.run(feedsOf(step));
    const middle = await session.getResident(Object.keys(model.initialState));
    await session.close();
    const resumed = await train(model, 3, middle);
    expect(resumed.state).toEqual(whole.state);
    expect(resumed.reports).toEqual(whole.reports.slice(3));
  });

  it('goes on from a checkpoint of one in the graph', async () => {
    const inGraph = regression();
    const session = await Session.open(inGraph.model, { threads: 1, carry: inGraph.carry });
    await session.setResident(inGraph.initialState);
    for (let step = 0; step < 3; step++) await session.run(feedsOf(step));
    const middle = await session.getResident(Object.keys(inGraph.initialState));
    await session.close();
    const resumed = await train(regression({ optimizerIn: 'runtime' }), 3, middle);
    expectClose({ ...resumed, reports: [] }, await train(inGraph));
  });

  it('shows a batch that is not finite in the loss and the gradient norm', async () => {
    const model = regression({ optimizerIn: 'runtime' });
    const session = await Session.open(model.model, { threads: 1, update: model.update });
    await session.setResident(model.initialState);
    const broken = { ...feedsOf(0), x: float32([rows, 6], new Float32Array(rows * 6).fill(Number.NaN)) };
    const report = await session.run(broken, { fetch: model.reported });
    await session.close();
    expect(report.loss?.data[0]).toBeNaN();
    expect(report.gradientNorm?.data[0]).toBeNaN();
  });

  it('is refused on a GPU', async () => {
    const { model, update } = regression({ optimizerIn: 'runtime' });
    await expect(Session.open(model, { device: 'webgpu', update })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('stays in the graph with several steps a run', () => {
    const looped = regression({ stepsPerRun: 2, optimizerIn: 'runtime' });
    expect(looped.update).toBeUndefined();
    expect(Object.keys(looped.carry)).not.toEqual([]);
  });
});
