/** The chart of a self-training run: what LIMN and the captioner reach on validation after each round, each in a panel of its own. */
import { escaped } from '../../core/html.js';
import type { RoundResult } from './rounds.js';

const [width, panel, gap] = [640, 150, 14];
/** Left of the points are the names of the lines, below them the rounds. */
const [left, right, top, bottom] = [96, 40, 34, 26];

type Rounds = readonly Pick<RoundResult, 'round' | 'recall' | 'captions'>[];

/** LIMN's recall and the captioner's CIDEr-D are of different sizes: on one scale, or on each its own in one panel, they would lie on each other. */
export function validationChart(rounds: Rounds, best: number): string {
  const recalls = Object.keys(rounds[0]?.recall ?? {});
  const k = recalls.includes('10') ? '10' : recalls[0];
  const lines = [
    ...(k === undefined ? [] : [{ name: `R@${k}`, digits: 2, values: rounds.map(({ recall }) => recall[k]) }]),
    { name: 'CIDEr-D', digits: 3, values: rounds.map(({ captions }) => captions['CIDEr-D']) },
  ];
  const shown = lines.filter(({ values }) => values.every((value) => value !== undefined && Number.isFinite(value)));
  const height = shown.length * (panel + gap) + bottom;
  const x = (place: number) =>
    rounds.length === 1 ? (left + width - right) / 2 : left + (place / (rounds.length - 1)) * (width - left - right);
  const drawn = shown.map(({ name, digits, values }, at) => {
    const numbers = values as number[];
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    const start = at * (panel + gap);
    const y = (value: number) => start + top + (1 - (high > low ? (value - low) / (high - low) : 0.5)) * (panel - top - 12);
    const marks = numbers.map((value, place) => {
      const isBest = rounds[place]?.round === best;
      const dot = `<circle cx="${x(place)}" cy="${y(value)}" r="${isBest ? 6 : 3.5}"/>`;
      return `${dot}<text x="${x(place)}" y="${y(value) - 11}" text-anchor="middle">${value.toFixed(digits)}</text>`;
    });
    const points = numbers.map((value, place) => `${x(place)},${y(value)}`).join(' ');
    const label = `<text class="name" x="0" y="${start + panel / 2 + 8}">${escaped(name)}</text>`;
    return `<g class="line${at}"><polyline points="${points}"/>${marks.join('')}${label}</g>`;
  });
  const ticks = rounds.map(
    ({ round }, place) => `<text x="${x(place)}" y="${height - 6}" text-anchor="middle">round ${round}</text>`,
  );
  const said = shown.map(({ name, digits, values }) => `${name} ${values.map((value) => value?.toFixed(digits)).join(', ')}`);
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Validation by round: ${escaped(said.join('; '))}">${drawn.join('')}${ticks.join('')}</svg>`;
}

export const chartStyle = `svg{max-width:40rem;width:100%;font-size:12px;fill:currentColor}
polyline{fill:none;stroke-width:2}
.line0{color:#b5432f}.line1{color:#2f6db5}.line0,.line1{fill:currentColor;stroke:none}
.line0 polyline,.line1 polyline{stroke:currentColor}
.name{font-weight:600}
`;
