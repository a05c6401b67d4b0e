/** A step without a number ends the training with the node where it arose. */
import { expect, test } from 'vitest';
import { Random } from '../../core/random.js';
import type { Value } from '../../engine/graph/index.js';
import * as f from '../../engine/graph/index.js';
import { trainingModel } from '../../engine/nn/training.js';
import { float32, tensor } from '../../engine/tensor/tensor.js';
import { trainingLoop } from './loop.js';
import type { RunFolder } from './run-folder.js';

/** Two numbers out of a table that is resident. */
const gathered = {
  parts: [{ name: 'table', dtype: 'float32', shape: [3] }],
  rows: { name: 'rows', shape: [2] },
} as const;

/** Its initial state is handed to the session, so that each training has one of its own. */
const newGraph = (optimizerIn: 'graph' | 'flat graph' | 'runtime' = 'graph') =>
  trainingModel({
    inputs: { x: { dtype: 'float32', shape: [2], gathered } },
    trace: (context, { x }) => ({
      loss: f.reduceSum(
        f.log(
          f.mul(
            context.parameter('w', [2], () => Float32Array.of(1, 2)),
            x as Value,
          ),
        ),
      ),
    }),
    optimizer: { learningRate: 1e-3, totalSteps: 4 },
    random: new Random(1),
    optimizerIn,
  });
const nowhere = {
  path: 'nowhere',
  loadCheckpoint: async () => undefined,
  readCheckpoint: async () => undefined,
  saveCheckpoint: async () => {},
  log: async () => 0,
} as unknown as RunFolder;

test.each(['graph', 'flat graph', 'runtime'] as const)(
  'the loss became NaN (%s): the batch is computed again with the first weights, and its logarithm is named',
  async (place) => {
    const training = trainingLoop({
      run: nowhere,
      graph: newGraph(place),
      totalSteps: 4,
      stepsPerEpoch: 4,
      changeRate: false,
      validateEvery: 1,
      feeds: (step) => ({ rows: tensor('int32', [2], Int32Array.of(step === 2 ? 2 : 0, 1)) }),
      resident: () => [['table', float32([3], [1, 1, -1])]],
      validate: async () => ({ score: 0, values: {} }),
      keep: async () => {},
      scoreName: 'score',
      checkpointSeconds: 1e9,
      logger: { info: () => {}, warn: () => {} } as never,
    });
    await expect(training).rejects.toMatchObject({
      code: 'NOT_FINITE',
      details: { step: 3, found: expect.stringMatching(/^the first NaN comes from Log \(/) },
      message: expect.stringContaining('The loss became NaN at step 3: computed again with the weights of step 0, the first NaN'),
    });
  },
);

test('each validation is told when its model has been kept, and whether it is the best so far', async () => {
  const happened: string[] = [];
  const scores = [2, 1, 3, 3];
  let epoch = 0;
  const graph = newGraph();
  await trainingLoop({
    run: nowhere,
    graph,
    totalSteps: 4,
    stepsPerEpoch: 1,
    changeRate: false,
    validateEvery: 1,
    feeds: () => ({ rows: tensor('int32', [2], Int32Array.of(0, 1)) }),
    resident: () => [['table', float32([3], [1, 1, -1])]],
    validate: async () => ({ score: scores[epoch++] as number, values: {} }),
    keep: async () => void happened.push(`keep ${epoch}`),
    validated: async (validation) => {
      await Promise.resolve();
      happened.push(`told ${validation.epoch} ${validation.isBest}`);
    },
    scoreName: 'score',
    checkpointSeconds: 1e9,
    logger: { info: () => {}, warn: () => {} } as never,
  });
  expect(happened).toEqual(['keep 1', 'told 1 true', 'told 2 false', 'keep 3', 'told 3 true', 'told 4 false']);
  // It would be in memory twice.
  expect(graph.initialState).toEqual({});
});
