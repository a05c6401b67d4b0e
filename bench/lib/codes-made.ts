/** Waits for what a store does behind its first search. */
import { setTimeout } from 'node:timers/promises';

/** Returns when a store in memory has given all its vectors codes, and for other stores at once; see src/search/store/memory. */
export async function codesMade(store: object): Promise<void> {
  // What a store consists of is nobody's business but a bench's.
  const { rows } = ((store as { snapshot?: object }).snapshot ?? {}) as { rows?: { matrix: { coded: number; count: number } } };
  while (rows && rows.matrix.coded < rows.matrix.count) await setTimeout(20);
}
