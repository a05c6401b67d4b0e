/** The node that a failed step is blamed on. */
import { describe, expect, test } from 'vitest';
import { Random } from '../../core/random.js';
import * as f from '../graph/index.js';
import { readModel, type Value } from '../graph/index.js';
import { onnxFile } from '../graph/testing/onnx-file.js';
import { float32 } from '../tensor/tensor.js';
import { firstMissing } from './first-missing.js';
import { trainingModel } from './training.js';

const optimizer = { learningRate: 1e-3, totalSteps: 4 };

function model(loss: (weight: Value, x: Value) => Value, stepsPerRun: number) {
  return trainingModel({
    inputs: { x: { dtype: 'float32', shape: [2] } },
    trace: (context, { x }) => ({
      loss: loss(
        context.parameter('w', [2], () => Float32Array.of(1, 2)),
        x as Value,
      ),
    }),
    optimizer,
    random: new Random(1),
    stepsPerRun,
  });
}

const imported = (w: Value, x: Value) => {
  const file = readModel(
    onnxFile({
      inputs: { a: { dtype: 'float32', dims: [2] } },
      outputs: ['y'],
      nodes: [{ type: 'Log', inputs: ['a'], outputs: ['y'], name: '/encoder/layers.3/Log' }],
    }),
  );
  const { y } = file.splice({ graph: w.graph, inputs: { a: f.mul(w, x) }, outputs: ['y'] });
  return f.reduceSum(y as Value);
};

describe.each([1, 2])('with %i steps a run', (steps) => {
  const feeds = (...values: number[]) => ({
    x: float32(steps > 1 ? [steps, 2] : [2], steps > 1 ? [1, 1, ...values] : values),
  });
  const blamed = async (loss: (w: Value, x: Value) => Value, ...values: number[]) => {
    const { model: bytes, initialState: state } = model(loss, steps);
    return firstMissing({ model: bytes, state, feeds: feeds(...values), row: steps - 1 });
  };

  test('a node of a file by its name there', async () => {
    expect(await blamed(imported, -1, 1)).toBe('the first NaN comes from Log (/encoder/layers.3/Log)');
  });

  test('a node of the backward pass by what it is the gradient of', async () => {
    const norm = (w: Value, x: Value) => f.sqrt(f.reduceSum(f.mul(f.mul(w, x), f.mul(w, x))));
    expect(await blamed(norm, 0, 0)).toMatch(/^the first NaN comes from Mul \(gradient of Mul\)$/);
  });

  test('infinity where no NaN arises', async () => {
    const product = (w: Value, x: Value) => f.reduceSum(f.exp(f.mul(w, x)));
    expect(await blamed(product, 100, 1)).toContain('comes from');
  });

  test('not numbers whose sum alone is above all numbers', async () => {
    const huge = (w: Value, x: Value) => f.reduceSum(f.log(f.mul(f.exp(f.mul(w, x)), f.exp(f.mul(w, x)))));
    expect(await blamed(huge, 44.2, 22.1)).toBeUndefined();
    expect(await blamed(huge, 50, 25)).toContain('infinite number comes from Mul');
  });

  test('a batch that holds NaN itself', async () => {
    expect(await blamed(imported, Number.NaN, 1)).toBe('the input x holds NaN');
  });

  test('nothing where all are numbers', async () => {
    expect(await blamed(imported, 1, 1)).toBeUndefined();
  });
});
