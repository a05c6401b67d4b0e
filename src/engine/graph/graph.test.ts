import { expect, it, vi } from 'vitest';
import { float32 } from '../tensor/tensor.js';
import * as functions from './functions.js';
import { encodeModel, Graph, optimized } from './index.js';

it('gives no two values one name, also where a name looks like one that it would make up', () => {
  const graph = new Graph();
  const content = (value: number) => float32([20], new Array(20).fill(value));
  const hints = ['const', 'const', 'const_1', 'const', 'const_2', 'const_1', 'const_1_1'];
  const names = hints.map((hint, i) => graph.constant(content(i), hint).name);
  expect(new Set(names).size).toBe(hints.length);
  expect(names.slice(0, 2)).toEqual(['const', 'const_1']);
  expect(() => graph.input('const_1', 'float32', [])).toThrow('already has a value named const_1');
});

it('takes what another copy of the package gives it: attributes, bodies and mistakes of shape', async () => {
  vi.resetModules();
  const other = await import('./functions.js');
  const { Graph: OtherGraph } = await import('./index.js');
  expect(other.matmul).not.toBe(functions.matmul);
  expect(OtherGraph).not.toBe(Graph);
  const bytesOf = (f: typeof functions) => {
    const graph = new Graph();
    const [x, y] = [graph.input('x', 'float32', [2, 3]), graph.input('y', 'float32', [2, 3])];
    const product = f.matmul(x, y, { transB: true, alpha: 0.5 });
    const [chosen] = f.ifElse(
      f.greater(f.reduceMax(product), 0),
      [product],
      ([p]) => [f.exp(p!)],
      ([p]) => [p!],
    );
    graph.output('out', chosen!);
    return Buffer.from(encodeModel(optimized(graph).graph)).toString('hex');
  };
  expect(bytesOf(other)).toBe(bytesOf(functions));
  const graph = new OtherGraph();
  const [x, y] = [graph.input('x', 'float32', [2, 3]), graph.input('y', 'float32', [2, 4])];
  const message = (f: typeof functions) => {
    try {
      return String(f.matmul(x, y));
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(message(functions)).toBe(message(other));
});
