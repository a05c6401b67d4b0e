import { expect, test } from 'vitest';
import { Random } from '../../core/random.js';
import { vectorNeighbours } from './neighbours.js';
import { plainNeighbours } from './testing/plain-neighbours.js';

test('the nearest by vectors are those of a plain sort', async () => {
  const random = new Random(3);
  const rows = Array.from({ length: 300 }, () => Array.from({ length: 6 }, () => Math.fround(random.normal())));
  const fast = vectorNeighbours({ data: Float32Array.from(rows.flat()), width: 6 });
  const plain = plainNeighbours(rows);
  expect(fast.size).toBe(300);
  const asked = Array.from({ length: 290 }, (_, i) => (i * 7) % 300);
  const expected = plain.search(asked, 4)[Symbol.asyncIterator]();
  let checked = 0;
  for await (const near of fast.search(asked, 4)) {
    const { value } = await expected.next();
    expect(near.map(({ row }) => row)).toEqual(value.map(({ row }: { row: number }) => row));
    near.forEach(({ similarity }, i) => {
      expect(similarity).toBeCloseTo(value[i].similarity, 6);
    });
    checked++;
  }
  expect(checked).toBe(290);
});

test('a vector without direction is an error', () => {
  expect(() => vectorNeighbours({ data: new Float32Array(4), width: 2 })).toThrow('picture 1 of the pool is all zeros');
  expect(() => vectorNeighbours({ data: Float32Array.of(1, 0, Number.NaN, 1), width: 2 })).toThrow('picture 2 of the pool');
});
