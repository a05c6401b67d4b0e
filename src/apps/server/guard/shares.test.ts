import { describe, expect, it } from 'vitest';
import { Shares } from './shares.js';
import { ByteBudget, Slots } from './slots.js';
import { Turns } from './turns.js';

/** How many each caller gets who takes all that it can, one at a time, in turn. */
function greedy(shares: Shares, callers: readonly string[]): number[] {
  const had = new Map(callers.map((caller) => [caller, 0]));
  for (let any = true; any; ) {
    any = false;
    for (const caller of callers) {
      if (!shares.take(1, caller)) continue;
      had.set(caller, (had.get(caller) as number) + 1);
      any = true;
    }
  }
  return [...had.values()];
}

describe('Shares', () => {
  it('leave a part for the next caller, however many take all they can', () => {
    expect(greedy(new Shares(12, 0.5), ['a'])).toEqual([6]);
    expect(greedy(new Shares(12, 0.5), ['a', 'b'])).toEqual([4, 4]);
    expect(greedy(new Shares(12, 0.5), ['a', 'b', 'c'])).toEqual([3, 3, 3]);
    expect(greedy(new Shares(12, 1), ['a'])).toEqual([12]);
  });

  it('give everybody the least while there is any, and take back what is given', () => {
    const shares = new Shares(2, 0.5);
    expect([shares.take(1, 'a'), shares.take(1, 'a'), shares.take(1, 'b'), shares.take(1, 'c')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    shares.give(1, 'a');
    expect([shares.take(1, 'c'), shares.used]).toEqual([true, 2]);
  });
});

describe('Turns', () => {
  it('go round the callers', () => {
    const turns = new Turns<string>();
    for (const entry of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) turns.add(entry[0] as string, entry);
    turns.remove('a', 'a2');
    const order = [];
    for (let entry = turns.next(() => true); entry; entry = turns.next(() => true)) order.push(entry);
    expect(order).toEqual(['a1', 'b1', 'c1', 'a3', 'b2']);
    turns.add('a', 'a1');
    expect(turns.next(() => false)).toBeUndefined();
    expect(turns.next(() => true)).toBe('a1');
  });
});

describe('Slots and ByteBudget', () => {
  it('serve a caller with one request before the many of another', async () => {
    const slots = new Slots(2, 10, 0.5);
    const { signal } = new AbortController();
    const order: string[] = [];
    const enter = (caller: string, name: string) =>
      slots.enter(signal, caller).then((leave) => {
        order.push(name);
        return leave;
      });
    const first = await enter('many', 'many 1');
    const rest = [2, 3, 4].map((i) => enter('many', `many ${i}`));
    // One place is free, and not for the caller who has one.
    const other = await enter('one', 'one 1');
    const next = enter('one', 'one 2');
    expect(order).toEqual(['many 1', 'one 1']);
    first();
    // One that has a place waits until it has given it back, or others have theirs.
    const second = await (rest[0] as (typeof rest)[number]);
    other();
    second();
    (await next)();
    expect(order.slice(0, 4)).toEqual(['many 1', 'one 1', 'many 2', 'one 2']);
    (await (rest[1] as (typeof rest)[number]))();
    (await (rest[2] as (typeof rest)[number]))();
    await expect(
      Promise.all(Array.from({ length: 12 }, () => slots.enter(signal, 'many').then((leave) => setImmediate(leave)))),
    ).rejects.toMatchObject({ status: 503 });
    (await slots.enter(signal, 'one'))();
  });

  it('hold what has come, of each caller its share', () => {
    const budget = new ByteBudget(100, 0.5, 10);
    const slow = budget.open('slow');
    slow.add(1);
    const [many, other] = [budget.open('many'), budget.open('other')];
    for (let i = 0; i < 49; i++) many.add(1);
    expect(() => many.add(1)).toThrow('as many uploads as it can');
    other.add(25);
    expect(() => other.add(1)).toThrow();
    many.release();
    other.add(10);
    expect(() => budget.reserve(10, 'another')()).not.toThrow();
  });
});
