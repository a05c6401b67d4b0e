/** Where the factors look, as small pictures under a hit: the reference's on the left, the hit's on the right. */
import { escaped } from '../../core/html.js';
import type { Explanation, HeatMap } from '../../search/gallery/search-types.js';

/** @param picture data URI of the hit @param reference data URI of the first reference */
export function heatMapPart({ factors }: Explanation, image: string, reference: string | undefined): string {
  const shown = [...factors].filter(({ hit }) => hit.weights.length > 1).sort((a, b) => b.share - a.share);
  if (shown.length === 0) return '';
  const figures = shown.map((factor) => {
    const before = factor.reference && reference ? map(factor.reference, reference, 'reference') : '<span></span>';
    const share = factor.share.toFixed(3).replace('-', '−');
    return `<figure><figcaption><span>${escaped(factor.name)}</span><span>${share}</span></figcaption>${before}${map(factor.hit, image, 'hit')}</figure>`;
  });
  return `<details class="heat"><summary>where each factor looks</summary>${figures.join('')}</details>`;
}

function map({ columns, rows, weights }: HeatMap, image: string, what: string): string {
  const most = Math.max(...weights);
  const cells = weights.flatMap((weight, i) => {
    const opacity = (0.85 * weight) / most;
    if (opacity < 0.05) return [];
    return [`<rect x="${i % columns}" y="${Math.floor(i / columns)}" width="1" height="1" opacity="${opacity.toFixed(2)}"/>`];
  });
  const over = `<svg viewBox="0 0 ${columns} ${rows}" preserveAspectRatio="none">${cells.join('')}</svg>`;
  return `<div class="map" role="img" aria-label="where it looks in the ${what}"><img src="${image}" alt="">${over}</div>`;
}
