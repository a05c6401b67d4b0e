import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { placeImages } from './served-galleries.js';

const folder = tmpdir();

it('gives each gallery the folder that was named for it', () => {
  expect(placeImages([], ['a', 'b'])).toEqual(new Map());
  expect(placeImages([folder], ['a'])).toEqual(new Map([['a', folder]]));
  expect(placeImages([`b=${folder}`], ['a', 'b'])).toEqual(new Map([['b', folder]]));
});

it.each([
  [[folder], ['a', 'b'], 'say whose images'],
  [[`shopp=${folder}`], ['shop'], 'Did you mean "shop"?'],
  [['/nowhere/at/all'], ['a'], 'does not exist'],
  [['a=/nowhere/at/all'], ['a'], 'does not exist'],
])('refuses %j for %j', (values, galleries, why) => {
  expect(() => placeImages(values, galleries)).toThrow(why);
});
