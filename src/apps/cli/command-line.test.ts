import { expect, it } from 'vitest';
import { shownCommandLine } from './command-line.js';

it('keeps what was typed, and no password', () => {
  expect(shownCommandLine(['train', '--data', 'a@b/c', '--queue', 'redis://me:se:cr@et@host:6379/0'])).toBe(
    'limn train --data a@b/c --queue redis://host:6379/0',
  );
  expect(shownCommandLine(['index', '--store=postgres://u:p@db/limn?gallery=a@b'])).toBe(
    'limn index --store=postgres://db/limn?gallery=a@b',
  );
});
