import { expect, test } from 'vitest';
import { type Split, type Triplet, withoutImages } from './triplets.js';
import { remarksOn, requireUsable, type Use, unusable } from './usable.js';

const aSplit = (ids: string, triplets: readonly Triplet[]): Split => ({
  name: 'val',
  images: ids.split(' ').map((id) => ({ id, path: id })),
  triplets,
  missing: [],
});
const aTriplet = (reference: string, targets: readonly string[], more: Partial<Triplet> = {}): Triplet => ({
  reference,
  targets,
  text: 't',
  captions: ['t'],
  source: 'row 1',
  ...more,
});

const uses: Use[] = ['train on', 'validate on', 'evaluate', 'caption'];
const good = aSplit('a b c', [aTriplet('a', ['b']), aTriplet('c', ['b'])]);

test('a split with triplets, targets and texts can be used for all', () => {
  for (const use of uses) expect(unusable(good, use)).toBeUndefined();
});

test.each(uses)('an empty split, and one whose pictures are gone, cannot be used to %s', (use) => {
  expect(() => requireUsable(aSplit('a', []), use)).toThrow(`The split val has no triplets to ${use}: its annotations are empty`);
  const gone = withoutImages(good, ['b']);
  expect(() => requireUsable(gone, use)).toThrow(
    /every one needs an image that is not there, and 1 of its images cannot be read \(b\)/,
  );
  const all = withoutImages(good, ['a', 'b', 'c']);
  expect(() => requireUsable(all, use)).toThrow(/none of its images can be read \(a, b, c\)/);
});

test('a split without targets or texts can be ranked, or validated on, and no more', () => {
  const open = aSplit('a', [aTriplet('a', [])]);
  expect(uses.filter((use) => unusable(open, use) === undefined)).toEqual(['evaluate']);
  const silent = aSplit('a b', [aTriplet('a', ['b'], { captions: [] })]);
  expect(uses.filter((use) => unusable(silent, use) === undefined)).toEqual(['validate on', 'evaluate']);
  expect(unusable(silent, 'caption')).toContain('the captions of its 1 triplets are empty');
});

test('what is odd is counted', () => {
  expect(remarksOn(good)).toEqual([]);
  const odd = aSplit('a b a', [aTriplet('a', ['a']), aTriplet('a', ['b'], { captions: [] }), aTriplet('a', [])]);
  expect(remarksOn(odd, 'hat val')).toEqual([
    'hat val: 1 of 3 triplets have their reference as target.',
    'hat val: 1 of 3 triplets have an empty caption.',
    'hat val: 1 of 3 triplets have no target, so this split cannot be scored here.',
    'hat val: 1 of 3 pictures are listed again; each line is ranked, and queries mean the last.',
  ]);
});
