import { expect, it } from 'vitest';
import { oneLine, withoutTrailing } from './text.js';

it('puts lines into one', () => {
  expect(oneLine('  one \n\n two\r\nthree  four\t')).toBe('one two three  four');
  expect(oneLine('\n')).toBe('');
});

it('takes characters off the end only', () => {
  expect(withoutTrailing('/a//b///', '/')).toBe('/a//b');
  expect(withoutTrailing('a/\\', '/\\')).toBe('a');
  expect(withoutTrailing('///', '/')).toBe('');
});
