import { encodeModel, f, Graph, init, Random, trainingModel } from 'limn/engine';
import { describe, expect, it } from 'vitest';
import { type CountOptions, operationsOf, trainingOperations } from './operations.js';

function counted(build: (graph: Graph) => void, options?: CountOptions) {
  const graph = new Graph('hand');
  build(graph);
  return operationsOf(encodeModel(graph), options);
}

describe('operationsOf', () => {
  it('counts a chain of products as by hand, and nothing else', () => {
    const count = counted((graph) => {
      const x = graph.input('x', 'float32', [4, 8]);
      const hidden = f.relu(f.matmul(x, graph.input('w', 'float32', [8, 16])));
      graph.output('y', f.matmul(hidden, graph.input('v', 'float32', [16, 2])));
    });
    expect(count).toBe(2 * 4 * 8 * 16 + 2 * 4 * 16 * 2);
  });

  it('looks at transposed factors and at leading axes', () => {
    const count = counted((graph) => {
      const a = graph.input('a', 'float32', [3, 5, 7, 4]);
      const b = graph.input('b', 'float32', [3, 5, 6, 7]);
      graph.output('y', f.matmul(a, b, { transA: true, transB: true }));
    });
    expect(count).toBe(3 * 5 * (2 * 4 * 7 * 6));
  });

  it('counts convolutions, with groups', () => {
    const count = counted((graph) => {
      const x = graph.input('x', 'float32', [2, 6, 10, 10]);
      const dense = f.conv(x, graph.input('w', 'float32', [8, 6, 3, 3]), undefined, { pads: [1, 1, 1, 1] });
      graph.output('y', f.conv(dense, graph.input('v', 'float32', [8, 1, 3, 3]), undefined, { groups: 8 }));
    });
    expect(count).toBe(2 * (2 * 8 * 10 * 10) * (6 * 9) + 2 * (2 * 8 * 8 * 8) * 9);
  });

  it('leaves out what the wanted outputs do not need', () => {
    const build = (graph: Graph) => {
      const x = graph.input('x', 'float32', [4, 8]);
      graph.output('small', f.matmul(x, graph.input('w', 'float32', [8, 2])));
      graph.output('large', f.matmul(x, graph.input('v', 'float32', [8, 1000])));
    };
    expect(counted(build, { outputs: ['small'] })).toBe(2 * 4 * 8 * 2);
  });
});

describe('trainingOperations', () => {
  it('is three times the way to the loss, whatever the backward pass and the optimizer add', () => {
    const { model } = trainingModel({
      inputs: { x: { dtype: 'float32', shape: [4, 8] } },
      trace: (context, { x }) => ({ loss: f.reduceMean(f.matmul(x!, context.parameter('w', [8, 16], init.normal(0.1)))) }),
      optimizer: { learningRate: 1e-3, totalSteps: 1, warmupSteps: 0, weightDecay: 0, clipNorm: 1 },
      random: new Random(1),
    });
    expect(trainingOperations(model)).toBe(3 * (2 * 4 * 8 * 16));
  });
});
