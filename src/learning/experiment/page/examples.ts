/** Rankings of some queries, with the pictures themselves, or the captions that stand in for them. */
import { escaped } from '../../../core/html.js';
import { thumbnail } from '../../../models/encoders/image/thumbnail.js';
import type { RunResult } from '../result.js';

/** What is shown of a picture id. */
export type Shown = (id: string) => { path: string } | { caption: string } | undefined;

const hitsShown = 6;

/** @param count queries to show, evenly taken of those that the result keeps */
export async function exampleRankings({ examples }: RunResult, count: number, shown: Shown): Promise<string> {
  const taken = Array.from({ length: Math.min(count, examples.length) }, (_, i) =>
    examples.at(Math.floor(((i + 0.5) * examples.length) / Math.min(count, examples.length))),
  );
  const parts: string[] = [];
  for (const example of taken) {
    if (!example) continue;
    const { reference, text, targets, rank, hits } = example;
    const items: string[] = [];
    for (const id of hits.slice(0, hitsShown)) items.push(await card('li', id, shown, targets.includes(id)));
    const answer = rank <= hitsShown ? '' : await card('li', targets[0] as string, shown, true, `wanted: rank ${rank}`);
    parts.push(`<div class="query">
<div>${await card('div', reference, shown, false, 'reference')}</div>
<div><p class="text">“${escaped(text)}”</p><ol class="hits">${items.join('')}${answer}</ol></div>
</div>`);
  }
  const note = 'The pictures are inside this file; "examples": 0 in the experiment leaves them out.';
  return `${parts.join('\n')}\n<p class="about">${escaped(note)}</p>`;
}

async function card(tag: string, id: string, shown: Shown, wanted: boolean, name = id): Promise<string> {
  return `<${tag}${wanted ? ' class="wanted"' : ''}><div class="frame">${await inside(id, shown(id))}</div><p class="name" title="${escaped(id)}">${escaped(name)}</p></${tag}>`;
}

async function inside(id: string, what: ReturnType<Shown>): Promise<string> {
  if (what && 'caption' in what) return `<span>${escaped(what.caption)}</span>`;
  const image = what && (await thumbnail(what.path, 160));
  return image ? `<img src="${image}" alt="${escaped(id)}" loading="lazy">` : '<span>not readable</span>';
}
