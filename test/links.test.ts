/** Links of the documentation lead to files and headings that exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';

const pages = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** The text without what is shown as code. */
const prose = (page: string) => readFileSync(page, 'utf8').replace(/```[\s\S]*?```/g, '');

/** The anchor of a heading, as GitHub makes it. */
const anchorOf = (heading: string) =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
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

it('reach every page from the list of pages', () => {
  const listed = new Set(
    [...prose('docs/README.md').matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => join('docs', target as string)),
  );
  const lost = pages.filter(
    (page) => page.startsWith('docs/') && !page.startsWith('docs/decisions/') && page !== 'docs/README.md',
  );
  expect(lost.filter((page) => !listed.has(page))).toEqual([]);
});
