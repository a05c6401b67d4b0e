import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { inBatches, mapAhead } from './pipeline.js';

const collect = async <T>(items: AsyncIterable<T>) => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

describe('mapAhead', () => {
  it('keeps the order, and never works on more than its limit', async () => {
    let [underway, most] = [0, 0];
    const work = async (n: number) => {
      most = Math.max(most, ++underway);
      await setTimeout(n % 3);
      underway--;
      return n * n;
    };
    const numbers = Array.from({ length: 40 }, (_, i) => i);
    expect(await collect(mapAhead(numbers, 5, work))).toEqual(numbers.map((n) => n * n));
    expect(most).toBe(5);
    expect(await collect(mapAhead([], 5, work))).toEqual([]);
  });

  it('gives the first failure at its turn, and ends the source and what was started', async () => {
    let [ended, running] = [false, 0];
    async function* source() {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        ended = true;
      }
    }
    const seen: number[] = [];
    const work = async (n: number) => {
      running++;
      await setTimeout(1);
      running--;
      if (n === 3) throw new Error('three');
      return n;
    };
    const going = (async () => {
      for await (const n of mapAhead(source(), 4, work)) seen.push(n);
    })();
    await expect(going).rejects.toThrow('three');
    expect(seen).toEqual([0, 1, 2]);
    expect([ended, running]).toEqual([true, 0]);
  });

  it('passes a failure of the source on', async () => {
    async function* source() {
      yield 1;
      throw new Error('no more');
    }
    await expect(collect(mapAhead(source(), 3, async (n) => n))).rejects.toThrow('no more');
  });
});

describe('inBatches', () => {
  it('fills batches, and gives the rest', async () => {
    expect(await collect(inBatches([1, 2, 3, 4, 5], 2))).toEqual([[1, 2], [3, 4], [5]]);
    expect(await collect(inBatches([], 2))).toEqual([]);
    expect(await collect(inBatches([1, 2, 3], 9, { longest: 0 }))).toEqual([[1], [2], [3]]);
  });
});
