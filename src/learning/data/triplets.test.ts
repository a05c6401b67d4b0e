import { expect, test } from 'vitest';
import { joinCaptions } from './triplets.js';

test('captions are joined in the wording of the protocol', () => {
  expect(joinCaptions(['Is red.', ' has Long sleeves!? '])).toBe('is red and has long sleeves');
  expect(joinCaptions(['', 'has buttons on it'])).toBe('has buttons on it');
  expect(joinCaptions(['is 2.5 cm longer, '])).toBe('is 2.5 cm longer');
  expect(joinCaptions([' . ', ''])).toBe('');
});
