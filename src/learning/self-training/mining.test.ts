import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Triplet } from '../data/triplets.js';
import { type MinedPair, type MineOptions, minePairs } from './mining.js';
import { pairBudgets, type Strategy, strategies } from './pair-config.js';
import { cosineOf, plainNeighbours } from './testing/plain-neighbours.js';

/** "a>b c>d,e": labelled triplets, whose sources are "labels row N". */
const labels = (edges: string): Triplet[] =>
  edges
    .split(' ')
    .filter((edge) => edge !== '')
    .map((edge, at) => {
      const [reference, targets] = edge.split('>') as [string, string];
      return { reference, targets: targets.split(','), text: 't', captions: ['t'], source: `labels row ${at + 1}` };
    });

const none = { reversed: 0, twoHop: 0, sharedReference: 0, sharedTarget: 0, neighbours: { count: 0 } };
const pool = [...'abcdefgh'];

function mine(edges: string, pairs: object, more: Partial<MineOptions> = {}): Promise<MinedPair[]> {
  return minePairs({ triplets: labels(edges), pool, pairs: pairBudgets.parse({ ...none, ...pairs }), seed: 1, ...more });
}

const written = (pairs: readonly MinedPair[]) => pairs.map(({ reference, target }) => `${reference}>${target}`).sort();

const alone: [Strategy, string, string][] = [
  ['reversed', 'a>b b>c,d c>b', 'b>a d>b'],
  ['twoHop', 'a>b b>c,d d>e e>a a>c c>a', 'a>d b>e d>a e>b e>c b>a c>b'],
  ['sharedReference', 'a>b a>c a>d c>d e>f', 'b>c b>d c>b d>b d>c'],
  ['sharedTarget', 'b>a c>a d>a c>d e>f', 'b>c b>d c>b d>b d>c'],
];

test.each(alone)('%s pairs of a small graph, all of them', async (strategy, edges, expected) => {
  const pairs = await mine(edges, { [strategy]: 100 });
  expect(written(pairs)).toEqual(expected.split(' ').sort());
  expect(new Set(pairs.map((pair) => pair.strategy))).toEqual(new Set([strategy]));
});

test('a triplet that is labelled twice is one edge', async () => {
  expect(written(await mine('a>b a>b', { reversed: 9 }))).toEqual(['b>a']);
});

test('a pair belongs to the first strategy that takes it', async () => {
  // c>b is the reverse of b>c, and b and c share the reference a.
  const pairs = await mine('a>b a>c b>c', { reversed: 9, twoHop: 9, sharedReference: 9, sharedTarget: 9 });
  const by = (name: Strategy) => written(pairs.filter(({ strategy }) => strategy === name));
  expect(by('reversed')).toEqual(['b>a', 'c>a', 'c>b']);
  expect([...by('twoHop'), ...by('sharedReference'), ...by('sharedTarget')]).toEqual([]);
  expect(written(await mine('a>b a>c b>c', { sharedReference: 9, sharedTarget: 9 }))).toEqual(['b>a', 'c>b']);
});

test('validation and test pictures are never mined and join nothing', async () => {
  const edges = 'a>b a>c a>d b>e';
  expect(written(await mine(edges, { sharedReference: 9, twoHop: 9, reversed: 9 }, { forbidden: ['b', 'z'] }))).toEqual([
    'c>a',
    'c>d',
    'd>a',
    'd>c',
  ]);
});

test('pairs of earlier rounds are not mined again', async () => {
  const exclude = [{ reference: 'b', target: 'c' }];
  expect(written(await mine('a>b a>c', { sharedReference: 9 }, { exclude }))).toEqual(['c>b']);
});

// Unit vectors at 0, 10, 30, 80 and 180 degrees.
const degrees = [0, 10, 30, 80, 180];
const circle = degrees.map((degree) => [Math.cos((degree * Math.PI) / 180), Math.sin((degree * Math.PI) / 180)]);
const onCircle = { pool: [...'abcde'], neighbours: plainNeighbours(circle) };
const cosine = (degree: number) => Math.cos((degree * Math.PI) / 180);

test('neighbours lie in the band of cosines, without any labels', async () => {
  const neighbours = { count: 99, low: cosine(55), high: cosine(15) };
  // Differences: a-b 10, b-c 20, a-c 30, c-d 50, b-d 70, a-d 80, d-e 100.
  expect(written(await mine('', { neighbours }, onCircle))).toEqual(['a>c', 'b>c', 'c>a', 'c>b', 'c>d', 'd>c']);
});

test('neighbours lie in the band of ranks', async () => {
  const neighbours = { count: 99, low: -1, high: 1, skip: 1, nearest: 2 };
  // The second nearest of each: c has b at 20 and a at 30, e has d at 100 and c at 150.
  expect(written(await mine('', { neighbours }, onCircle))).toEqual(['a>c', 'b>c', 'c>a', 'd>b', 'e>c']);
});

test('every reference has one neighbour before any has two', async () => {
  const settings = { low: -1, high: 1, nearest: 4 };
  const first = await mine('', { neighbours: { ...settings, count: 5 } }, onCircle);
  expect(first.map(({ reference }) => reference).sort()).toEqual([...'abcde']);
  const all = await mine('', { neighbours: { ...settings, count: 99 } }, onCircle);
  expect(all.slice(0, 5)).toEqual(first);
  expect(new Set(written(all)).size).toBe(20);
});

test('a hub of 60,000 labels is drawn from without its 3,600 million pairs', async () => {
  const many = Array.from({ length: 60_000 }, (_, i) => `p${i}`);
  const triplets = many
    .slice(1)
    .map((target) => ({ reference: 'p0', targets: [target], text: 't', captions: ['t'], source: 's' }));
  const pairs = await mine('', { sharedReference: 500 }, { triplets, pool: many });
  expect(new Set(written(pairs)).size).toBe(500);
  expect(new Set(pairs.map(({ reference }) => reference)).size).toBeGreaterThan(480);
});

const graphs = fc.record({
  edges: fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 40 }),
  forbidden: fc.uniqueArray(fc.nat(11), { maxLength: 4 }),
  budgets: fc.array(fc.nat(9), { minLength: 5, maxLength: 5 }),
  points: fc.array(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 2, maxLength: 2 }), { minLength: 12, maxLength: 12 }),
  seed: fc.nat(),
});

test('no pair is ever labelled, forbidden, its own, double, out of the band or over budget; equal seeds mine equally', async () => {
  let [runs, found] = [0, 0];
  await fc.assert(
    fc.asyncProperty(graphs, async ({ edges, forbidden, budgets, points, seed }) => {
      const ids = Array.from({ length: 12 }, (_, i) => `p${i}`);
      const vectors = points.map(([x = 0, y = 0]) => (x === 0 && y === 0 ? [1, 0] : [x, y]));
      const [reversed, twoHop, sharedReference, sharedTarget, count] = budgets;
      const band = { low: 0.2, high: 0.9 };
      const options: MineOptions = {
        triplets: labels(edges.map(([a, b]) => `p${a}>p${b}`).join(' ')),
        pool: ids,
        forbidden: forbidden.map((i) => `p${i}`),
        neighbours: plainNeighbours(vectors),
        pairs: pairBudgets.parse({ reversed, twoHop, sharedReference, sharedTarget, neighbours: { count, ...band } }),
        seed,
      };
      const result = () =>
        minePairs(options).catch((error) => {
          expect(error.message).toMatch(/^(No pair was found|Every budget)/);
          return [];
        });
      const pairs = await result();
      expect(await result()).toEqual(pairs);
      runs++;
      found += pairs.length;
      expect(new Set(written(pairs)).size).toBe(pairs.length);
      const labelled = new Set(edges.map(([a, b]) => `p${a}>p${b}`));
      for (const { reference, target, strategy } of pairs) {
        expect(reference).not.toBe(target);
        expect(labelled.has(`${reference}>${target}`)).toBe(false);
        for (const id of [reference, target]) expect(forbidden.includes(ids.indexOf(id))).toBe(false);
        if (strategy !== 'neighbours') continue;
        const similarity = cosineOf(vectors[ids.indexOf(reference)]!, vectors[ids.indexOf(target)]!);
        expect(similarity >= band.low && similarity <= band.high).toBe(true);
      }
      strategies.forEach((name, at) => {
        expect(pairs.filter(({ strategy }) => strategy === name).length).toBeLessThanOrEqual(budgets[at] as number);
      });
    }),
    { numRuns: 150 },
  );
  expect(found).toBeGreaterThan(2 * runs);
});

test('a budget is filled where there are enough pairs, and another seed chooses others', async () => {
  const edges = 'a>b,c,d,e,f,g,h';
  const draw = async (seed: number) => written(await mine(edges, { sharedReference: 10 }, { seed }));
  expect(await draw(1)).toHaveLength(10);
  expect(await draw(2)).not.toEqual(await draw(1));
});

test('what cannot be mined is an error that says why', async () => {
  await expect(mine('a>b b>a', { reversed: 9 })).rejects.toThrow(
    'No pair was found: 2 labelled triplets and 8 usable pictures in the pool give none that is new.',
  );
  await expect(mine('a>b', {})).rejects.toThrow('Every budget under "pairs" is 0');
  await expect(mine('a>b a>x', { reversed: 9 })).rejects.toThrow('labels row 2 names the picture "x", which is not in the pool');
  await expect(mine('', { reversed: 1 }, { pool: ['a', 'b', 'a'] })).rejects.toThrow('The pool names the picture "a" twice');
  await expect(mine('', { neighbours: { count: 1 } })).rejects.toThrow('Mining neighbours needs vectors of the pool');
  await expect(mine('', { neighbours: { count: 1 } }, { neighbours: plainNeighbours(circle) })).rejects.toThrow(
    'knows 5 pictures, but the pool has 8',
  );
  await expect(mine('a>b', { reversed: 1 }, { signal: AbortSignal.abort() })).rejects.toThrow('Interrupted while mining pairs');
});

test('settings that make no sense are refused', () => {
  const complaint = (value: object) => pairBudgets.safeParse(value).error?.issues[0]?.message;
  expect(complaint({ reverse: 3 })).toContain('reverse');
  expect(complaint({ twoHop: -1 })).toBeDefined();
  expect(complaint({ neighbours: { low: 0.9, high: 0.5 } })).toContain('"low" is greater than "high"');
  expect(complaint({ neighbours: { skip: 5, nearest: 5 } })).toContain('"skip" leaves none');
});
