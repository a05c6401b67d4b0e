import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { browserTable } from './browser-table.js';
import { withTable } from './table.js';

it('is what docs/browser.md shows of the results that are kept', async () => {
  const root = join(import.meta.dirname, '../..');
  const [speed, agreement] = await Promise.all(
    ['browser', 'browser-agreement'].map(async (name) =>
      JSON.parse(await readFile(join(root, `bench/results/${name}.json`), 'utf8')),
    ),
  );
  const page = await readFile(join(root, 'docs/browser.md'), 'utf8');
  const table = browserTable(speed, agreement);
  expect(table.match(/^\| (2,000|20,000|100,000) \|/gm)).toHaveLength(3);
  expect(withTable(page, table)).toBe(page);
});
