/** Search results as one HTML page that needs no other file: pictures as data URIs, and how each score is made. */
import { basename } from 'node:path';
import { escaped, htmlPage } from '../../core/html.js';
import { thumbnail } from '../../models/encoders/image/thumbnail.js';
import type { ItemMetadata } from '../../search/store/metadata.js';
import { heatMapPart } from './heat-maps.js';
import { pageStyle } from './page-style.js';
import { nameOf, type ShownHit } from './shown-hits.js';

export interface ShownSearch {
  /** Paths or bytes of the reference pictures; none for a search by text alone. */
  references: readonly (string | Uint8Array)[];
  /** What is known of each reference. @default nothing */
  metadata?: readonly (ItemMetadata | undefined)[];
  text: string;
  hits: readonly ShownHit[];
  /** Ids of the annotated targets, where they are known; they are marked. */
  wanted?: readonly string[];
}

export interface ResultsPageOptions {
  title: string;
  /** The gallery's name. */
  gallery: string;
  /** Pictures in it. */
  size: number;
  searches: readonly ShownSearch[];
  /** Fields of the metadata that stand under each hit. @default none */
  show?: readonly string[];
  /** Sentences under the title. */
  notes?: readonly string[];
}

/** The page's HTML. Pictures that can no longer be read are shown as empty frames. */
export async function resultsPage(options: ResultsPageOptions): Promise<string> {
  const { title, gallery, size, searches, show = [], notes = [] } = options;
  const shares = searches.flatMap(({ hits }) => hits.flatMap(({ factors }) => factors));
  const scale = { low: Math.min(0, ...shares), high: Math.max(1e-6, ...shares) };
  const factors = Math.max(0, ...searches.flatMap(({ hits }) => hits.map((hit) => hit.factors.length)));
  const sections: string[] = [];
  for (const search of searches) sections.push(await searchSection(search, scale, show));
  const colours = Array.from(
    { length: factors },
    (_, k) => `.f${k}{fill:${factorColour(k, factors)};background:${factorColour(k, factors)}}`,
  );
  return htmlPage({
    title,
    style: pageStyle + colours.join(''),
    header: `<p class="about">${[`${size.toLocaleString('en')} images in ${basename(gallery)}`, ...notes].map(escaped).join(' · ')}</p>`,
    main: sections.join('\n'),
    footer: `<p><b>How to read a score.</b> It is the agreement of the matching tokens (<span class="swatch matching"></span>, its cosine)${factors > 0 ? factorLegend(factors) : ''}.
Point at a bar to see its number.</p>${searches.some(({ wanted }) => wanted) ? annotatedLegend : ''}`,
  });
}

const annotatedLegend = `
<p><span class="badge">annotated</span> marks the target that the query was written for: whoever wrote the text had this image and the
reference before them. Other hits may fit the text as well; recall counts this one alone.</p>`;

function factorLegend(factors: number): string {
  const swatches = Array.from({ length: factors }, (_, k) => `<span class="swatch f${k}"></span>`).join('');
  return ` plus
the share of each of the ${factors} latent factors (${swatches}), drawn to one scale on the whole page`;
}

async function searchSection(
  { references, metadata, text, hits, wanted = [] }: ShownSearch,
  scale: Scale,
  show: readonly string[],
): Promise<string> {
  const cards: string[] = [];
  const images = await Promise.all(references.map((reference) => thumbnail(reference)));
  for (const hit of hits) {
    const image = await thumbnail(hit.image ?? hit.path);
    cards.push(hitCard(hit, { image, isWanted: wanted.includes(hit.id), scale, reference: images[0], show }));
  }
  const frames = images.map((image, i) => {
    const reference = references[i];
    const name = nameOf({ id: typeof reference === 'string' ? basename(reference) : 'reference', metadata: metadata?.[i] });
    return `<figure>${frame(image, name)}<figcaption class="name">${escaped(name)}</figcaption></figure>`;
  });
  const label = references.length === 0 ? 'Text' : text === '' ? 'Reference' : 'Reference, changed as said';
  return `<section>
<div class="query">
${frames.join('\n')}
<div><p class="label">${label}</p>${text === '' ? '' : `<p class="text">${escaped(text)}</p>`}</div>
</div>
<ol class="hits">
${cards.join('\n')}
</ol>
</section>`;
}

interface CardContext {
  image: string | undefined;
  isWanted: boolean;
  scale: Scale;
  /** The search's first reference. */
  reference: string | undefined;
  show: readonly string[];
}

function hitCard(hit: ShownHit, { image, isWanted, scale, reference, show }: CardContext): string {
  const { rank, score, id, matching, factors, negative, explanation } = hit;
  const name = nameOf({ id: basename(id), metadata: hit.metadata });
  const width = (100 * Math.max(0, Math.min(1, matching))).toFixed(1);
  return `<li${isWanted ? ' class="wanted"' : ''}>
${frame(image, name)}
<div class="facts"><span class="rank">${rank}</span>${isWanted ? '<span class="badge">annotated</span>' : ''}</div>
<div class="name" title="${escaped(id)}">${escaped(name)}</div>
${show.map((field) => `<div class="part"><span>${escaped(field)}</span><span>${escaped(String(hit.metadata[field] ?? ''))}</span></div>`).join('')}
<details class="score"><summary>Score ${score.toFixed(3)}</summary>
<div class="part"><span>matching</span><span>${matching.toFixed(3)}</span></div>
<div class="bar" title="matching token: ${signed(matching)}"><i class="matching" style="width:${width}%"></i></div>
${factors.length > 0 ? factorPart(factors, scale) : ''}
${negative > 0 ? `<div class="part"><span>negatives</span><span>−${negative.toFixed(3)}</span></div>` : ''}
</details>
${explanation && image ? heatMapPart(explanation, image, reference) : ''}
</li>`;
}

/** The range of all factors' shares on the page; it has 0 in it. */
interface Scale {
  low: number;
  high: number;
}

function factorPart(factors: readonly number[], scale: Scale): string {
  const total = factors.reduce((sum, share) => sum + share, 0);
  return `<div class="part"><span>factors</span><span>${total.toFixed(3)}</span></div>
${factorBars(factors, scale)}`;
}

/** One column a factor, up from the line at 0 or down from it. */
function factorBars(factors: readonly number[], { low, high }: Scale): string {
  const [step, height] = [10, 36];
  const y = (value: number) => ((high - value) / (high - low)) * height;
  const columns = factors.map((share, k) => {
    const [top, tall] = [y(Math.max(0, share)), Math.abs(y(share) - y(0))];
    const place = `x="${k * step + 1}" y="${top.toFixed(2)}" width="${step - 2}" height="${Math.max(0.4, tall).toFixed(2)}"`;
    return `<rect class="f${k}" ${place}><title>factor ${k + 1}: ${signed(share)}</title></rect>`;
  });
  const zero = y(0).toFixed(2);
  const width = factors.length * step;
  return `<svg class="factors" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="shares of the factors: ${factors
    .map(signed)
    .join(', ')}">${columns.join('')}<line x1="0" x2="${width}" y1="${zero}" y2="${zero}"/></svg>`;
}

function frame(image: string | undefined, name: string): string {
  const inside = image
    ? `<img src="${image}" alt="${escaped(name)}" loading="lazy">`
    : '<span class="absent">not readable</span>';
  return `<div class="frame">${inside}</div>`;
}

const factorColour = (k: number, count: number) => `oklch(0.7 0.13 ${Math.round((k * 360) / count + 20)})`;
const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
