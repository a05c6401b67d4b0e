/** A choice for tests: of the first of two hits, after a text about an image of the gallery. */
import type { Choice } from '../choice.js';

export const madeChoice = (changes: Partial<Choice> = {}): Choice => ({
  format: 'limn-choice-1',
  day: '2026-11-27',
  gallery: 'shop',
  references: ['a.jpg'],
  otherReferences: 0,
  texts: ['in red'],
  negatives: [],
  shown: ['b.jpg', 'c.jpg'],
  chosen: 'b.jpg',
  ...changes,
});
