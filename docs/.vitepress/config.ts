/**
 * The documentation as a site: `npm run docs` builds it into docs/.vitepress/dist, `npm run docs:dev` serves it while one writes.
 * The pages are those that GitHub shows; what differs between the two is in links.ts.
 */
import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { anchorOf } from '../../scripts/docs/anchor.js';
import { repository, rewrites, siteLinks } from './links.js';
import { sidebar } from './sidebar.js';

export default defineConfig({
  title: 'limn',
  description: 'Composed image retrieval for TypeScript',
  lang: 'en-GB',
  srcDir: repository,
  srcExclude: ['{bench,configs,deploy,dist,examples,experiments,runs,scripts,src,test,web}/**'],
  outDir: join(import.meta.dirname, 'dist'),
  rewrites,
  // The index of the search is one chunk, which is fetched when somebody searches.
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  metaChunk: true,
  markdown: {
    anchor: { slugify: anchorOf },
    config: (md) => md.use(siteLinks),
  },
  themeConfig: {
    search: { provider: 'local' },
    sidebar: sidebar(),
    outline: [2, 3],
    nav: [
      { text: 'All pages', link: '/pages' },
      { text: 'Command line', link: '/reference/cli' },
      { text: 'Library', link: '/reference/api' },
      { text: 'Changes', link: '/changes' },
    ],
  },
});
