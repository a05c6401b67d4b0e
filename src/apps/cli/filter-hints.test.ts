import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { filterHints } from './filter-hints.js';

const nike = { filter: "brand = 'Nike'", field: 'brand', words: 'nike' };
const cheap = { filter: 'price < 50', field: 'price', words: 'under\n50' };

it('give the option for each suggestion and for all, with the filter that there is', () => {
  expect(filterHints([])).toEqual([]);
  expect(filterHints([nike])).toEqual([`"nike" can be a filter: --filter "brand = 'Nike'"`]);
  expect(filterHints([nike, cheap], 'a = 1 or b = 2')).toEqual([
    `"nike" can be a filter: --filter "(a = 1 or b = 2) and brand = 'Nike'"`,
    '"under 50" can be a filter: --filter "(a = 1 or b = 2) and price < 50"',
    `All of them: --filter "(a = 1 or b = 2) and brand = 'Nike' and price < 50"`,
  ]);
  expect(filterHints([nike, cheap], 'price < 50')).toEqual([`"nike" can be a filter: --filter "price < 50 and brand = 'Nike'"`]);
  expect(filterHints([nike, { ...nike, field: 'maker', filter: "maker = 'Nike'" }])).toHaveLength(2);
});

it.skipIf(process.platform === 'win32')('are what a shell reads as the filter', () => {
  const filter = `name = 'a"b$HOME\`id\`\\'`;
  const [hint] = filterHints([{ ...nike, filter }]);
  const option = hint?.slice(hint.indexOf('--filter ') + '--filter '.length) ?? '';
  expect(execFileSync('sh', ['-c', `printf %s ${option}`], { encoding: 'utf8' })).toBe(filter);
});
