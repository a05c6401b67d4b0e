import { describe, expect, it } from 'vitest';
import * as f from './index.js';
import { Graph, inPlace } from './index.js';

describe('inPlace', () => {
  const graph = new Graph();
  const [rate, free, read, seen] = (['rate', 'free', 'read', 'seen'] as const).map((name) =>
    graph.input(name, 'float32', name === 'rate' ? [] : [2, 2]),
  ) as [f.Value, f.Value, f.Value, f.Value];
  const product = f.matmul(free, read);
  const freed = f.sub(free, f.mul(product, rate));

  it('lets an output take the place of an input that nothing reads behind it', () => {
    expect(inPlace(graph, [{ before: free, after: freed }])).toEqual([true]);
  });

  it('does not where another node may still read the input', () => {
    const moved = f.add(seen, rate);
    const beside = f.matmul(seen, product);
    graph.output('beside', beside);
    expect(inPlace(graph, [{ before: seen, after: moved }])).toEqual([false]);
    expect(inPlace(graph, [{ before: seen, after: f.mul(f.add(beside, moved), 2) }])).toEqual([true]);
    // It reads the input too, but not the first of the readers.
    expect(inPlace(graph, [{ before: seen, after: f.add(beside, seen) }])).toEqual([false]);
  });

  it('does not where the output is no computation, has another shape or is not made element by element', () => {
    const cases = [read, f.sub(f.reshape(read, [4]), 1), f.softmax(read, -1), f.matmul(read, product)];
    expect(
      inPlace(
        graph,
        cases.map((after) => ({ before: read, after })),
      ),
    ).toEqual(cases.map(() => false));
  });
});
