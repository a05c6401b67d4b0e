import { describe, expect, it } from 'vitest';
import { Random } from '../../core/random.js';
import type { ItemVectors } from '../store/store.js';
import { recallAt10 } from './recall.js';
import { encodeShard, openShard, quantize, shardBytes, vectorTypes } from './vector-codes.js';

const sizes = { width: 64, factors: 3, projection: 5 };
const random = new Random(7);

function unit(length: number): Float32Array {
  const vector = Float32Array.from({ length }, () => random.normal());
  const size = Math.hypot(...vector);
  return vector.map((value) => value / size);
}

const items: ItemVectors[] = Array.from({ length: 300 }, () => ({ matching: unit(64), factors: unit(15) }));

describe.each(vectorTypes)('a shard of %s', (type) => {
  const bytes = encodeShard(items, sizes, type);
  const shard = openShard(bytes, items.length, sizes, type);

  it('has the bytes that it says, and gives back vectors and codes that are near to what was written', () => {
    expect(bytes.length).toBe(shardBytes(items.length, sizes, type));
    const most = type === 'float16' ? 1e-3 : 0.01;
    for (const [row, item] of items.entries()) {
      const found = shard.vectors(row);
      for (const name of ['matching', 'factors'] as const) {
        const furthest = item[name]
          .map((value, i) => Math.abs(value - (found[name][i] as number)))
          .reduce((a, b) => Math.max(a, b));
        expect(furthest).toBeLessThan(most);
      }
      const codes = new Int8Array(sizes.width);
      const scale = shard.codes(row, codes);
      item.matching.forEach((value, i) => {
        expect(Math.abs((codes[i] as number) * scale - value)).toBeLessThan(0.01);
      });
    }
  });

  it('finds nearly all of the ten nearest', () => {
    const exact = items.map(({ matching }) => matching);
    const coded = items.map((_, row) => shard.vectors(row).matching);
    expect(recallAt10(exact, coded)).toBeGreaterThan(0.98);
    expect(recallAt10(exact, [...exact.slice(150), ...exact.slice(0, 150)])).toBeLessThan(0.2);
  });

  it('is refused where it was cut short', () => {
    expect(() => openShard(bytes.slice(1), items.length, sizes, type)).toThrow(/Export the gallery again/);
  });
});

it('codes a vector of zeros, and one whose greatest value is negative', () => {
  const out = new Int8Array(2);
  expect(quantize(new Float32Array(2), out)).toBe(0);
  expect([...out]).toEqual([0, 0]);
  expect(quantize(Float32Array.of(-2, 1), out)).toBeCloseTo(2 / 127);
  expect([...out]).toEqual([-127, 64]);
});
