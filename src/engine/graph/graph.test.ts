import { expect, it } from 'vitest';
import { float32 } from '../tensor/tensor.js';
import { Graph } from './index.js';

it('gives no two values one name, also where a name looks like one that it would make up', () => {
  const graph = new Graph();
  const content = (value: number) => float32([20], new Array(20).fill(value));
  const hints = ['const', 'const', 'const_1', 'const', 'const_2', 'const_1', 'const_1_1'];
  const names = hints.map((hint, i) => graph.constant(content(i), hint).name);
  expect(new Set(names).size).toBe(hints.length);
  expect(names.slice(0, 2)).toEqual(['const', 'const_1']);
  expect(() => graph.input('const_1', 'float32', [])).toThrow('already has a value named const_1');
});
