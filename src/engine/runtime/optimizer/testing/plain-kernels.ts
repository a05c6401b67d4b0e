/** What kernels.ts computes, in plain loops. */

import type { WasmMemory } from '../../../../core/webassembly/api.js';
import type { Kernels } from '../kernels.js';

const r = Math.fround;

export function plainKernels(memory: WasmMemory): Kernels {
  const values = new Float32Array(memory.buffer);
  const each = (bytes: number, work: (i: number) => void) => {
    for (let i = 0; i < bytes / 4; i++) work(i);
  };
  const place = (at: number) => (i: number) => at / 4 + i;
  const read = (at: number) => values[at] as number;
  return {
    squares: (at, bytes) => {
      let sum = 0;
      each(bytes, (i) => {
        sum += r(read(at / 4 + i) ** 2);
      });
      return sum;
    },
    accumulate: (sum, addend, bytes, factor) => {
      each(bytes, (i) => {
        values[sum / 4 + i] = r(read(sum / 4 + i) + r(read(addend / 4 + i) * r(factor)));
      });
    },
    follow: (average, value, bytes, approach) => {
      each(bytes, (i) => {
        const before = read(average / 4 + i);
        values[average / 4 + i] = r(before + r(r(read(value / 4 + i) - before) * r(approach)));
      });
    },
    step: (gradient, parameter, first, second, bytes, scalars) => {
      const [g, p, m, v] = [gradient, parameter, first, second].map(place) as [
        (i: number) => number,
        (i: number) => number,
        (i: number) => number,
        (i: number) => number,
      ];
      const { beta1, part1, beta2, part2, least, rate, keep } = scalars;
      each(bytes, (i) => {
        const by = read(g(i));
        const mean = r(r(read(m(i)) * r(beta1)) + r(by * r(part1)));
        const square = r(r(read(v(i)) * r(beta2)) + r(r(by * by) * r(part2)));
        const direction = r(mean / r(r(Math.sqrt(square)) + r(least)));
        values[p(i)] = r(r(read(p(i)) * r(keep)) - r(direction * r(rate)));
        values[m(i)] = mean;
        values[v(i)] = square;
      });
    },
  };
}
