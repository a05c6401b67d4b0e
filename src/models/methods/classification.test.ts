import { expect, test } from 'vitest';
import { Random } from '../../core/random.js';
import { Graph } from '../../engine/graph/index.js';
import { openGraph } from '../../engine/graph/testing/evaluate.js';
import { TrainingContext } from '../../engine/nn/context.js';
import { float32, scalar } from '../../engine/tensor/tensor.js';
import { inBatchClassification } from './classification.js';
import { modelConfig } from './model-config.js';

const config = modelConfig.parse({ vocabularySize: 3, initialScale: 5, image: { kind: 'captions', words: 2 } });
const cosines = [0.9, 0.1, -0.3, 0.2, 0.5, 0.4, 0.0, 0.7, 0.6];

async function lossOf(weights?: readonly number[], same: readonly number[] = new Array(9).fill(0)): Promise<number> {
  const graph = new Graph();
  const rows = {
    sameTarget: graph.input('sameTarget', 'float32', [3, 3]),
    weights: weights && graph.input('weights', 'float32', [3]),
  };
  const { logits, classify } = inBatchClassification(new TrainingContext(graph, new Random(1)), config, rows);
  graph.output('loss', classify(logits('scale', graph.input('cosines', 'float32', [3, 3]))));
  const run = await openGraph(graph);
  const result = await run({
    scale: scalar(Math.log(5)),
    cosines: float32([3, 3], cosines),
    sameTarget: float32([3, 3], same),
    ...(weights ? { weights: float32([3], weights) } : {}),
  });
  return (result.loss!.data as Float32Array)[0] as number;
}

/** The cross-entropy of a row over the columns that count. */
function rowLoss(row: number, columns = [0, 1, 2]): number {
  const values = columns.map((column) => Math.exp(5 * (cosines[3 * row + column] as number)));
  const whole = values.reduce((sum, value) => sum + value, 0);
  return -Math.log((values[columns.indexOf(row)] as number) / whole);
}

test('is the mean over the rows, or their mean by weight', async () => {
  const [a, b, c] = [0, 1, 2].map((row) => rowLoss(row)) as [number, number, number];
  expect(await lossOf()).toBeCloseTo((a + b + c) / 3, 5);
  expect(await lossOf([2, 2, 2])).toBeCloseTo((a + b + c) / 3, 5);
  expect(await lossOf([1, 0.5, 0])).toBeCloseTo((a + 0.5 * b) / 1.5, 5);
});

test('does not count a row that wants the same picture as a negative', async () => {
  const same = [0, 1, 0, 1, 0, 0, 0, 0, 0];
  const expected = (rowLoss(0, [0, 2]) + rowLoss(1, [1, 2]) + rowLoss(2)) / 3;
  expect(await lossOf(undefined, same)).toBeCloseTo(expected, 5);
});
