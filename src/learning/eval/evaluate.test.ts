import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../core/random.js';
import type { Split } from '../data/triplets.js';
import { evaluateVectors } from './evaluate.js';
import { findProtocol } from './protocols/index.js';
import { scoreQueries } from './scores.js';
import { aSplit, aTriplet } from './testing/hand-scores.js';
import type { RawVectors } from './vectors.js';

/** Rows of length 1, in float32 as the protocols have it, or in doubles. */
function normalized({ data, width }: RawVectors, doubles: boolean): number[][] {
  return Array.from({ length: data.length / width }, (_, row) => {
    const values = Array.from(data.slice(row * width, (row + 1) * width));
    const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    return values.map((value) => (doubles ? value / length : Math.fround(value / length)));
  });
}

/** Scores every pair in a plain double loop, sorts, takes the reference out, and looks for the target. */
function nestedLoop(queries: RawVectors, gallery: RawVectors, split: Split): number[] {
  const doubles = queries.data instanceof Float64Array || gallery.data instanceof Float64Array;
  const [asked, rows] = [normalized(queries, doubles), normalized(gallery, doubles)];
  return asked.map((query, q) => {
    const scores = rows.map((row) => {
      let score = 0;
      for (let i = 0; i < row.length; i++) score += query[i]! * row[i]!;
      return score;
    });
    const { reference, targets } = split.triplets[q]!;
    const order = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]! || a - b);
    const names = order.map((index) => split.images[index]!.id).filter((id) => id !== reference);
    return 1 + names.findIndex((name) => targets.includes(name));
  });
}

/** A gallery of a few directions, each many times: equal, or different in the last bits only. */
function crowd(random: Random, width: number, size: number, queries: number) {
  const draw = (length: number) => Float32Array.from({ length }, () => random.normal());
  const bases = Array.from({ length: 4 }, () => draw(width));
  const data = new Float32Array(size * width);
  for (let row = 0; row < size; row++) {
    const copy = Float32Array.from(random.pick(bases));
    if (random.uniform() < 0.5) copy[random.below(width)]! *= 1 + 2 ** -22 * (random.below(9) - 4);
    data.set(copy, row * width);
  }
  const ids = Array.from({ length: size }, (_, i) => `p${i}`);
  const id = () => random.pick(ids);
  const triplets = Array.from({ length: queries }, () => {
    const reference = id();
    const targets = [id(), id()].filter((target) => target !== reference);
    return targets.length > 0 ? aTriplet(reference, targets) : aTriplet('p0', ['p1']);
  });
  return {
    split: aSplit(ids.join(' '), triplets),
    queries: { data: draw(queries * width), width },
    gallery: { data, width, ids },
  };
}

describe('evaluateVectors', () => {
  const protocol = findProtocol('shoes');

  test('ranks are those of a plain nested loop, with duplicates and near ties', async () => {
    const sizes = fc.record({
      seed: fc.nat(),
      width: fc.integer({ min: 1, max: 70 }),
      size: fc.integer({ min: 2, max: 60 }),
      queries: fc.integer({ min: 1, max: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ seed, width, size, queries }) => {
        const all = crowd(new Random(seed), width, size, queries);
        const report = await evaluateVectors({ ...all, protocol });
        expect(report.ranks).toEqual(nestedLoop(all.queries, all.gallery, all.split));
      }),
      { numRuns: 25 },
    );
  });

  test.each([
    [true, true],
    [true, false],
    [false, true],
  ])('doubles are ranked as doubles, to their last bits (queries %s, gallery %s)', async (asked, ranked) => {
    const seeds = fc.record({ seed: fc.nat(), width: fc.integer({ min: 2, max: 40 }), size: fc.integer({ min: 2, max: 40 }) });
    await fc.assert(
      fc.asyncProperty(seeds, async ({ seed, width, size }) => {
        const random = new Random(seed);
        const { split, queries, gallery } = crowd(random, width, size, 8);
        const near = (data: Float32Array) => Float64Array.from(data, (x) => x * (1 + 2 ** -40 * (random.below(5) - 2)));
        const all = {
          queries: asked ? { ...queries, data: near(queries.data) } : queries,
          gallery: ranked ? { ...gallery, data: near(gallery.data) } : gallery,
        };
        const report = await evaluateVectors({ ...all, split, protocol });
        expect(report.ranks).toEqual(nestedLoop(all.queries, all.gallery, split));
      }),
      { numRuns: 8 },
    );
  });

  test('doubles of any size have a direction', async () => {
    const split = aSplit('a b c', [aTriplet('a', ['c']), aTriplet('b', ['a'])]);
    const ids = ['a', 'b', 'c'];
    for (const size of [1e-170, 1e-308, 5e-324, 1e170, 1e308]) {
      const rows = (...values: number[]) => ({ data: Float64Array.from(values, (value) => value * size), width: 2 });
      const gallery = { ...rows(1, 0, 0, 1, 1, 1), ids };
      const report = await evaluateVectors({ queries: rows(1, 1, 1, 0), gallery, split, protocol });
      expect(report.ranks).toEqual([1, 1]);
    }
    const nothing = { data: new Float64Array(4), width: 2 };
    const gallery = { data: Float64Array.of(1, 0, 0, 1, 1, 1), width: 2, ids };
    await expect(evaluateVectors({ queries: nothing, gallery, split, protocol })).rejects.toThrow('is all zeros');
  });

  test('more queries than a block, wide vectors: the estimates alone would rank otherwise', async () => {
    const all = crowd(new Random(3), 512, 300, 600);
    const report = await evaluateVectors({ ...all, protocol });
    const expected = nestedLoop(all.queries, all.gallery, all.split);
    expect(report.ranks).toEqual(expected);

    const asUnit = ({ data, width }: RawVectors) => ({
      data: Float32Array.from(normalized({ data, width }, false).flat()),
      width,
    });
    let [wrong, row] = [0, 0];
    for await (const { estimates, slack, exact } of scoreQueries(asUnit(all.queries), asUnit(all.gallery))) {
      const { reference, targets } = all.split.triplets[row]!;
      const order = [...estimates.keys()].sort((a, b) => estimates[b]! - estimates[a]! || a - b).map((index) => `p${index}`);
      const rank = 1 + order.filter((id) => id !== reference).findIndex((id) => targets.includes(id));
      if (rank !== expected[row++]) wrong++;
      estimates.forEach((estimate, index) => {
        if (Math.abs(estimate - exact(index)) > slack) throw new Error('the bound does not hold');
      });
    }
    expect(row).toBe(600);
    expect(wrong).toBeGreaterThan(0);
  });

  test('vectors without a common scale: unused pictures, other orders, double precision, no normalising', async () => {
    const split = aSplit('a b c', [aTriplet('a', ['b']), aTriplet('b', ['c'])]);
    const queries = { data: Float64Array.of(2, 0, 0, 3), width: 2 };
    // In the split's order: a (1, 1), b (0.1, 0), c (5, 1e30).
    const gallery = { data: Float64Array.of(5, 1e30, 7, 7, 0.1, 0, 1, 1), width: 2, ids: ['c', 'unused', 'b', 'a'] };
    const both = { queries, gallery, split, protocol: findProtocol('fashioniq-original') };
    expect((await evaluateVectors(both)).ranks).toEqual([1, 1]);
    // As they are: c 10, a 2, b 0.2 for the first query.
    expect((await evaluateVectors({ ...both, normalize: false })).ranks).toEqual([3, 1]);
    const listed = await evaluateVectors({ ...both, top: 2 });
    expect(listed.rankings).toEqual({
      gallery: [
        ['b', 'a'],
        ['c', 'a'],
      ],
      subset: [],
    });
  });

  test('lengths whose product float32 cannot hold are still ranked', async () => {
    const split = aSplit('a b', [aTriplet('a', ['b'])]);
    const queries = { data: Float32Array.of(1e38, 1e38), width: 2 };
    const gallery = { data: Float32Array.of(1e38, 1e38, 2e38, 1e38), width: 2, ids: ['a', 'b'] };
    const report = await evaluateVectors({
      queries,
      gallery,
      split,
      protocol: findProtocol('fashioniq-original'),
      normalize: false,
    });
    expect(report.ranks).toEqual([1]);
  });

  test('what does not fit is an error that says what to do', async () => {
    const split = aSplit('a b', [aTriplet('a', ['b'])]);
    const queries = { data: Float32Array.of(1, 0), width: 2 };
    const gallery = { data: Float32Array.of(1, 0, 0, 1), width: 2, ids: ['a', 'b'] };
    const run = (changed: object) => evaluateVectors({ queries, gallery, split, protocol, ...changed });
    const wrong: [object, string][] = [
      [
        { queries: { data: new Float32Array(4), width: 2 } },
        'There are 2 query vectors for 1 triplets of the split val; give one row',
      ],
      [
        { queries: { data: new Float32Array(3), width: 3 } },
        'Query vectors have 3 numbers and gallery vectors 2; both must come',
      ],
      [
        { gallery: { ...gallery, ids: ['a'] } },
        'There are 2 vectors and 1 ids for the pictures that shoes ranks; give one id for each row',
      ],
      [{ gallery: { ...gallery, ids: ['a', 'a'] } }, 'The ids of the vectors name "a" twice'],
      [{ gallery: { ...gallery, ids: ['a', 'x'] } }, '1 of the 2 pictures that shoes ranks have no vector (b); compute them'],
      [{ queries: { data: Float32Array.of(0, 0), width: 2 } }, 'The vector of query 1 (file row 1) is all zeros'],
      [{ gallery: { ...gallery, data: Float32Array.of(1, 0, 0, 0) } }, 'The vector of gallery picture b is all zeros'],
      [
        { gallery: { ...gallery, data: Float32Array.of(1, 0, Number.NaN, 0) } },
        'The vector of gallery picture b holds values that',
      ],
      [
        { queries: { data: Float32Array.of(1, Number.POSITIVE_INFINITY), width: 2 }, normalize: false },
        'The vector of query 1 holds',
      ],
    ];
    for (const [changed, message] of wrong) await expect(run(changed)).rejects.toThrow(message);
  });
});
