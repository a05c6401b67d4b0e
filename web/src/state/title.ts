/** What people call a picture, and what a tab is called. */
import type { Metadata } from '../api/types.js';
import type { View } from './address.js';
import { currentTurn } from './trail.js';

/** Its title or name, where the gallery knows one; else its id. */
export function titleOf(id: string, metadata: Metadata | undefined): string {
  const names = [metadata?.title, metadata?.name];
  return names.find((name): name is string => typeof name === 'string' && name.trim() !== '') ?? id;
}

/** Tells turns apart in the list of tabs and in the history. */
export function documentTitle({ gallery, trail }: View, nameOf: (image: { id: string } | { upload: string }) => string): string {
  const turn = currentTurn(trail);
  const texts = turn?.phrases.filter(({ held }) => held).map(({ text }) => text) ?? [];
  const [reference] = turn?.references ?? [];
  const what = [...(texts.length > 0 ? [texts.join(', ')] : []), ...(reference ? [nameOf(reference)] : [])].join(' – ');
  return [...(what ? [what.slice(0, 80)] : []), ...(gallery === undefined ? [] : [gallery]), 'limn'].join(' · ');
}
