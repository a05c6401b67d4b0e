/** Keeps the largest numbers that were offered, with the smallest of them at hand: a binary heap. */
export class Smallest {
  private readonly heap: number[] = [];

  /** @param size how many are kept */
  constructor(private readonly size: number) {}

  get full(): boolean {
    return this.heap.length === this.size;
  }

  /** The smallest that is kept. */
  get least(): number {
    return this.heap[0] as number;
  }

  offer(value: number): void {
    const { heap } = this;
    if (heap.length < this.size) {
      let at = heap.push(value) - 1;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if ((heap[parent] as number) <= value) break;
        heap[at] = heap[parent] as number;
        at = parent;
      }
      heap[at] = value;
      return;
    }
    if (value <= (heap[0] as number)) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child++;
      if ((heap[child] as number) >= value) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = value;
  }
}
