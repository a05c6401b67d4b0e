/** Puts what was measured of exports into docs/browser.md, where both results are there. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { browserTable } from './browser-table.js';
import { inCheckout } from './paths.js';
import { resultsFolder } from './results-folder.js';
import { withTable } from './table.js';

export async function writeBrowserTable(): Promise<void> {
  const page = inCheckout('docs/browser.md');
  const read = async (name: string) =>
    JSON.parse(await readFile(join(resultsFolder, `${name}.json`), 'utf8').catch(() => 'null'));
  const [speed, agreement] = [await read('browser'), await read('browser-agreement')];
  if (speed && agreement) await writeFile(page, withTable(await readFile(page, 'utf8'), browserTable(speed, agreement)));
}
