/** Links between the pages are those that work on GitHub; here they become links of the site. */
import { existsSync, readFileSync } from 'node:fs';
import { join, posix, resolve } from 'node:path';
import type MarkdownIt from 'markdown-it';

export const repository = resolve(import.meta.dirname, '..', '..');

/** Where files that are no pages can be read. Without an address in package.json, links to them are plain text. */
const { repository: address } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
  repository?: { url: string };
};
const filesAt = address && `${address.url.replace(/^git\+/, '').replace(/\.git$/, '')}/blob/main/`;

/** The pages from outside docs/, and the README of a folder, under names that a site has. */
export const rewrites: Readonly<Record<string, string>> = {
  'README.md': 'index.md',
  'CHANGELOG.md': 'changes.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'report-a-vulnerability.md',
  'docs/README.md': 'pages.md',
  'docs/decisions/README.md': 'decisions/index.md',
  'docs/:page*': ':page*',
};

/** The page of the site that a file of the repository is; undefined where it is none. */
export function sitePage(file: string): string | undefined {
  const path = file === 'docs/decisions' ? 'docs/decisions/README.md' : file;
  if (!path.endsWith('.md') || !existsSync(join(repository, path))) return undefined;
  if (rewrites[path]) return `/${rewrites[path]}`;
  return path.startsWith('docs/') ? path.slice('docs'.length) : undefined;
}

/** A markdown-it plugin. @throws Error for a link to nothing */
export function siteLinks(md: MarkdownIt): void {
  md.core.ruler.push('site_links', ({ tokens, env }) => {
    const page = posix.relative(repository, env.realPath ?? env.path);
    for (const { children } of tokens) {
      if (!children) continue;
      const dropped = new Set<number>();
      for (const [i, token] of children.entries()) {
        const target = token.type === 'link_open' ? token.attrGet('href') : null;
        if (target === null || /^(#|[a-z]+:)/.test(target) || token.attrGet('class')) continue;
        const [path, anchor] = decodeURI(target).split('#') as [string, string?];
        const file = posix.join(posix.dirname(page), path).replace(/\/$/, '');
        const inside = sitePage(file);
        if (!existsSync(join(repository, file))) throw new Error(`${page} has a link to ${target}, which does not exist.`);
        if (inside) token.attrSet('href', anchor ? `${inside}#${anchor}` : inside);
        else if (filesAt) token.attrSet('href', filesAt + file);
        else {
          dropped.add(i);
          dropped.add(children.findIndex((other, at) => at > i && other.type === 'link_close'));
        }
      }
      if (dropped.size > 0) children.splice(0, children.length, ...children.filter((_, i) => !dropped.has(i)));
    }
  });
}
