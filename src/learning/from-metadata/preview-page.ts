/** Some triplets as a page with their images, to be looked at before anything is trained. */
import { escaped, htmlPage } from '../../core/html.js';
import type { MadeTriplet, MadeTriplets } from './make-triplets.js';

export interface PreviewOptions {
  made: MadeTriplets;
  /** How many training triplets are shown, spread evenly over all. */
  count: number;
  /** An image as a data URL; undefined for one that cannot be read. */
  imageOf(id: string): Promise<string | undefined>;
}

const style = `
section{display:grid;grid-template-columns:150px 1fr 150px;gap:22px;align-items:center;padding:18px 0;border-top:1px solid var(--line)}
main section:first-of-type{border-top:0}
.frame{aspect-ratio:1;background:var(--tile);border-radius:10px;overflow:hidden;display:grid;place-items:center;margin:0}
.frame img{width:100%;height:100%;object-fit:contain}
.text{font:italic 19px/1.35 Georgia,serif}
table{border-collapse:collapse;font-size:13px;margin:0 0 18px}td,th{text-align:left;padding:3px 16px 3px 0;vertical-align:top}
h2{font:600 20px/1.3 Georgia,serif;margin:22px 0 8px}
footer{padding:18px 28px 40px}
@media (max-width:640px){section{grid-template-columns:90px 1fr 90px;gap:12px}.text{font-size:16px}}
`;

export async function previewPage({ made, count, imageOf }: PreviewOptions): Promise<string> {
  const { train } = made.splits;
  const shown = Math.min(count, train.length);
  const chosen = Array.from({ length: shown }, (_, i) => train[Math.floor((i * train.length) / shown)] as MadeTriplet);
  const sections: string[] = [];
  for (const { reference, target, text, provenance } of chosen) {
    const frame = async (id: string) => {
      const url = await imageOf(id);
      const inside = url === undefined ? 'not readable' : `<img src="${url}" alt="${escaped(id)}">`;
      return `<div><p class="frame">${inside}</p><p class="name">${escaped(id)}</p></div>`;
    };
    const changes = provenance.changes.map(({ attribute, from, to }) => `${attribute}: ${from || 'none'} → ${to || 'none'}`);
    const found = `${provenance.strategy === 'near' ? 'near images' : 'near attributes'}, cosine ${provenance.similarity}`;
    const about = [...(provenance.source === 'captioner' ? ['written by the captioner'] : changes), found].join(' · ');
    sections.push(`<section>
${await frame(reference)}
<div><p class="text">${escaped(text)}</p><p class="label">${escaped(about)}</p></div>
${await frame(target)}
</section>`);
  }
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  const used = made.attributes.map(({ name, kind, source, values }) =>
    row([name, kind, source, values > 0 ? String(values) : ''], 'td'),
  );
  const left = made.leftOut.map(({ name, reason }) => row([name, reason], 'td'));
  const total = Object.values(made.splits).reduce((sum, { length }) => sum + length, 0);
  return htmlPage({
    title: 'Triplets from metadata',
    style,
    header: `<p class="about">${shown} of ${total} triplets, evenly spread, none chosen by hand: reference, text, target</p>`,
    main: `${sections.join('\n')}
<h2>What is learned from</h2>
<table>${row(['attribute', 'kind', 'from', 'values'], 'th')}${used.join('')}</table>
${left.length > 0 ? `<h2>What is left out</h2>\n<table>${row(['column', 'why'], 'th')}${left.join('')}</table>` : ''}`,
    footer: `<p>${made.products} products; variants and images that are nearly the same are one, and on one side of the split.</p>`,
  });
}
