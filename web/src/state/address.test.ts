import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyView, readAddress, type View, writeAddress } from './address.js';
import { anyTrail } from './testing/any-trail.js';

const anyView: fc.Arbitrary<View> = fc.record({
  gallery: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,20}$/),
  trail: anyTrail,
  weights: fc.array(fc.constantFrom(0, 0.5, 1, 2.2, 3), { maxLength: 8 }),
  filter: fc.string({ unit: 'grapheme' }),
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
    const turn = { parent: null, references: [{ id: 'a b/1.jpg' }, { upload: 'k3' }], phrases, negatives: [{ id: 'ü,~.png' }] };
    const view = { gallery: 'wardrobe', trail: { turns: [turn], current: 0 }, weights: [1, 2.5], filter: "colour = 'red'" };
    expect(writeAddress(view)).toBe(
      "#/wardrobe?f=colour%20%3D%20'red'&w=1,2.5&at=0&s=;i:a%20b%2F1.jpg,u:k3;+in%20red,-long%3B%20plain;i:%C3%BC%2C~.png",
    );
  });

  it('reads anything without an error', () => {
    fc.assert(fc.property(fc.string(), (text) => void readAddress(`#/${text}`)));
    fc.assert(fc.property(fc.string(), (text) => void readAddress(`#/g?s=${text}&at=${text}&w=${text}&f=${text}`)));
  });

  it('leaves out what makes no sense', () => {
    expect(readAddress('')).toEqual(emptyView);
    expect(readAddress('#/')).toEqual(emptyView);
    expect(readAddress('#/%E0%A4%A')).toEqual(emptyView);
    expect(readAddress('#/g?w=1,9&f=%E0%A4%A')).toMatchObject({ weights: [], filter: '' });
    expect(readAddress('#/g?at=3&s=;i:a;;')).toMatchObject({ trail: { current: -1 } });
    expect(readAddress('#/g?at=0&s=5;i:a;;')).toMatchObject({ trail: { current: 0, turns: [{ parent: null }] } });
    expect(readAddress('#/g?at=1&s=;i:a;;&s=;;;')).toMatchObject({ trail: { turns: [] } });
  });
});
