import { expect, it } from 'vitest';
import { validationChart } from './validation-chart.js';

const round = (at: number, recall: number, cider: number) => ({
  round: at,
  recall: { 1: recall / 2, 10: recall },
  captions: { 'CIDEr-D': cider },
});

/** Where the points of each line and the texts are. */
function placesOf(chart: string) {
  const numbers = (text: string) => text.split(/[ ,]/).map(Number);
  const lines = [...chart.matchAll(/<polyline points="([^"]*)"/g)].map(([, points = '']) => numbers(points));
  const texts = [...chart.matchAll(/<text[^>]* x="([^"]*)" y="([^"]*)"/g)].map(([, x, y]) => `${x} ${y}`);
  return { lines: lines.map((line) => line.filter((_, i) => i % 2 === 1)), texts };
}

it('keeps the two lines and all labels apart, also where both rise alike or not at all', () => {
  const shapes = [
    [round(0, 10, 0.1), round(1, 20, 0.2), round(2, 30, 0.3)],
    [round(0, 10, 0.1), round(1, 10, 0.1)],
    [round(0, 10, 0.1)],
  ];
  for (const rounds of shapes) {
    const { lines, texts } = placesOf(validationChart(rounds, 1));
    expect(lines).toHaveLength(2);
    const [upper, lower] = lines as [number[], number[]];
    expect(Math.max(...upper)).toBeLessThan(Math.min(...lower) - 20);
    expect(new Set(texts).size).toBe(texts.length);
  }
});

it('is higher for what is better, and says the numbers', () => {
  const chart = validationChart([round(0, 10, 0.3), round(1, 20, 0.2)], 1);
  const [[first = 0, second = 0] = [], [third = 0, fourth = 0] = []] = placesOf(chart).lines;
  expect(second).toBeLessThan(first);
  expect(fourth).toBeGreaterThan(third);
  expect(chart).toContain('aria-label="Validation by round: R@10 10.00, 20.00; CIDEr-D 0.300, 0.200"');
});
