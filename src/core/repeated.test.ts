import { expect, it } from 'vitest';
import { firstRepeated } from './repeated.js';

it('finds the first text that comes again', () => {
  expect(firstRepeated(['a', 'b', 'c', 'b', 'a'])).toBe('b');
  expect(firstRepeated(['', ''])).toBe('');
  expect(firstRepeated(['a', 'b'])).toBeUndefined();
});
