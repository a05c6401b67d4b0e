/** Recall at every K as lines of an inline SVG: the mean over seeds, with a band from the least to the greatest seed. */
import { escaped } from '../../../core/html.js';
import type { MethodRow } from '../table.js';

const [width, height] = [760, 380];
const margin = { left: 44, right: 12, top: 12, bottom: 38 };

/** @param compareTo the method whose line is drawn strongest */
export function recallCurves(rows: readonly MethodRow[], compareTo: string): string {
  const length = Math.max(2, ...rows.map(({ curve }) => curve.mean.length));
  const highest = Math.min(100, niceTop(Math.max(1, ...rows.flatMap(({ curve }) => curve.greatest))));
  // K on a logarithmic scale, because the first places matter most.
  const x = (k: number) => margin.left + (Math.log(k) / Math.log(length)) * (width - margin.left - margin.right);
  const y = (recall: number) => height - margin.bottom - (recall / highest) * (height - margin.top - margin.bottom);
  const point = (k: number, recall: number) => `${x(k).toFixed(1)},${y(recall).toFixed(1)}`;
  const line = (values: readonly number[]) => values.map((recall, at) => point(at + 1, recall));

  const ticks = [1, 2, 5, 10, 20, 50, 100].filter((k) => k <= length);
  const levels = [0, 1, 2, 3, 4].map((part) => (part * highest) / 4);
  const grid = [
    ...levels.map(
      (level) => `<line class="grid" x1="${margin.left}" x2="${width - margin.right}" y1="${y(level)}" y2="${y(level)}"/>`,
    ),
    ...levels.map(
      (level) => `<text x="${margin.left - 8}" y="${y(level) + 4}" text-anchor="end">${Number(level.toFixed(1))}</text>`,
    ),
    ...ticks.map((k) => `<text x="${x(k)}" y="${height - margin.bottom + 20}" text-anchor="middle">${k}</text>`),
    `<text x="${width - margin.right}" y="${height - 2}" text-anchor="end">K</text>`,
  ];
  const look = lookOf(rows, compareTo);
  const curves = rows.map(({ method, label, curve }, at) => {
    const { colour, dash } = look(at);
    const band = [...line(curve.greatest), ...line(curve.least).reverse()].join(' ');
    const inside = `<title>${escaped(label)}</title><polygon class="band" fill="${colour}" points="${band}"/><path stroke="${colour}"${dash} d="M${line(curve.mean).join('L')}"/>`;
    return { base: method === compareTo, svg: `<g class="curve${method === compareTo ? ' base' : ''}">${inside}</g>` };
  });
  // The method that is compared with lies on top.
  const ordered = curves.sort((a, b) => Number(a.base) - Number(b.base)).map(({ svg }) => svg);
  const key = rows.map(({ label }, at) => {
    const { colour, dash } = look(at);
    return `<li><svg viewBox="0 0 26 8" aria-hidden="true"><line x1="0" x2="26" y1="4" y2="4" stroke="${colour}" stroke-width="3"${dash}/></svg>${escaped(label)}</li>`;
  });
  return `<div class="chart">
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Recall at K in percent, K from 1 to ${length}">${grid.join('')}${ordered.join('')}</svg>
<ol class="key">${key.join('')}</ol>
</div>`;
}

/** The page's accent for the method that is compared with; for the others hues far from it, every other one dashed. */
function lookOf(rows: readonly MethodRow[], compareTo: string) {
  return (at: number) => {
    if (rows[at]?.method === compareTo) return { colour: 'var(--accent)', dash: '' };
    const hue = Math.round(70 + (at * 270) / rows.length);
    return { colour: `oklch(0.63 0.14 ${hue})`, dash: at % 2 === 0 ? '' : ' stroke-dasharray="6 3"' };
  };
}

const niceTop = (value: number) => [5, 10, 20, 30, 40, 60, 80, 100].find((top) => top >= value) ?? 100;
