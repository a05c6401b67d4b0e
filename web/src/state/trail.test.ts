import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyTrail } from './testing/any-trail.js';
import {
  addNegative,
  addReference,
  changeSettings,
  currentSettings,
  currentTurn,
  emptyTrail,
  fork,
  goOnFrom,
  limits,
  ownPhrase,
  type QueryImage,
  removePhrase,
  removeReference,
  removeTurn,
  replaceImage,
  say,
  select,
  startFrom,
  type Trail,
  togglePhrase,
} from './trail.js';
import { placeTurns } from './trail-layout.js';

const [a, b, c] = ['a', 'b', 'c'].map((id) => ({ id })) as [QueryImage, QueryImage, QueryImage];
const texts = (trail: Trail) => currentTurn(trail)?.phrases.map(({ text }) => text);
const parents = (trail: Trail) => trail.turns.map(({ parent }) => parent);
const walk = (...steps: ((trail: Trail) => Trail)[]) => steps.reduce((trail, step) => step(trail), emptyTrail);

describe('the trail', () => {
  it('puts the first text into the turn, and each further one into a new turn that holds all', () => {
    const trail = walk(
      (t) => startFrom(t, a),
      (t) => say(t, '  in   red '),
      (t) => say(t, 'long'),
    );
    expect(trail.turns).toHaveLength(2);
    expect(trail.turns[0]?.phrases).toEqual([{ text: 'in red', held: true }]);
    expect(texts(trail)).toEqual(['in red', 'long']);
    expect(ownPhrase(trail, 1)?.text).toBe('long');
    expect(say(trail, '   ')).toBe(trail);
    expect(say(trail, 'in red')).toBe(trail);
  });

  it('goes on from a hit with the texts and negatives, and forks beside a turn', () => {
    const trail = walk(
      (t) => startFrom(t, a),
      (t) => say(t, 'in red'),
      (t) => addNegative(t, b),
      (t) => addNegative(t, c),
      (t) => goOnFrom(t, b),
    );
    expect(currentTurn(trail)).toEqual({
      parent: 0,
      references: [b],
      phrases: [{ text: 'in red', held: true }],
      negatives: [c],
      filter: '',
      weights: [],
    });
    expect(ownPhrase(trail, 1)).toBeUndefined();
    const beside = say(fork(trail, 0), 'in blue');
    expect(parents(beside)).toEqual([null, 0, null]);
    expect(texts(beside)).toEqual(['in blue']);
  });

  it('keeps a filter and weights for each turn, and hands them on to the next', () => {
    const trail = walk(
      (t) => changeSettings(t, { filter: 'price < 50' }),
      (t) => startFrom(t, a),
      (t) => changeSettings(t, { weights: [2, 1] }),
      (t) => goOnFrom(t, b),
      (t) => changeSettings(t, { filter: '', weights: [] }),
      (t) => say(t, 'in red'),
      (t) => say(t, 'long'),
    );
    expect([-1, 0, 1, 2].map((at) => currentSettings(select(trail, at)))).toEqual([
      { filter: 'price < 50', weights: [] },
      { filter: 'price < 50', weights: [2, 1] },
      { filter: '', weights: [] },
      { filter: '', weights: [] },
    ]);
    // Beside a turn, another begins with its settings; from the gallery, with the gallery's.
    expect(currentSettings(fork(trail, 0))).toEqual({ filter: 'price < 50', weights: [2, 1] });
    expect(currentSettings(startFrom(select(trail, -1), c))).toEqual({ filter: 'price < 50', weights: [] });
    // They outlive the turns around them.
    expect(currentSettings(removeTurn(select(trail, 1), 0))).toEqual({ filter: '', weights: [] });
    const none = removeTurn(startFrom(changeSettings(emptyTrail, { filter: 'x = 1' }), a), 0);
    expect(none).toEqual({ ...emptyTrail, filter: 'x = 1' });
  });

  it('searches by text alone, then takes a reference into the same turn', () => {
    const trail = walk(
      (t) => say(t, 'a coat'),
      (t) => addReference(t, a),
    );
    expect(trail.turns).toMatchObject([
      { parent: null, references: [a], phrases: [{ text: 'a coat', held: true }], negatives: [] },
    ]);
  });

  it('keeps a picture on one side only, and the last reference', () => {
    const two = walk(
      (t) => startFrom(t, a),
      (t) => addReference(t, b),
    );
    expect(currentTurn(addNegative(two, b))).toMatchObject({ references: [a], negatives: [b] });
    expect(currentTurn(addReference(addNegative(two, b), b))).toMatchObject({ references: [a, b], negatives: [] });
    const one = startFrom(emptyTrail, a);
    expect(addNegative(one, a)).toBe(one);
  });

  it('keeps to the limits of the API', () => {
    let trail = startFrom(emptyTrail, a);
    for (let at = 0; at < 20; at++) trail = addReference(trail, { id: `r${at}` });
    for (let at = 0; at < 20; at++) trail = addNegative(trail, { id: `n${at}` });
    for (let at = 0; at < 30; at++) trail = say(trail, `text ${at}`);
    expect(currentTurn(trail)?.references).toHaveLength(limits.references);
    expect(currentTurn(trail)?.negatives).toHaveLength(limits.negatives);
    expect(currentTurn(trail)?.phrases).toHaveLength(limits.phrases);
    for (let at = 0; at < 2 * limits.turns; at++) trail = goOnFrom(trail, a);
    expect(trail.turns).toHaveLength(limits.turns);
  });

  it('closes the gap where a turn is removed, and shows the one before', () => {
    const trail = walk(
      (t) => startFrom(t, a),
      (t) => goOnFrom(t, b),
      (t) => goOnFrom(t, c),
      (t) => select(t, 1),
    );
    const removed = removeTurn(trail, 1);
    expect(parents(removed)).toEqual([null, 0]);
    expect(removed.current).toBe(0);
    expect(removeTurn(select(trail, 2), 0)).toMatchObject({ current: 1 });
    expect(parents(removeTurn(trail, 0))).toEqual([null, 0]);
    expect(removeReference(startFrom(emptyTrail, a), a)).toEqual(emptyTrail);
  });

  it('lets a text rest and hold again', () => {
    const trail = walk(
      (t) => startFrom(t, a),
      (t) => say(t, 'in red'),
      (t) => togglePhrase(t, 0),
    );
    expect(currentTurn(trail)?.phrases[0]?.held).toBe(false);
    expect(currentTurn(say(trail, 'in red'))?.phrases[0]?.held).toBe(true);
    expect(texts(removePhrase(trail, 0))).toEqual([]);
  });

  it('puts a picture in the place of a lost one everywhere', () => {
    const lost = { upload: 'x' };
    const trail = walk(
      (t) => startFrom(t, lost),
      (t) => say(t, 'in red'),
      (t) => addReference(t, a),
    );
    expect(replaceImage(trail, lost, b).turns.map(({ references }) => references)).toEqual([[b, a]]);
  });

  it('stays sound whatever is done, and has a place for each turn', () => {
    fc.assert(
      fc.property(anyTrail, (trail) => {
        expect(trail.current).toBeGreaterThanOrEqual(-1);
        expect(trail.current).toBeLessThan(Math.max(1, trail.turns.length));
        trail.turns.forEach(({ parent, references, phrases }, at) => {
          if (parent !== null) expect(parent).toBeLessThan(at);
          expect(references.length + phrases.length).toBeGreaterThan(0);
        });
        const placed = placeTurns(trail);
        expect(placed.map(({ at }) => at).sort((x, y) => x - y)).toEqual(trail.turns.map((_, at) => at));
        expect(new Set(placed.map(({ row, column }) => `${row} ${column}`)).size).toBe(placed.length);
      }),
    );
  });

  it('gives each branch a row of its own', () => {
    const trail = walk(
      (t) => startFrom(t, a),
      (t) => goOnFrom(t, b),
      (t) => goOnFrom(t, c),
      (t) => goOnFrom(select(t, 0), c),
      (t) => startFrom(t, b),
    );
    expect(placeTurns(trail)).toEqual([
      { at: 0, column: 0, row: 0, drop: 0 },
      { at: 1, column: 1, row: 0, drop: 0 },
      { at: 2, column: 2, row: 0, drop: 0 },
      { at: 3, column: 1, row: 1, drop: 1 },
      { at: 4, column: 0, row: 2, drop: 0 },
    ]);
  });
});
