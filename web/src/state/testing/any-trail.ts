import fc from 'fast-check';
import {
  addNegative,
  addReference,
  changeSettings,
  emptyTrail,
  fork,
  goOnFrom,
  type QueryImage,
  removeNegative,
  removePhrase,
  removeReference,
  removeTurn,
  type Settings,
  say,
  select,
  startFrom,
  type Trail,
  togglePhrase,
} from '../trail.js';

const image = fc.constantFrom<QueryImage>({ id: 'a' }, { id: 'b/c.jpg' }, { id: 'ü; ,~' }, { upload: 'u' });
const settings: fc.Arbitrary<Partial<Settings>> = fc.oneof(
  fc.record({ filter: fc.string({ unit: 'grapheme', maxLength: 12 }) }),
  fc.record({ weights: fc.array(fc.constantFrom(0, 0.5, 1, 2.2, 3), { maxLength: 8 }) }),
);
const place = fc.integer({ min: -1, max: 6 });
/** Trails made by steps of all kinds. */
export const anyTrail = fc
  .array(
    fc.oneof(
      fc.tuple(fc.constantFrom(startFrom, goOnFrom, addReference, addNegative, removeReference, removeNegative), image),
      fc.tuple(fc.constantFrom(fork, select, removeTurn, togglePhrase, removePhrase), place),
      fc.tuple(fc.constant(changeSettings), settings),
      fc.tuple(fc.constant(say), fc.string({ unit: 'grapheme', maxLength: 8 })),
    ),
    { maxLength: 24 },
  )
  .map((steps) =>
    steps.reduce((trail, [step, argument]) => (step as (t: Trail, x: unknown) => Trail)(trail, argument), emptyTrail),
  );
