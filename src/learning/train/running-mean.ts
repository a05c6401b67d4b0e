/** Running means of what training steps report. */
import type { Tensor } from '../../engine/tensor/tensor.js';

export class RunningMean {
  private readonly sums = new Map<string, number>();
  /** Steps so far. */
  count = 0;

  /** @param report each value float32 (steps) */
  add(report: Readonly<Record<string, Tensor>>): void {
    for (const [name, { data }] of Object.entries(report)) {
      for (const value of data as Float32Array) this.sums.set(name, (this.sums.get(name) ?? 0) + value);
    }
    this.count += report.loss?.data.length ?? 1;
  }

  of(name: string): number {
    return (this.sums.get(name) ?? 0) / this.count;
  }

  all(): Record<string, number> {
    return Object.fromEntries([...this.sums.keys()].map((name) => [name, this.of(name)]));
  }
}
