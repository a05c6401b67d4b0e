/** The sidebar is the list of docs/README.md, so that both have the same pages in the same order. */
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { DefaultTheme } from 'vitepress';
import { repository, sitePage } from './links.js';

type Item = DefaultTheme.SidebarItem;

/** The links of a page below each of its headings of level two, as items of the site. */
function linksOf(page: string): { heading: string; items: Item[] }[] {
  const [, ...sections] = readFileSync(join(repository, page), 'utf8').split(/^## /m);
  return sections.map((section) => {
    const [heading = ''] = section.split('\n');
    const items = [...section.matchAll(/\[([^\]]+)\]\(([^)#]+)\)/g)].map(([, text = '', target = '']) => {
      const file = posix.join(posix.dirname(page), target);
      const link = sitePage(file);
      if (!link) throw new Error(`${page} lists ${target}, which is no page of the site.`);
      // Names of entry points are written as they are imported.
      const title = /^limn\b/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
      return { text: title, link };
    });
    return { heading, items };
  });
}

export function sidebar(): Item[] {
  return [
    { text: 'Start', link: '/' },
    ...linksOf('docs/README.md').map(({ heading, items }) => ({
      text: heading,
      collapsed: false,
      items: items.map((item) => (item.link === '/decisions/index.md' ? { ...item, collapsed: true, items: decisions() } : item)),
    })),
  ];
}

const decisions = (): Item[] => linksOf('docs/decisions/README.md').flatMap(({ items }) => items);
