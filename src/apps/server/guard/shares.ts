/**
 * How much of something that all callers share one of them may have. A caller may have as much as its share leaves free of the whole, so
 * that however few or many take all they can, there is always a part left for the next: one alone gets half of it (with the share 0.5), two
 * a third each, three a quarter.
 */
export class Shares {
  private readonly held = new Map<string, number>();
  private taken = 0;

  /**
   * @param total of all callers together
   * @param share of it that one caller may have who is alone, above 0 to 1
   * @param least what every caller may have, where it is free
   */
  constructor(
    private readonly total: number,
    private readonly share = 1,
    private readonly least = 1,
  ) {}

  /** What is taken by all. */
  get used(): number {
    return this.taken;
  }

  /** Takes an amount for a caller, or nothing. @param caller who has no limit but the total's, where it is left out @returns whether it was there */
  take(amount: number, caller?: string): boolean {
    const left = this.total - this.taken - amount;
    if (left < 0) return false;
    if (caller !== undefined) {
      const mine = (this.held.get(caller) ?? 0) + amount;
      if (this.share < 1 && mine > Math.max(this.least, (left * this.share) / (1 - this.share))) return false;
      this.held.set(caller, mine);
    }
    this.taken += amount;
    return true;
  }

  give(amount: number, caller?: string): void {
    this.taken -= amount;
    if (caller === undefined) return;
    const mine = (this.held.get(caller) ?? 0) - amount;
    if (mine > 0) this.held.set(caller, mine);
    else this.held.delete(caller);
  }
}
