/** The kernels against plain loops, to the bit where the order of the operations is the same. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../../core/random.js';
import { newMemory, type WasmMemory } from '../../../core/webassembly/api.js';
import { kernelsOf, type StepScalars } from './kernels.js';
import { plainKernels } from './testing/plain-kernels.js';

const bytes = 16 * 37;
/** Five places of one memory, with numbers around them that must stay. */
const places = [64, 1024, 2048, 3072, 4096] as const;
const [g, p, m, v, a] = places;

function filled(): WasmMemory {
  const random = new Random(5);
  const memory = newMemory(1);
  const values = new Float32Array(memory.buffer);
  values.forEach((_, i) => {
    values[i] = random.normal() * 10 ** (4 * random.uniform() - 2);
  });
  // A second moment is never below 0.
  for (let i = 0; i < bytes / 4; i++) values[v / 4 + i] = Math.abs(values[v / 4 + i] as number);
  return memory;
}

const scalars: StepScalars = { beta1: 0.9, part1: 0.07, beta2: 0.999, part2: 6e-4, least: 3e-9, rate: 0.012, keep: 0.9995 };

describe('kernels in WebAssembly', () => {
  it('give what plain loops give, and touch nothing else', () => {
    const [fast, plain] = [filled(), filled()];
    for (const [memory, kernels] of [
      [fast, kernelsOf(fast)],
      [plain, plainKernels(plain)],
    ] as const) {
      expect(memory.buffer.byteLength).toBe(65536);
      for (let round = 0; round < 3; round++) {
        kernels.step(g, p, m, v, bytes, scalars);
        kernels.follow(a, p, bytes, 0.3);
        kernels.accumulate(g, m, bytes, -0.25);
      }
    }
    expect(new Float32Array(fast.buffer)).toEqual(new Float32Array(plain.buffer));
    expect(new Float32Array(fast.buffer)).not.toEqual(new Float32Array(filled().buffer));
  });

  it('sum squares', () => {
    const memory = filled();
    for (const length of [16, 64, bytes]) {
      const expected = plainKernels(memory).squares(g, length);
      expect(kernelsOf(memory).squares(g, length) / expected).toBeCloseTo(1, 12);
    }
  });

  it('let infinite and missing numbers through', () => {
    const memory = filled();
    const values = new Float32Array(memory.buffer);
    values[g / 4 + 5] = Number.NaN;
    expect(kernelsOf(memory).squares(g, bytes)).toBeNaN();
    values[g / 4 + 5] = Number.POSITIVE_INFINITY;
    expect(kernelsOf(memory).squares(g, bytes)).toBe(Number.POSITIVE_INFINITY);
    kernelsOf(memory).step(g, p, m, v, bytes, scalars);
    expect(values[m / 4 + 5]).toBe(Number.POSITIVE_INFINITY);
    expect(values[p / 4 + 5]).toBeNaN();
    expect(values[p / 4 + 4]).not.toBeNaN();
  });
});
