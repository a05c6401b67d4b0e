import { expect, it } from 'vitest';
import { bar } from './bar-chart.js';

it.each([
  [0, ''],
  [0.1, '▏'],
  [50, '█████'],
  [55, '█████▌'],
  [100, '██████████'],
  [120, '██████████'],
])('%d percent of ten columns', (percent, drawn) => {
  expect(bar(percent, 10)).toBe(drawn);
});
