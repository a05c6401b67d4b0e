/** Gradient accumulation against one large batch, and learning rates of single parameters. */
import { describe, expect, test } from 'vitest';
import { relativeError } from '../../../test/fixtures/fixture.js';
import { Random } from '../../core/random.js';
import * as f from '../graph/functions.js';
import { openGraphFile, randomTensor } from '../graph/testing/evaluate.js';
import { float32, type Tensor } from '../tensor/tensor.js';
import { init } from './context.js';
import { linear } from './layers.js';
import { type TrainingModel, trainingModel } from './training.js';

const [rows, count, steps] = [4, 3, 5];

/** A small regression whose loss is a mean over rows. */
function regression(batch: number, options: { accumulate?: number; stepsPerRun?: number } = {}): TrainingModel {
  return trainingModel({
    inputs: { x: { dtype: 'float32', shape: [batch, 6] }, y: { dtype: 'float32', shape: [batch, 2] } },
    trace: (context, { x, y }) => {
      const error = f.sub(linear(context, 'out', f.gelu(linear(context, 'in', x!, 8)), 2), y!);
      return { loss: f.reduceMean(f.mul(error, error)) };
    },
    optimizer: { learningRate: 0.05, totalSteps: steps, warmupSteps: 2, clipNorm: 0.5, weightDecay: 0.1 },
    random: new Random(3),
    ...options,
  });
}

const random = new Random(4);
const x = randomTensor(random, [steps * count * rows, 6]);
const y = randomTensor(random, [steps * count * rows, 2], -3, 3);

/** Rows [from, from + length) of the data, in the shape of what a run takes. */
function feeds(from: number, length: number, runs = 1) {
  const part = ({ data, shape }: Tensor<'float32'>) => {
    const width = shape[1] as number;
    const values = data.slice(from * width, (from + length * runs) * width);
    return float32(runs > 1 ? [runs, length, width] : [length, width], values);
  };
  return { x: part(x), y: part(y) };
}

/** Runs a training over all rows; returns the state and the reports after each run. */
async function train(model: TrainingModel, batch: number) {
  const run = await openGraphFile(model.model);
  let state = model.initialState;
  const after: { state: Record<string, Tensor>; report: Record<string, number[]> }[] = [];
  const perRun = batch * model.stepsPerRun;
  for (let from = 0; from < x.shape[0]!; from += perRun) {
    const result = await run({ ...state, ...feeds(from, batch, model.stepsPerRun) });
    state = Object.fromEntries(Object.entries(model.carry).map(([output, name]) => [name, result[output] as Tensor]));
    after.push({
      state,
      report: Object.fromEntries(model.reported.map((name) => [name, Array.from(result[name]!.data as Float32Array)])),
    });
  }
  return after;
}

describe('accumulation', () => {
  test('over n batches steps as one batch of n times the rows does, every n-th batch', async () => {
    const whole = await train(regression(rows * count), rows * count);
    const small = await train(regression(rows, { accumulate: count }), rows);
    expect([whole.length, small.length]).toEqual([steps, steps * count]);
    for (let step = 0; step < steps; step++) {
      const [expected, actual] = [whole[step]!, small[step * count + count - 1]!];
      for (const name of Object.keys(expected.state))
        expect(relativeError(actual.state[name], expected.state[name]), name).toBeLessThan(1e-6);
      for (const name of ['gradientNorm', 'learningRate'])
        expect(relativeError(float32([1], actual.report[name]!), float32([1], expected.report[name]!)), name).toBeLessThan(1e-6);
      const losses = small.slice(step * count, (step + 1) * count).map(({ report }) => report.loss![0]!);
      expect(losses.reduce((sum, loss) => sum + loss, 0) / count).toBeCloseTo(expected.report.loss![0]!, 5);
    }
  });

  test('leaves parameters and optimizer to the bit between steps, and starts each step with nothing', async () => {
    const model = regression(rows, { accumulate: count });
    const [first, second, third] = await train(model, rows);
    for (const name of Object.keys(model.initialState).filter((each) => !/^sum\.|^clock\.batches$/.test(each))) {
      expect(first!.state[name]?.data, name).toEqual(model.initialState[name]?.data);
      expect(second!.state[name]?.data, name).toEqual(model.initialState[name]?.data);
      expect(third!.state[name]?.data, name).not.toEqual(model.initialState[name]?.data);
    }
    expect([first, second, third].map((each) => each!.state['clock.batches']!.data[0])).toEqual([1, 2, 0]);
    expect(relativeError(second!.state['sum.in.weight'], first!.state['sum.in.weight'])).toBeGreaterThan(0.1);
    expect(Array.from(third!.state['sum.in.weight']!.data as Float32Array).every((value) => value === 0)).toBe(true);
  });

  test('in a Loop gives what it gives batch by batch', async () => {
    const flat = await train(regression(rows, { accumulate: count }), rows);
    const looped = await train(regression(rows, { accumulate: count, stepsPerRun: 5 }), rows);
    const [expected, actual] = [flat.at(-1)!, looped.at(-1)!];
    for (const name of Object.keys(expected.state))
      expect(relativeError(actual.state[name], expected.state[name]), name).toBeLessThan(1e-6);
  });

  test('of one batch is the training without it', () => {
    expect(regression(rows, { accumulate: 1 }).model).toEqual(regression(rows).model);
  });
});

test.each([1, 0.1, 0.25])('a parameter with learning rate scale %f moves by that much, and so does its decay', async (scale) => {
  const model = trainingModel({
    inputs: {},
    trace: (context) => {
      const options = { learningRateScale: scale };
      const [plain, decayed] = [
        context.parameter('plain', [3], init.ones, { ...options, decay: false }),
        context.parameter('decayed', [3], init.ones, { ...options, decay: true }),
      ];
      return { loss: f.reduceSum(f.add(plain, decayed)) };
    },
    optimizer: { learningRate: 0.01, totalSteps: 1e9, weightDecay: 0.5, clipNorm: 0 },
    random: new Random(1),
  });
  const result = await (await openGraphFile(model.model))(model.initialState);
  // Adam's first step is the rate itself, against the sign of the gradient; decay takes rate * 0.5 of the value.
  expect(1 - (result['next.plain']!.data[0] as number)).toBeCloseTo(0.01 * scale, 6);
  expect(1 - (result['next.decayed']!.data[0] as number)).toBeCloseTo(0.015 * scale, 6);
});

test.each([1, 5])('a training that computes activations again takes the same steps, %i a run', async (stepsPerRun) => {
  const build = (again: boolean) =>
    trainingModel({
      inputs: { x: { dtype: 'float32', shape: [rows * count, 6] }, y: { dtype: 'float32', shape: [rows * count, 2] } },
      trace: (context, batch) => {
        const hidden = f.gelu(linear(context, 'in', batch.x!, 8));
        const second = f.tanh(linear(context, 'middle', hidden, 8));
        const error = f.sub(linear(context, 'out', second, 2), batch.y!);
        return { loss: f.reduceMean(f.mul(error, error)), gradientCheckpointing: again ? [hidden, second] : [] };
      },
      optimizer: { learningRate: 0.05, totalSteps: steps },
      random: new Random(3),
      stepsPerRun,
    });
  const [expected, actual] = [await train(build(false), rows * count), await train(build(true), rows * count)];
  expect(actual.map(({ report }) => report)).toEqual(expected.map(({ report }) => report));
  expect(build(true).model.length).toBeGreaterThan(build(false).model.length);
});
