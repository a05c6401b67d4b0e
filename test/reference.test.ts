/** docs/reference is what the commands, exports and messages are now. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parts } from '../scripts/docs/messages-page.js';
import { referencePages } from '../scripts/docs/reference-pages.js';

it('is up to date: run "npm run reference"', async () => {
  const pages = await referencePages();
  expect(pages.size).toBeGreaterThan(5);
  const old = [...pages].filter(([path, text]) => readFileSync(path, 'utf8') !== text);
  expect(old.map(([path]) => path)).toEqual([]);
});

it('tells what happened from what to do', () => {
  expect(parts('--out is missing: give it.')).toEqual(['--out is missing.', 'Give it.']);
  expect(parts('There is none. Install it: npm install x')).toEqual(['There is none.', 'Install it: npm install x']);
  expect(parts('A file is gone: a.jpg')).toEqual(['A file is gone: a.jpg']);
});
