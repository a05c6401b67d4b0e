/**
 * The trail: the turns of a search, as a tree. A turn is a whole query by itself, so a turn can be removed without changing those
 * after it. All functions are pure and give the trail they were given where nothing changes.
 */

/** A picture of the gallery, or one of this device, which lives as long as the session. */
export type QueryImage = { readonly id: string } | { readonly upload: string };

/** A text of this turn or of one before it. Those that are held hold together. */
export interface Phrase {
  readonly text: string;
  readonly held: boolean;
}

/** What a search is asked with beside its pictures and texts. */
export interface Settings {
  /** In the filter language; '' for none. */
  readonly filter: string;
  /** Multiples of each factor's weight; [] for all 1. */
  readonly weights: readonly number[];
}

/** A turn keeps its own settings: going back to it shows what it showed. */
export interface Turn extends Settings {
  /** The place of the turn that this one went on from, smaller than its own; null for a beginning. */
  readonly parent: number | null;
  readonly references: readonly QueryImage[];
  readonly phrases: readonly Phrase[];
  readonly negatives: readonly QueryImage[];
}

/** Its own settings are those of the gallery, while no turn is shown. */
export interface Trail extends Settings {
  readonly turns: readonly Turn[];
  /** The place of the turn that is shown; -1 while the gallery is. */
  readonly current: number;
}

/** The most that a request of the API may have. */
export const limits = { references: 8, negatives: 8, phrases: 16, text: 1000, turns: 100 } as const;

export const emptyTrail: Trail = { turns: [], current: -1, filter: '', weights: [] };

export const currentTurn = ({ turns, current }: Trail): Turn | undefined => turns[current];

/** The settings of what is shown: the turn, or the gallery. */
export function currentSettings(trail: Trail): Settings {
  const { filter, weights } = currentTurn(trail) ?? trail;
  return { filter, weights };
}

/** Changes settings of what is shown, and of nothing else. */
export function changeSettings(trail: Trail, changed: Partial<Settings>): Trail {
  return currentTurn(trail) ? change(trail, changed) : { ...trail, ...changed };
}

export const sameImage = (a: QueryImage, b: QueryImage): boolean =>
  'id' in a ? 'id' in b && a.id === b.id : 'upload' in b && a.upload === b.upload;

export const has = (images: readonly QueryImage[], image: QueryImage) => images.some((other) => sameImage(other, image));

/** The text that this turn added to those of the turn before; undefined where it added none. */
export function ownPhrase({ turns }: Trail, at: number): Phrase | undefined {
  const turn = turns[at];
  const last = turn?.phrases.at(-1);
  if (!turn || !last) return undefined;
  const before = turn.parent === null ? [] : (turns[turn.parent]?.phrases ?? []);
  return before.some(({ text }) => text === last.text) ? undefined : last;
}

/** A turn more. Without settings of its own it takes those of what is shown. */
function append(trail: Trail, turn: Omit<Turn, keyof Settings> & Partial<Settings>): Trail {
  const { turns } = trail;
  if (turns.length >= limits.turns) return trail;
  return { ...trail, turns: [...turns, { ...currentSettings(trail), ...turn }], current: turns.length };
}

function change(trail: Trail, changed: Partial<Turn>): Trail {
  const turn = currentTurn(trail);
  if (!turn) return trail;
  const next = { ...turn, ...changed };
  if (next.references.length === 0 && next.phrases.length === 0) return removeTurn(trail, trail.current);
  return { ...trail, turns: trail.turns.map((other, at) => (at === trail.current ? next : other)) };
}

/** Begins a new branch of the trail with a picture. */
export function startFrom(trail: Trail, image: QueryImage): Trail {
  return append(trail, { parent: null, references: [image], phrases: [], negatives: [] });
}

/** Goes on from a hit: it becomes the reference, and the texts and negatives stay. */
export function goOnFrom(trail: Trail, image: QueryImage): Trail {
  const turn = currentTurn(trail);
  if (!turn) return startFrom(trail, image);
  const negatives = turn.negatives.filter((other) => !sameImage(other, image));
  return append(trail, { parent: trail.current, references: [image], phrases: turn.phrases, negatives });
}

/** Says what to change: in the current turn where it has no text of its own yet, else in a new one after it. */
export function say(trail: Trail, words: string): Trail {
  const text = words.trim().replace(/\s+/g, ' ').slice(0, limits.text);
  if (text === '') return trail;
  const turn = currentTurn(trail);
  const phrase = { text, held: true };
  if (!turn) return append(trail, { parent: null, references: [], phrases: [phrase], negatives: [] });
  const known = turn.phrases.findIndex((other) => other.text === text);
  if (known >= 0) return turn.phrases[known]?.held ? trail : togglePhrase(trail, known);
  if (turn.phrases.length >= limits.phrases) return trail;
  const phrases = [...turn.phrases, phrase];
  if (!ownPhrase(trail, trail.current)) return change(trail, { phrases });
  return append(trail, { ...turn, parent: trail.current, phrases });
}

/** A turn beside the given one, from the same place and without its own text, to try another. */
export function fork(trail: Trail, at: number): Trail {
  const turn = trail.turns[at];
  if (!turn) return trail;
  const phrases = ownPhrase(trail, at) ? turn.phrases.slice(0, -1) : turn.phrases;
  if (turn.references.length === 0 && phrases.length === 0) return { ...trail, current: -1 };
  return append(trail, { ...turn, phrases });
}

export function select(trail: Trail, at: number): Trail {
  return at === trail.current || at < -1 || at >= trail.turns.length ? trail : { ...trail, current: at };
}

/** Removes a turn; those after it then follow the one before it. */
export function removeTurn(trail: Trail, at: number): Trail {
  const { turns, current } = trail;
  const removed = turns[at];
  if (!removed) return trail;
  const shift = (place: number) => (place > at ? place - 1 : place);
  const parentOf = ({ parent }: Turn) => {
    const next = parent === at ? removed.parent : parent;
    return next === null ? null : shift(next);
  };
  const kept = turns.filter((_, place) => place !== at).map((turn) => ({ ...turn, parent: parentOf(turn) }));
  if (current !== at) return { ...trail, turns: kept, current: shift(current) };
  return { ...trail, turns: kept, current: removed.parent ?? Math.min(at, kept.length) - 1 };
}

/** More like this: one more reference. */
export function addReference(trail: Trail, image: QueryImage): Trail {
  const turn = currentTurn(trail);
  if (!turn) return startFrom(trail, image);
  if (has(turn.references, image) || turn.references.length >= limits.references) return trail;
  const negatives = turn.negatives.filter((other) => !sameImage(other, image));
  return change(trail, { references: [...turn.references, image], negatives });
}

export function removeReference(trail: Trail, image: QueryImage): Trail {
  const references = currentTurn(trail)?.references.filter((other) => !sameImage(other, image));
  return references ? change(trail, { references }) : trail;
}

/** Less like this: one more negative. The last reference stays what it is. */
export function addNegative(trail: Trail, image: QueryImage): Trail {
  const turn = currentTurn(trail);
  if (!turn || has(turn.negatives, image) || turn.negatives.length >= limits.negatives) return trail;
  const references = turn.references.filter((other) => !sameImage(other, image));
  if (references.length === 0 && turn.references.length > 0) return trail;
  return change(trail, { references, negatives: [...turn.negatives, image] });
}

export function removeNegative(trail: Trail, image: QueryImage): Trail {
  const negatives = currentTurn(trail)?.negatives.filter((other) => !sameImage(other, image));
  return negatives ? change(trail, { negatives }) : trail;
}

/** Lets a text rest, or hold again. */
export function togglePhrase(trail: Trail, at: number): Trail {
  const phrases = currentTurn(trail)?.phrases.map((phrase, place) => (place === at ? { ...phrase, held: !phrase.held } : phrase));
  return phrases ? change(trail, { phrases }) : trail;
}

export function removePhrase(trail: Trail, at: number): Trail {
  const phrases = currentTurn(trail)?.phrases.filter((_, place) => place !== at);
  return phrases ? change(trail, { phrases }) : trail;
}

/** Puts another picture in the place of one, in all turns: for an upload that was lost. */
export function replaceImage(trail: Trail, from: QueryImage, to: QueryImage): Trail {
  const swap = (images: readonly QueryImage[]) => images.map((image) => (sameImage(image, from) ? to : image));
  const turns = trail.turns.map((turn) => ({ ...turn, references: swap(turn.references), negatives: swap(turn.negatives) }));
  return { ...trail, turns };
}
