/**
 * The view in the part of the address behind "#", so that links and the back button restore it:
 *
 *     #/wardrobe?f=price%20%3C%3D%2050&w=1,2,1&at=1&s=;i:w1.jpg;;&s=0;i:w7.jpg,u:k3;+in%20red,-long;i:w9.jpg;f;w1,1,3
 *
 * f and w are the filter and the weights of the gallery. Each s is a turn: parent, references, phrases (+ holds, - rests) and negatives
 * between semicolons, and then f and w with its own filter and weights, where they are others than those of the turn before it. Uploads
 * are in it by their keys only. What cannot be read is left out, never an error: people shorten links.
 */
import { emptyTrail, limits, type Phrase, type QueryImage, type Settings, type Trail, type Turn } from './trail.js';
import { largestWeight } from './weights.js';

export interface View {
  /** Undefined before one is chosen. */
  readonly gallery: string | undefined;
  readonly trail: Trail;
}

export const emptyView: View = { gallery: undefined, trail: emptyTrail };

/** encodeURIComponent, which leaves none of `:;,+&=#?/` as they are. Lone surrogates, which it refuses, are replaced. */
const encode = (text: string) => encodeURIComponent(text.toWellFormed());

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const encodeImage = (image: QueryImage) => ('id' in image ? `i:${encode(image.id)}` : `u:${encode(image.upload)}`);
const encodePhrase = ({ text, held }: Phrase) => `${held ? '+' : '-'}${encode(text)}`;

/** @param before the settings of the turn that it follows, or of the gallery */
function encodeTurn({ parent, references, phrases, negatives, filter, weights }: Turn, before: Settings): string {
  const lists = [references.map(encodeImage), phrases.map(encodePhrase), negatives.map(encodeImage)];
  const own = [
    filter === before.filter ? '' : `f${encode(filter)}`,
    weights.join() === before.weights.join() ? '' : `w${weights.join(',')}`,
  ];
  while (own.at(-1) === '') own.pop();
  return [parent ?? '', ...lists.map((list) => list.join(',')), ...own].join(';');
}

/** @returns the address of a view, from "#" on */
export function writeAddress({ gallery, trail }: View): string {
  if (gallery === undefined) return '#/';
  const { turns, filter, weights } = trail;
  const parameters = [
    ...(filter ? [`f=${encode(filter)}`] : []),
    ...(weights.length > 0 ? [`w=${weights.join(',')}`] : []),
    ...(trail.current >= 0 ? [`at=${trail.current}`] : []),
    ...turns.map((turn) => `s=${encodeTurn(turn, turns[turn.parent ?? -1] ?? trail)}`),
  ];
  return `#/${encode(gallery)}${parameters.length > 0 ? `?${parameters.join('&')}` : ''}`;
}

const present = <T>(value: T | undefined): value is T => value !== undefined;
const listOf = (text: string | undefined) => (text ? text.split(',') : []);

function decodeImage(text: string): QueryImage | undefined {
  const value = decode(text.slice(2));
  if (!value) return undefined;
  if (text.startsWith('i:')) return { id: value };
  return text.startsWith('u:') ? { upload: value } : undefined;
}

function decodePhrase(text: string): Phrase | undefined {
  const value = decode(text.slice(1));
  return value && /^[+-]/.test(text) ? { text: value.slice(0, limits.text), held: text.startsWith('+') } : undefined;
}

/** @returns undefined for a list that is none of weights */
function decodeWeights(text: string): number[] | undefined {
  const weights = listOf(text).map(Number);
  return weights.every((weight) => weight >= 0 && weight <= largestWeight) ? weights : undefined;
}

/** @param turns those before it @param gallery the settings of the gallery */
function decodeTurn(text: string, turns: readonly Turn[], gallery: Settings): Turn | undefined {
  const [before, references, phrases, negatives, ownFilter = '', ownWeights = ''] = text.split(';');
  const place = before ? Number(before) : Number.NaN;
  const parent = Number.isInteger(place) && place >= 0 && place < turns.length ? place : null;
  const inherited = turns[parent ?? -1] ?? gallery;
  const turn = {
    parent,
    references: listOf(references).map(decodeImage).filter(present).slice(0, limits.references),
    phrases: listOf(phrases).map(decodePhrase).filter(present).slice(0, limits.phrases),
    negatives: listOf(negatives).map(decodeImage).filter(present).slice(0, limits.negatives),
    filter: (ownFilter.startsWith('f') ? decode(ownFilter.slice(1)) : undefined) ?? inherited.filter,
    weights: (ownWeights.startsWith('w') ? decodeWeights(ownWeights.slice(1)) : undefined) ?? inherited.weights,
  };
  return turn.references.length + turn.phrases.length > 0 ? turn : undefined;
}

/** Reads an address that {@link writeAddress} wrote, or as much of it as is left. */
export function readAddress(hash: string): View {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const gallery = decode(path) || undefined;
  if (gallery === undefined) return emptyView;
  const values = (name: string) =>
    query
      .split('&')
      .filter((part) => part.startsWith(`${name}=`))
      .map((part) => part.slice(name.length + 1));
  const settings = { filter: decode(values('f')[0] ?? '') ?? '', weights: decodeWeights(values('w')[0] ?? '') ?? [] };
  const turns: Turn[] = [];
  for (const text of values('s').slice(0, limits.turns)) {
    const turn = decodeTurn(text, turns, settings);
    if (!turn) return { gallery, trail: { ...emptyTrail, ...settings } };
    turns.push(turn);
  }
  const at = Number(values('at')[0] ?? -1);
  const current = Number.isInteger(at) && at >= 0 && at < turns.length ? at : -1;
  return { gallery, trail: { turns, current, ...settings } };
}
