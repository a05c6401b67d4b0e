import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Choice } from '../search/choices/choice.js';
import { madeChoice } from '../search/choices/testing/made-choice.js';
import { choiceTriplets } from './choice-triplets.js';

const one = (reference: string, text: string, chosen: string, changes: Partial<Choice> = {}) =>
  madeChoice({ references: [reference], texts: [text], shown: [chosen], chosen, ...changes });
const places = {
  pathOf: (id: string) => `${id}.jpg`,
  training: new Set(['a.jpg', 'b.jpg', 'c.jpg']),
  heldOut: new Set(['v.jpg']),
};

it('says of every choice what became of it', () => {
  const { pairs, counts } = choiceTriplets(
    [
      one('a', 'In red.', 'b'),
      one('a', 'in RED', 'b'),
      one('a', 'in red', 'c'),
      one('a', 'in blue', 'b'),
      one('a', 'in blue', 'c'),
      one('b', 'shorter', 'a', { texts: ['shorter', 'in green'] }),
      one('a', 'in red', 'v'),
      one('v', 'in red', 'a'),
      one('a', 'in red', 'x'),
      one('a', '!?', 'b'),
      one('a', 'in red', 'b', { otherReferences: 1 }),
    ],
    places,
  );
  expect(pairs).toEqual([
    { reference: 'a.jpg', target: 'b.jpg', text: 'in red' },
    { reference: 'b.jpg', target: 'a.jpg', text: 'shorter and in green' },
  ]);
  const unusable = { 'no text': 1, 'own image': 1 };
  expect(counts).toEqual({ choices: 11, unusable, heldOut: 2, unknown: 1, repeated: 1, contradictory: 3 });
});

it('counts every choice once, names no held-out product, and says each query once', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'v', 'x');
  const any = fc
    .tuple(id, fc.constantFrom('in red', 'IN RED', 'blue', ''), id, fc.integer({ min: 0, max: 1 }))
    .map(([reference, text, chosen, otherReferences]) => one(reference, text, chosen, { otherReferences }));
  fc.assert(
    fc.property(fc.array(any, { maxLength: 30 }), (choices) => {
      const { pairs, counts } = choiceTriplets(choices, places);
      const { unusable, heldOut, unknown, repeated, contradictory } = counts;
      const left = [...Object.values(unusable), heldOut, unknown, repeated, contradictory].reduce((a, b) => a + b, 0);
      expect(left + pairs.length).toBe(choices.length);
      for (const { reference, target } of pairs) {
        for (const name of [reference, target]) expect(places.training.has(name)).toBe(true);
        expect(reference).not.toBe(target);
      }
      expect(new Set(pairs.map(({ reference, text }) => `${reference} ${text}`)).size).toBe(pairs.length);
    }),
  );
});
