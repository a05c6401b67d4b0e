/** Rows that say nothing and that published code reads all the same: an empty caption, a reference that is its own target. */
import type { LimnError } from '../../core/errors.js';
import type { ReadOptions } from './dataset-format.js';

/** The text of a query whose captions are empty: models want a word. */
const silentText = 'unchanged';

type Odd = Pick<ReadOptions, 'odd'>;

/** The text of a row whose captions are empty. @throws what `error` makes, where such rows are not kept */
export function silent({ odd = 'error' }: Odd, error: () => LimnError): string {
  if (odd === 'error') throw error();
  return silentText;
}

/** @throws what `error` makes for a reference among its own targets, where such rows are not kept */
export function checkOwnTarget(
  reference: string,
  targets: readonly (string | undefined)[],
  { odd = 'error' }: Odd,
  error: () => LimnError,
): void {
  if (odd === 'error' && targets.includes(reference)) throw error();
}
