import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyView, readAddress, type View, writeAddress } from './address.js';
import { anyTrail } from './testing/any-trail.js';

const anyView: fc.Arbitrary<View> = fc.record({
  gallery: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,20}$/),
  trail: anyTrail,
});

describe('the address', () => {
  it('restores any view', () => {
    fc.assert(
      fc.property(anyView, (view) => {
        expect(readAddress(writeAddress(view))).toEqual(view);
      }),
    );
  });

  it('survives a browser, which leaves a written address as it is', () => {
    fc.assert(
      fc.property(anyView, (view) => {
        const address = writeAddress(view);
        expect(new URL(address, 'http://page/').hash.replace(/^$/, '#')).toBe(address);
      }),
    );
  });

  it('is short and can be read', () => {
    const phrases = [
      { text: 'in red', held: true },
      { text: 'long; plain', held: false },
    ];
    const settings = { filter: "colour = 'red'", weights: [1, 2.5] };
    const references = [{ id: 'a b/1.jpg' }, { upload: 'k3' }];
    const turn = { parent: null, references, phrases, negatives: [{ id: 'ü,~.png' }], ...settings };
    const next = { parent: 0, references: [{ id: 'c' }], phrases: [], negatives: [] };
    const turns = [turn, { ...next, ...settings, filter: '' }, { ...next, ...settings, weights: [2] }];
    expect(writeAddress({ gallery: 'wardrobe', trail: { turns, current: 0, ...settings } })).toBe(
      "#/wardrobe?f=colour%20%3D%20'red'&w=1,2.5&at=0&s=;i:a%20b%2F1.jpg,u:k3;+in%20red,-long%3B%20plain;i:%C3%BC%2C~.png&s=0;i:c;;;f&s=0;i:c;;;;w2",
    );
  });

  it('gives turns that say nothing else the filter and the weights of the turn before, or of the gallery', () => {
    const { trail } = readAddress('#/g?f=a&w=2&s=;i:a;;&s=0;i:b;;;fb&s=1;i:c;;;;w3&s=;i:d;;;f;w');
    expect(trail.turns.map(({ filter, weights }) => [filter, ...weights])).toEqual([['a', 2], ['b', 2], ['b', 3], ['']]);
    // What cannot be read is as if it were not there.
    const { turns } = readAddress('#/g?f=a&w=2&s=;i:a;;;f%E0%A4%A;w9&s=;i:b;;;x;y').trail;
    expect(turns.map(({ filter, weights }) => [filter, ...weights])).toEqual([
      ['a', 2],
      ['a', 2],
    ]);
  });

  it('reads anything without an error', () => {
    fc.assert(fc.property(fc.string(), (text) => void readAddress(`#/${text}`)));
    fc.assert(fc.property(fc.string(), (text) => void readAddress(`#/g?s=${text}&at=${text}&w=${text}&f=${text}`)));
  });

  it('leaves out what makes no sense', () => {
    expect(readAddress('')).toEqual(emptyView);
    expect(readAddress('#/')).toEqual(emptyView);
    expect(readAddress('#/%E0%A4%A')).toEqual(emptyView);
    expect(readAddress('#/g?w=1,9&f=%E0%A4%A')).toMatchObject({ trail: { weights: [], filter: '' } });
    expect(readAddress('#/g?at=3&s=;i:a;;')).toMatchObject({ trail: { current: -1 } });
    expect(readAddress('#/g?at=0&s=5;i:a;;')).toMatchObject({ trail: { current: 0, turns: [{ parent: null }] } });
    expect(readAddress('#/g?at=1&s=;i:a;;&s=;;;')).toMatchObject({ trail: { turns: [] } });
  });
});
