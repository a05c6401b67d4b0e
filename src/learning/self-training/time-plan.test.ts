import { expect, it, test } from 'vitest';
import { hasTimeFor, plannedShare, planTime, saidPlan, shortened, type TimeNeeds } from './time-plan.js';

const needs: TimeNeeds = {
  labelled: 1000,
  ratio: 5,
  rounds: 2,
  pairs: 7500,
  first: { limn: 10, captioner: 8 },
  further: { limn: 10, captioner: 0 },
  batchSize: { limn: 100, captioner: 50 },
  step: { limn: 1, captioner: 2 },
  text: 0.1,
};

test('what everything takes is the sum of its steps and texts', () => {
  // Round 0: 10 epochs of 10 steps of 1 s and 8 of 20 of 2 s; a round: 7,500 texts of 0.1 s and 10 epochs of 60 steps of 1 s.
  expect(shortened(needs, 1)).toEqual({
    ...{ rounds: 2, pairs: 7500, first: needs.first, further: needs.further },
    roundSeconds: 5 + 750 + 600,
    seconds: 100 + 320 + 2 * 1355,
  });
});

it('everything where there is time, then less of everything, then fewer rounds, then only what is possible', () => {
  const plans = [10_000, 2500, 900, 300].map((seconds) => planTime(needs, seconds));
  expect(plans[0]).toEqual(shortened(needs, 1));
  expect(plans.map(({ rounds }) => rounds)).toEqual([2, 2, 1, 0]);
  expect(plans[1]?.pairs).toBeGreaterThanOrEqual(0.3 * needs.pairs);
  for (const [i, seconds] of [10_000, 2500, 900, 300].entries()) {
    expect(plans[i]?.seconds).toBeLessThanOrEqual(plannedShare * seconds);
  }
});

it('more time never means fewer pairs or epochs with the same rounds', () => {
  const plans = Array.from({ length: 60 }, (_, i) => planTime(needs, 200 + 100 * i));
  for (const [i, plan] of plans.entries()) {
    const before = plans[i - 1];
    if (before?.rounds !== plan.rounds) continue;
    expect(plan.pairs).toBeGreaterThanOrEqual(before.pairs);
    expect(plan.further.limn).toBeGreaterThanOrEqual(before.further.limn);
  }
});

it('with given models there is a round, however short, or an error that says how long it takes', () => {
  const given = { ...needs, first: undefined, labelled: 0 };
  expect(planTime(given, 40)).toMatchObject({ rounds: 1, first: undefined, further: { limn: 1, captioner: 0 } });
  expect(() => planTime(given, 2)).toThrow(/takes about .*it was given 2 s: give more --minutes/);
});

it('a round is begun only where it can end in time', () => {
  const plan = shortened(needs, 1);
  expect([hasTimeFor(plan, 645, 2000), hasTimeFor(plan, 646, 2000)]).toEqual([true, false]);
});

it('says what it will do', () => {
  expect(saidPlan(shortened(needs, 1), 700)).toBe(
    'plan: round 0 with 10 epochs of LIMN and 8 of the captioner, then 2 rounds of up to 7500 pairs, a text for each, and 10 epochs of LIMN; about 52 min 10 s, and 11 MiB on disk for the texts',
  );
  expect(saidPlan(planTime(needs, 300), 700)).toMatch(
    /^plan: 6 epochs of LIMN and 4 of the captioner, without a round behind it/,
  );
});
