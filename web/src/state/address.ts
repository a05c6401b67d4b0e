/**
 * The view in the part of the address behind "#", so that links and the back button restore it:
 *
 *     #/wardrobe?f=price%20%3C%3D%2050&w=1,2,1&at=1&s=;i:w1.jpg;;&s=0;i:w7.jpg,u:k3;+in%20red,-long;i:w9.jpg
 *
 * Each s is a turn: parent, references, phrases (+ holds, - rests) and negatives between semicolons. Uploads are in it by their
 * keys only. What cannot be read is left out, never an error: people shorten links.
 */
import { emptyTrail, limits, type Phrase, type Picture, type Trail, type Turn } from './trail.js';
import { largestWeight } from './weights.js';

export interface View {
  /** Undefined before one is chosen. */
  readonly gallery: string | undefined;
  readonly trail: Trail;
  /** Multiples of each factor's weight; [] for all 1. */
  readonly weights: readonly number[];
  /** In the filter language; '' for none. */
  readonly filter: string;
}

export const emptyView: View = { gallery: undefined, trail: emptyTrail, weights: [], filter: '' };

/** encodeURIComponent, which leaves none of `:;,+&=#?/` as they are. Lone surrogates, which it refuses, are replaced. */
const encode = (text: string) => encodeURIComponent(text.toWellFormed());

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const encodePicture = (picture: Picture) => ('id' in picture ? `i:${encode(picture.id)}` : `u:${encode(picture.upload)}`);
const encodePhrase = ({ text, held }: Phrase) => `${held ? '+' : '-'}${encode(text)}`;

function encodeTurn({ parent, references, phrases, negatives }: Turn): string {
  const parts = [references.map(encodePicture), phrases.map(encodePhrase), negatives.map(encodePicture)];
  return [parent ?? '', ...parts.map((part) => part.join(','))].join(';');
}

/** @returns the address of a view, from "#" on */
export function writeAddress({ gallery, trail, weights, filter }: View): string {
  if (gallery === undefined) return '#/';
  const parameters = [
    ...(filter ? [`f=${encode(filter)}`] : []),
    ...(weights.length > 0 ? [`w=${weights.join(',')}`] : []),
    ...(trail.current >= 0 ? [`at=${trail.current}`] : []),
    ...trail.turns.map((turn) => `s=${encodeTurn(turn)}`),
  ];
  return `#/${encode(gallery)}${parameters.length > 0 ? `?${parameters.join('&')}` : ''}`;
}

const present = <T>(value: T | undefined): value is T => value !== undefined;
const listOf = (text: string | undefined) => (text ? text.split(',') : []);

function decodePicture(text: string): Picture | undefined {
  const value = decode(text.slice(2));
  if (!value) return undefined;
  if (text.startsWith('i:')) return { id: value };
  return text.startsWith('u:') ? { upload: value } : undefined;
}

function decodePhrase(text: string): Phrase | undefined {
  const value = decode(text.slice(1));
  return value && /^[+-]/.test(text) ? { text: value.slice(0, limits.text), held: text.startsWith('+') } : undefined;
}

function decodeTurn(text: string, at: number): Turn | undefined {
  const [parent, references, phrases, negatives] = text.split(';');
  const place = parent ? Number(parent) : Number.NaN;
  const turn = {
    parent: Number.isInteger(place) && place >= 0 && place < at ? place : null,
    references: listOf(references).map(decodePicture).filter(present).slice(0, limits.references),
    phrases: listOf(phrases).map(decodePhrase).filter(present).slice(0, limits.phrases),
    negatives: listOf(negatives).map(decodePicture).filter(present).slice(0, limits.negatives),
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
  const turns: Turn[] = [];
  for (const text of values('s').slice(0, limits.turns)) {
    const turn = decodeTurn(text, turns.length);
    if (!turn) return { ...rest(gallery, values), trail: emptyTrail };
    turns.push(turn);
  }
  const at = Number(values('at')[0] ?? -1);
  const current = Number.isInteger(at) && at >= 0 && at < turns.length ? at : -1;
  return { ...rest(gallery, values), trail: { turns, current } };
}

function rest(gallery: string, values: (name: string) => string[]): Omit<View, 'trail'> {
  const weights = listOf(values('w')[0]).map(Number);
  const sound = weights.every((weight) => weight >= 0 && weight <= largestWeight);
  return { gallery, weights: sound ? weights : [], filter: decode(values('f')[0] ?? '') ?? '' };
}
