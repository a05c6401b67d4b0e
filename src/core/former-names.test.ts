import { afterEach, describe, expect, it } from 'vitest';
import {
  formerNames,
  noteFormerName,
  presentNames,
  presentOptions,
  readableAs,
  renamedKeys,
  sayFormerNames,
} from './former-names.js';

describe('former names', () => {
  it('are read at any depth, and the values stay', () => {
    const old = { model: { localMass: 4, weights: { disentangling: 0.5 } }, training: [{ recompute: true, epochs: 3 }] };
    expect(presentNames(old)).toEqual({
      model: { localTokenPrior: 4, weights: { factorOrthogonality: 0.5 } },
      training: [{ gradientCheckpointing: true, epochs: 3 }],
    });
    expect(formerNames(presentNames(old))).toEqual(old);
  });

  it('leave a value alone that has none of them, also one that is no plain object', () => {
    for (const value of [{ a: [1, { b: null }] }, 'localMass', ['recompute'], new Map([['picture', 1]]), null, 3]) {
      expect(presentNames(value)).toBe(value);
    }
  });

  it('give way to what is said last', () => {
    expect(presentNames({ localMass: 1, localTokenPrior: 2 })).toEqual({ localTokenPrior: 2 });
    expect(presentNames({ localTokenPrior: 2, localMass: 1 })).toEqual({ localTokenPrior: 1 });
  });

  it('are none of each other: no name is both a former and a present one', () => {
    const present = Object.values(renamedKeys);
    expect(new Set(present).size).toBe(present.length);
    expect(present.filter((name) => Object.hasOwn(renamedKeys, name))).toEqual([]);
  });

  it('of options are those of the options themselves', () => {
    const inner = { picture: 1 };
    expect(presentOptions({ pictures: inner, k: 2 })).toEqual({ images: inner, k: 2 });
    const given = { k: 2 };
    expect(presentOptions(given)).toBe(given);
  });

  it('are read of what is given out, with a note, and go nowhere else', () => {
    const said: string[] = [];
    sayFormerNames((message) => said.push(message));
    const given = readableAs({ atomic: ['a'], name: 'val' }, 'atOnce') as { atomic: string[]; name: string; atOnce?: string[] };
    expect(presentOptions(given)).toBe(given);
    expect([JSON.stringify(given), JSON.stringify({ ...given })]).toEqual(Array(2).fill('{"atomic":["a"],"name":"val"}'));
    expect(said).toEqual([]);
    expect(given.atOnce).toBe(given.atomic);
    expect(said).toEqual(['"atOnce" is called "atomic" now; the former name works for one more release.']);
    const own = { atOnce: 1 };
    expect(readableAs(own, 'atOnce')).toBe(own);
    expect(own.atOnce).toBe(1);
  });
});

describe('notes of former names', () => {
  afterEach(() => sayFormerNames(() => {}));

  it('are said once each', () => {
    const said: string[] = [];
    sayFormerNames((message) => said.push(message));
    for (const [former, present] of [
      ['was', 'is'],
      ['had', 'has'],
      ['was', 'is'],
    ] as const) {
      noteFormerName(former, present);
    }
    expect(said).toEqual([
      '"was" is called "is" now; the former name works for one more release.',
      '"had" is called "has" now; the former name works for one more release.',
    ]);
  });
});
