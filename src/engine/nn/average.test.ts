/** The average of the parameters inside the training graph, against steps worked out by hand. */
import { describe, expect, test } from 'vitest';
import { relativeError } from '../../../test/fixtures/fixture.js';
import { Random } from '../../core/random.js';
import * as f from '../graph/functions.js';
import { openGraphFile, randomTensor } from '../graph/testing/evaluate.js';
import { float32, type Tensor } from '../tensor/tensor.js';
import { linear } from './layers.js';
import { type TrainingModel, type TrainingModelOptions, trainingModel } from './training.js';

const [rows, steps] = [6, 8];
type Changes = Partial<TrainingModelOptions> & { averageDecay?: number };

function regression({ averageDecay = 0, ...changes }: Changes = {}): TrainingModel {
  return trainingModel({
    inputs: { x: { dtype: 'float32', shape: [rows, 5] } },
    trace: (context, { x }) => {
      const y = linear(context, 'out', f.gelu(linear(context, 'in', x!, 4)), 2);
      return { loss: f.reduceMean(f.mul(y, y)) };
    },
    optimizer: { learningRate: 0.05, totalSteps: steps, averageDecay },
    random: new Random(3),
    ...changes,
  });
}

const x = randomTensor(new Random(4), [steps * rows, 5]);

/** The state before the first run and after each. */
async function train(model: TrainingModel) {
  const run = await openGraphFile(model.model);
  const states: Record<string, Tensor>[] = [model.initialState];
  const { stepsPerRun } = model;
  const size = stepsPerRun * rows * 5;
  for (let step = 0; step < steps; step += stepsPerRun) {
    const shape = stepsPerRun > 1 ? [stepsPerRun, rows, 5] : [rows, 5];
    const batch = float32(shape, x.data.slice(step * rows * 5, step * rows * 5 + size));
    const result = await run({ ...states.at(-1)!, x: batch });
    states.push(Object.fromEntries(Object.entries(model.carry).map(([output, name]) => [name, result[output] as Tensor])));
  }
  return states;
}

const names = regression().parameters.map(({ name }) => name);
const valuesOf = (state: Record<string, Tensor>, name: string) => Array.from(state[name]!.data as Float32Array);

/** What the averages must be after each optimizer step, from the parameters before the first and after each. */
function byHand(states: readonly Record<string, Tensor>[], decay: number, name: string): number[][] {
  const averages = [valuesOf(states[0]!, name)];
  states.slice(1).forEach((state, i) => {
    const t = i + 1;
    const kept = Math.min(decay, (1 + t) / (10 + t));
    averages.push(valuesOf(state, name).map((value, at) => kept * averages[i]![at]! + (1 - kept) * value));
  });
  return averages;
}

describe('the average of the parameters', () => {
  // The first decay is reached at the seventh step, the second at none of these.
  test.each([0.45, 0.99])('with decay %d follows them as worked out by hand, and does not touch them', async (decay) => {
    const [plain, states] = [await train(regression()), await train(regression({ averageDecay: decay }))];
    for (const name of names) {
      const expected = byHand(plain, decay, name);
      states.forEach((state, step) => {
        expect(state[name]?.data, `${name} after ${step}`).toEqual(plain[step]![name]?.data);
        const average = float32(state[name]!.shape, expected[step]!);
        expect(relativeError(state[`average.${name}`], average), `${name} after ${step}`).toBeLessThan(1e-6);
      });
      expect(relativeError(states.at(-1)![`average.${name}`], states.at(-1)![name])).toBeGreaterThan(1e-3);
    }
  });

  test('is the same in a Loop', async () => {
    const flat = (await train(regression({ averageDecay: 0.9 }))).at(-1)!;
    const looped = (await train(regression({ averageDecay: 0.9, stepsPerRun: 4 }))).at(-1)!;
    expect(Object.keys(looped)).toEqual(Object.keys(flat));
    for (const name of Object.keys(flat)) expect(relativeError(looped[name], flat[name]), name).toBeLessThan(1e-6);
  });

  test('moves only where gradients of several batches make a step', async () => {
    const states = await train(regression({ averageDecay: 0.9, accumulate: 2 }));
    const stepped = states.filter((_, batch) => batch % 2 === 0);
    for (const name of names) {
      const expected = byHand(stepped, 0.9, name);
      states.forEach((state, batch) => {
        const average = state[`average.${name}`] as Tensor<'float32'>;
        if (batch % 2 === 1) expect(average.data, `${name} after ${batch}`).toEqual(states[batch - 1]![`average.${name}`]?.data);
        else expect(relativeError(average, float32(average.shape, expected[batch / 2]!))).toBeLessThan(1e-6);
      });
    }
  });

  test('is what is kept of a parameter, and may be written in place; without it the graph is what it was', () => {
    const model = regression({ averageDecay: 0.9 });
    expect(model.kept).toEqual(Object.fromEntries(names.map((name) => [name, `average.${name}`])));
    for (const name of names) {
      expect(model.inPlace).toContain(`next.average.${name}`);
      expect(model.initialState[`average.${name}`]!.data.buffer).not.toBe(model.initialState[name]!.data.buffer);
    }
    expect(regression().kept).toEqual(Object.fromEntries(names.map((name) => [name, name])));
    expect(Object.keys(regression().initialState).some((name) => name.startsWith('average.'))).toBe(false);
  });
});
