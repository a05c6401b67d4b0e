/** What people call a picture. */
import type { Metadata } from '../api/types.js';

/** Its title or name, where the gallery knows one; else its id. */
export function titleOf(id: string, metadata: Metadata | undefined): string {
  const names = [metadata?.title, metadata?.name];
  return names.find((name): name is string => typeof name === 'string' && name.trim() !== '') ?? id;
}
