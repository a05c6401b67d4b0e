/** Links of the documentation lead to files and headings that exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { anchorOf } from '../scripts/docs/anchor.js';

const pages = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** The text without what is shown as code. */
const prose = (page: string) => readFileSync(page, 'utf8').replace(/```[\s\S]*?```/g, '');

const anchorsOf = (page: string) => [...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading as string));

it('lead somewhere', () => {
  const links = pages.flatMap((page) =>
    [
      ...prose(page)
        .replace(/`[^`\n]*`/g, '')
        .matchAll(/\]\(([^)\s]+)\)/g),
    ].map(([, target]) => ({ page, target: target as string })),
  );
  expect(links.length).toBeGreaterThan(100);
  const broken = links.filter(({ page, target }) => {
    if (/^(https?|mailto):/.test(target)) return false;
    const [path, anchor] = target.split('#') as [string, string?];
    const file = path === '' ? page : relative('.', join(dirname(page), path));
    if (!existsSync(file)) return true;
    return anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).includes(anchor);
  });
  expect(broken).toEqual([]);
});

/** The files that a page leads to. */
const linksOf = (page: string) =>
  new Set([...prose(page).matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => join(dirname(page), target as string)));

it('reach every decision from the list of decisions', () => {
  const listed = linksOf('docs/decisions/README.md');
  const lost = pages.filter((page) => /^docs\/decisions\/\d/.test(page));
  expect(lost.length).toBeGreaterThan(10);
  expect(lost.filter((page) => !listed.has(page))).toEqual([]);
});

it('reach every page from the list of pages', () => {
  const listed = linksOf('docs/README.md');
  const lost = pages.filter(
    (page) => page.startsWith('docs/') && !/^docs\/decisions\/\d/.test(page) && page !== 'docs/README.md',
  );
  expect(lost.filter((page) => !listed.has(page))).toEqual([]);
});
