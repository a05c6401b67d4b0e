/** Token buckets: each holds up to `burst` tokens and gets `rate` back a second; a request takes one. */

export interface RateLimiterOptions {
  /** Tokens a second; 0 for no limit. */
  rate: number;
  burst: number;
  /** Buckets that are remembered; the fullest are forgotten first, which favours nobody who is limited. @default 10,000 */
  most?: number;
  /** Seconds, never going back. @default the process' own clock */
  clock?: () => number;
}

export class RateLimiter {
  private readonly buckets = new Map<string, { tokens: number; at: number }>();

  constructor(private readonly options: RateLimiterOptions) {}

  get burst(): number {
    return this.options.burst;
  }

  /**
   * Takes tokens from the bucket of `name`.
   *
   * @returns 0 where there were enough, otherwise the seconds until there are
   */
  take(name: string, cost = 1): number {
    const { rate, burst, most = 10_000, clock = () => performance.now() / 1000 } = this.options;
    if (rate === 0) return 0;
    const now = clock();
    const bucket = this.buckets.get(name) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) * rate);
    bucket.at = now;
    if (!this.buckets.has(name) && this.buckets.size >= most) this.forget(now);
    this.buckets.set(name, bucket);
    if (bucket.tokens < cost) return (cost - bucket.tokens) / rate;
    bucket.tokens -= cost;
    return 0;
  }

  /** Drops full buckets, which are as good as new ones; where all are in use, the half that is fullest. */
  private forget(now: number): void {
    const { rate, burst } = this.options;
    const fill = ([, { tokens, at }]: [string, { tokens: number; at: number }]) => Math.min(burst, tokens + (now - at) * rate);
    const fullestFirst = [...this.buckets].map((entry) => [fill(entry), entry[0]] as const).sort((a, b) => b[0] - a[0]);
    const full = fullestFirst.filter(([tokens]) => tokens >= burst).length;
    for (const [, name] of fullestFirst.slice(0, Math.max(full, Math.ceil(fullestFirst.length / 2)))) this.buckets.delete(name);
  }
}
