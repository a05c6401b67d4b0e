import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judge, judgeSettings, normalizeText, type PairCandidate, ranksOf, repeatsItself } from './judging.js';
import { strategies } from './pair-config.js';

const aCandidate = (more: Partial<PairCandidate> = {}): PairCandidate => ({
  reference: 'a',
  target: 'b',
  strategy: 'twoHop',
  text: 'in red',
  likelihood: -1,
  rank: 1,
  margin: 0.5,
  ...more,
});

const reasonsOf = (candidates: PairCandidate[], settings: object) =>
  judge(candidates, judgeSettings.parse({ order: 'rank', ...settings })).verdicts.map(({ reason }) => reason);

test('the first measure that falls short is the reason, and limits are inclusive', () => {
  const candidates = [
    aCandidate({ rank: 3, margin: 0.1, likelihood: -2 }),
    aCandidate({ text: ' ., ', rank: 9 }),
    aCandidate({ rank: 4, margin: 0 }),
    aCandidate({ margin: 0.09, likelihood: -9 }),
    aCandidate({ likelihood: -2.01 }),
  ];
  const settings = { rank: 3, margin: 0.1, likelihood: -2 };
  expect(reasonsOf(candidates, settings)).toEqual(['accepted', 'empty', 'rank', 'margin', 'likelihood']);
  const { verdicts, counts } = judge(candidates, judgeSettings.parse({ order: 'rank', ...settings }));
  expect(verdicts.map(({ accepted }) => accepted)).toEqual([true, false, false, false, false]);
  expect(verdicts.map(({ weight }) => weight)).toEqual([1, 0, 0, 0, 0]);
  expect(counts).toEqual({
    twoHop: { accepted: 1, empty: 1, repeats: 0, rank: 1, margin: 1, likelihood: 1, alike: 0, share: 0, enough: 0 },
  });
});

test('of alike texts the best stay: rank, then margin, then likelihood, then order', () => {
  const candidates = [
    aCandidate({ reference: 'a', rank: 2 }),
    aCandidate({ reference: 'b', text: 'In  RED.', margin: 0.6 }),
    aCandidate({ reference: 'c', likelihood: -0.5 }),
    aCandidate({ reference: 'd' }),
    aCandidate({ reference: 'e' }),
  ];
  expect(reasonsOf(candidates, { thin: { text: 3 } })).toEqual(['alike', 'accepted', 'accepted', 'accepted', 'alike']);
  expect(reasonsOf(candidates, { thin: { text: 1 } })).toEqual(['alike', 'accepted', 'alike', 'alike', 'alike']);
});

test('one reference keeps a text only so many times', () => {
  const candidates = [
    aCandidate({ target: 'b' }),
    aCandidate({ target: 'c', rank: 2 }),
    aCandidate({ target: 'd', text: 'in blue' }),
  ];
  expect(reasonsOf(candidates, {})).toEqual(['accepted', 'alike', 'accepted']);
  expect(reasonsOf(candidates, { thin: { reference: 2 } })).toEqual(['accepted', 'accepted', 'accepted']);
});

test('each strategy keeps its share of all its candidates', () => {
  const ranked = (strategy: PairCandidate['strategy'], ranks: number[]) =>
    ranks.map((rank) => aCandidate({ strategy, rank, reference: `${strategy} ${rank}` }));
  const candidates = [...ranked('reversed', [3, 1, 2, 99]), ...ranked('neighbours', [5])];
  expect(reasonsOf(candidates, { keep: 0.5 })).toEqual(['share', 'accepted', 'accepted', 'rank', 'accepted']);
});

test('by default the better ones by both models together are accepted, as many as are wanted', () => {
  const candidates = [
    // By likelihood 0, 1, 2, 3, by margin 3, 0, 2, 1: together 3, 1, 4, 4.
    aCandidate({ reference: 'a', likelihood: -4, textMargin: 0.9, rank: 99 }),
    aCandidate({ reference: 'b', likelihood: -3, textMargin: -0.2, rank: 1 }),
    aCandidate({ reference: 'c', likelihood: -2, textMargin: 0.4, rank: 50 }),
    aCandidate({ reference: 'd', likelihood: -1, textMargin: 0.1, rank: 2 }),
  ];
  const reasonsOfBoth = (wanted?: number) =>
    judge(candidates, judgeSettings.parse({}), wanted).verdicts.map(({ reason }) => reason);
  expect(reasonsOfBoth()).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
  expect(reasonsOfBoth(3)).toEqual(['accepted', 'enough', 'accepted', 'accepted']);
  expect(reasonsOfBoth(1)).toEqual(['enough', 'enough', 'accepted', 'enough']);
});

test('equal values share the mean of their ranks', () => {
  expect(ranksOf([5, 1, 5, 5, 0])).toEqual([3, 1, 3, 3, 0]);
  expect(ranksOf([])).toEqual([]);
});

test('a text that repeats words is refused', () => {
  expect(reasonsOf([aCandidate({ text: 'is red is Red' })], {})).toEqual(['repeats']);
  expect(reasonsOf([aCandidate({ text: 'is red is Red' })], { repeats: true })).toEqual(['accepted']);
  const repeating = ['red red', 'is more more colorful', 'has a has a', 'a b c a b c d', 'x is it red or blue is it red or blue'];
  expect(repeating.map(repeatsItself)).toEqual([true, true, true, true, false]);
  const replacingItself = [
    'is black instead of black',
    'a red bag rather than a red bag',
    'in blue not blue',
    'long and not the long',
  ];
  expect(replacingItself.map(repeatsItself)).toEqual([true, true, true, true]);
  const replacing = [
    'is black instead of blue',
    'a red bag rather than a red dress',
    'not red',
    'it is long and not',
    'blue instead',
  ];
  expect(replacing.map(repeatsItself)).toEqual([false, false, false, false, false]);
  expect(['', 'red', 'red and blue and red', 'is red and is long'].map(repeatsItself)).toEqual([false, false, false, false]);
});

test('weights follow the setting', () => {
  const weigh = (weight: string) =>
    judge([aCandidate({ rank: 4, likelihood: Math.log(0.3) })], judgeSettings.parse({ weight })).verdicts[0]?.weight;
  expect(weigh('equal')).toBe(1);
  expect(weigh('rank')).toBe(0.25);
  expect(weigh('likelihood')).toBeCloseTo(0.3, 12);
});

test('texts are alike without case, punctuation and white space', () => {
  expect(normalizeText('  Is  Darker, and\tlonger! ')).toBe('is darker and longer');
  expect(normalizeText('Größer – und ｂlau')).toBe('größer und blau');
  expect(normalizeText('?!')).toBe('');
});

test('a measure that is no number is an error', () => {
  const judging = (more: Partial<PairCandidate>) => () => judge([aCandidate(more)], judgeSettings.parse({}));
  expect(judging({ margin: Number.NaN })).toThrow('The margin of the text for a -> b is NaN');
  expect(judging({ likelihood: Number.NEGATIVE_INFINITY })).toThrow('The likelihood of the text');
  expect(judgeSettings.safeParse({ ranks: 3 }).error?.issues[0]?.message).toContain('ranks');
});

test('limits hold for every list, and counts add up', () => {
  const candidate = fc.record({
    reference: fc.constantFrom('a', 'b', 'c'),
    target: fc.constantFrom('d', 'e'),
    strategy: fc.constantFrom(...strategies),
    text: fc.constantFrom('red', 'Red!', 'blue', ''),
    likelihood: fc.constantFrom(-3, -2, -1),
    rank: fc.integer({ min: 1, max: 6 }),
    margin: fc.constantFrom(-0.1, 0, 0.2),
  });
  const settings = judgeSettings.parse({ order: 'rank', rank: 4, likelihood: -2, keep: 0.5, thin: { text: 5, reference: 2 } });
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 60 }), (candidates) => {
      const { verdicts, counts } = judge(candidates, settings);
      expect(judge(candidates, settings).verdicts).toEqual(verdicts);
      const accepted = candidates.filter((_, at) => verdicts[at]?.accepted);
      const most = (keys: string[]) => Math.max(0, ...keys.map((key) => keys.filter((other) => other === key).length));
      expect(most(accepted.map(({ text }) => normalizeText(text)))).toBeLessThanOrEqual(5);
      expect(most(accepted.map(({ reference, text }) => `${reference} ${normalizeText(text)}`))).toBeLessThanOrEqual(2);
      for (const one of accepted)
        expect(one.rank <= 4 && one.likelihood >= -2 && (one.margin ?? 0) >= 0 && one.text !== '').toBe(true);
      for (const strategy of strategies) {
        const of = (list: PairCandidate[]) => list.filter((one) => one.strategy === strategy).length;
        const reported = counts[strategy];
        expect(Object.values(reported ?? {}).reduce((a, b) => a + b, 0)).toBe(of(candidates));
        expect(reported?.accepted ?? 0).toBe(of(accepted));
        expect(of(accepted)).toBeLessThanOrEqual(Math.ceil(0.5 * of(candidates)));
      }
    }),
    { numRuns: 200 },
  );
});
