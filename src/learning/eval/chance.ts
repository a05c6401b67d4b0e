/** What a random ranking is expected to score under a protocol, which a measured recall is to be read beside. */
import type { AppliedProtocol } from './protocols/index.js';

export interface Chance {
  /** Expected R@K in percent by K. */
  recall: Record<string, number>;
  /** Expected recall among each query's own subset, in percent by K; zeros where the protocol has none. */
  subset: Record<string, number>;
}

/** The expectation over all orders of the gallery, each as likely as the others; exact, not drawn. */
export function chanceOf({ gallery, queries }: AppliedProtocol, ks: readonly number[]): Chance {
  const mean = (of: (query: AppliedProtocol['queries'][number]) => number) =>
    queries.length === 0 ? 0 : (100 * queries.reduce((sum, query) => sum + of(query), 0)) / queries.length;
  const among = (candidates: number, right: number, k: number) => 1 - chanceOfNone(candidates, right, k);
  const entries = (of: (k: number) => number) => Object.fromEntries(ks.map((k) => [k, of(k)]));
  return {
    recall: entries((k) =>
      mean(({ targets, excluded }) => {
        const right = [...new Set(targets)].filter((target) => !excluded.includes(target)).length;
        // Its targets are taken out: it has the last rank, whatever the order.
        if (right === 0) return k >= gallery.length ? 1 : 0;
        return among(gallery.length - new Set(excluded).size, right, k);
      }),
    ),
    subset: entries((k) =>
      mean(({ targets, subset = [] }) => among(subset.length, subset.filter((one) => targets.includes(one)).length, k)),
    ),
  };
}

/** The chance that none of `right` is among the first `k` of `candidates` in random order: C(n - t, k) / C(n, k). */
function chanceOfNone(candidates: number, right: number, k: number): number {
  if (right === 0) return 1;
  let none = 1;
  for (let i = 0; i < right; i++) none *= Math.max(0, candidates - k - i) / (candidates - i);
  return none;
}
