import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { GraphProtoSchema } from '../../../engine/graph/proto/onnx_pb.js';
import { hiddenStates } from './hidden-states.js';

type Spec = [opType: string, input: string[], output: string, attributes?: Record<string, bigint | bigint[]>];

function graphOf(...nodes: Spec[]) {
  const attribute = (given: Record<string, bigint | bigint[]> = {}) =>
    Object.entries(given).map(([name, value]) =>
      typeof value === 'bigint' ? { name, type: 2, i: value } : { name, type: 7, ints: value },
    );
  return create(GraphProtoSchema, {
    input: [{ name: 'pixels' }, { name: 'w' }],
    initializer: [{ name: 'w' }],
    node: nodes.map(([opType, input, output, attributes]) => ({
      opType,
      input,
      output: [output],
      attribute: attribute(attributes),
    })),
  });
}
const spatial = { axes: [2n, 3n], keepdims: 0n };

describe('values that an embedding may be pooled from', () => {
  it('has the nearest first, whether it is selected from, averaged or pooled', () => {
    const nodes: Spec[] = [
      ['Conv', ['pixels', 'w'], 'a'],
      ['Slice', ['a', 'w'], 'b'],
      ['GlobalAveragePool', ['b'], 'gate'],
      ['Mul', ['b', 'gate'], 'c'],
    ];
    expect(hiddenStates(graphOf(...nodes, ['ReduceMean', ['c'], 'output', spatial]), 'output')).toEqual(['c', 'a', 'b']);
    expect(
      hiddenStates(graphOf(...nodes, ['ReduceMax', ['c'], 'm', spatial], ['MatMul', ['m', 'w'], 'output']), 'output')[0],
    ).toBe('c');
    // A window may be the whole map, so that its input is the last with places; only shapes tell.
    const windows = graphOf(...nodes, ['AveragePool', ['c'], 'p'], ['Flatten', ['p'], 'output']);
    expect(hiddenStates(windows, 'output').slice(0, 2)).toEqual(['p', 'c']);
  });

  it('leaves out weights, shapes and the input, and passes over means of normalisations', () => {
    const graph = graphOf(
      ['Conv', ['pixels', 'w'], 'a'],
      ['ReduceMean', ['a'], 'mean', { axes: [-1n] }],
      ['Sub', ['a', 'mean'], 'b'],
      ['Shape', ['b'], 'shape'],
      ['Gather', ['shape', 'w'], 'extent'],
      ['Gather', ['w', 'extent'], 'rows'],
      ['Slice', ['pixels', 'w'], 'part'],
      ['Add', ['b', 'rows'], 'c'],
      ['Add', ['c', 'part'], 'd'],
      ['Gather', ['d', 'w'], 'output'],
    );
    expect(hiddenStates(graph, 'output')).toEqual(['d', 'a']);
  });

  it('gives what was normalised or flattened where nothing is pooled', () => {
    const graph = graphOf(
      ['Conv', ['pixels', 'w'], 'a'],
      ['LayerNormalization', ['a', 'w'], 'b'],
      ['Relu', ['b'], 'c'],
      ['Flatten', ['c'], 'd'],
      ['Gemm', ['d', 'w'], 'output'],
    );
    expect(hiddenStates(graph, 'output')).toEqual(['c', 'b']);
  });

  it('takes a mean over the last axis for one of places only where that axis goes', () => {
    const nearest = (keepdims: bigint) =>
      hiddenStates(
        graphOf(
          ['Conv', ['pixels', 'w'], 'a'],
          ['GlobalMaxPool', ['a'], 'b'],
          ['ReduceMean', ['b'], 'output', { axes: [-1n], keepdims }],
        ),
        'output',
      );
    expect(nearest(0n)).toEqual(['b', 'a']);
    expect(nearest(1n)).toEqual(['a', 'b']);
  });
});
