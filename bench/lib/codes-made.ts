/** Waits for what a store does behind its first search. */
import { setTimeout } from 'node:timers/promises';

/**
 * Returns when a store in memory gives no more vectors codes, after a search of it, and for other stores and galleries that need no codes at
 * once; see src/search/store/memory.
 */
export async function codesMade(store: object): Promise<void> {
  // What a store consists of is nobody's business but a bench's.
  const { threads } = ((store as { snapshot?: object }).snapshot ?? {}) as { threads?: { isCoding: boolean } };
  while (threads?.isCoding) await setTimeout(20);
}
