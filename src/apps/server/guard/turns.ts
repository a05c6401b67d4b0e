/** A queue for each caller, served in turn: first come, first served among the entries of one, one after the other among the callers. */
export class Turns<Entry> {
  /** In the order in which they are next. */
  private readonly queues = new Map<string, Set<Entry>>();

  add(caller: string, entry: Entry): void {
    const queue = this.queues.get(caller) ?? new Set();
    queue.add(entry);
    this.queues.set(caller, queue);
  }

  remove(caller: string, entry: Entry): void {
    const queue = this.queues.get(caller);
    queue?.delete(entry);
    if (queue?.size === 0) this.queues.delete(caller);
  }

  /**
   * Takes the first entry of the next caller whose first is taken.
   *
   * @param take whether an entry is to be taken now; it is asked for the first entry of each caller only
   */
  next(take: (entry: Entry, caller: string) => boolean): Entry | undefined {
    for (const [caller, queue] of this.queues) {
      const [first] = queue;
      if (first === undefined || !take(first, caller)) continue;
      queue.delete(first);
      // The caller's others come behind those of everybody else.
      this.queues.delete(caller);
      if (queue.size > 0) this.queues.set(caller, queue);
      return first;
    }
    return undefined;
  }
}
