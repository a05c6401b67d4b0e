/** Writes the two captions of a triplet, as FashionIQ's annotators did: together they tell every change. */
import type { Random } from '../../../core/random.js';
import { attributesOf, changesBetween, type Garment, type GarmentChange, type Kind } from './attributes.js';
import { wordingOf } from './wording.js';

/** "a, b and c". */
function list(parts: readonly string[]): string {
  return parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** "is red" and "is plain" -> "is red and plain", unless the first part goes on ("is red instead of blue"). */
function listPredicates(parts: readonly string[]): string {
  const verb = (part: string) => /^(is|are|has|have) /.exec(part)?.[0];
  const shorter = parts.map((part, i) => {
    const before = parts[i - 1];
    const same = before !== undefined && verb(part) !== undefined && verb(before) === verb(part);
    return same && !/ instead of | rather than /.test(before) ? part.slice(verb(part)!.length) : part;
  });
  return list(shorter);
}

/** Trousers are many: "is red" -> "are red". */
function agree(kind: Kind, predicate: string): string {
  if (kind !== 'trousers') return predicate;
  return predicate
    .replace(/^is a solid/, 'are a solid')
    .replace(
      /^(is|has|does|comes|ends) /,
      (verb) => `${{ is: 'are', has: 'have', does: 'do', comes: 'come', ends: 'end' }[verb.trim()]} `,
    );
}

/** One caption that tells these changes. */
function caption(kind: Kind, changes: readonly GarmentChange[], random: Random): string {
  const ordered = random.shuffle([...changes]);
  if (random.uniform() < 0.6) {
    const says = listPredicates(ordered.map((change) => agree(kind, random.pick(wordingOf(change).says))));
    const subject = kind === 'trousers' ? 'they' : 'it';
    return random
      .pick([says, says, says, `${subject} ${says}`, `i want one that ${says}`, `the ${kind} ${says}`])
      .replace('one that are', 'ones that are')
      .replace('one that have', 'ones that have');
  }
  const words = ordered.map((change) => random.pick(wordingOf(change).as));
  const behind = (word: string) => Number(/^(with|without|in|to|down) /.test(word));
  const as = list(words.sort((a, b) => behind(a) - behind(b)));
  const make = kind === 'trousers' ? 'make them' : 'make it';
  return random.pick([`the same but ${as}`, `same ${kind} but ${as}`, `${make} ${as}`, `similar but ${as}`]);
}

/** Which changes each caption tells: together all, each at least one. */
function share(changes: readonly GarmentChange[], random: Random): [GarmentChange[], GarmentChange[]] {
  const parts: [GarmentChange[], GarmentChange[]] = [[], []];
  for (const change of changes) {
    const draw = random.uniform();
    if (draw < 0.68) parts[0].push(change);
    if (draw > 0.34) parts[1].push(change);
  }
  for (const part of parts) if (part.length === 0) part.push(random.pick(changes));
  return parts;
}

/** Another kind in the same colour and pattern: what it is, and what is new about it. */
function kindCaptions(from: Garment, to: Garment, random: Random): [string, string] {
  const a = (kind: Kind) => (kind === 'trousers' ? kind : `a ${kind}`);
  const is = [`is ${a(to.kind)}`, `is ${a(to.kind)} instead of ${a(from.kind)}`, `change the ${from.kind} to ${a(to.kind)}`];
  const cloth = to.pattern === 'plain' ? `plain ${to.colour}` : `${to.colour} and ${to.pattern}`;
  const first = random.pick([...is, `${a(to.kind)} in the same colour and pattern`, `${a(to.kind)} to match, also ${cloth}`]);
  const own = Object.keys(attributesOf(to.kind)).filter((name) => !['colour', 'pattern'].includes(name));
  const changes = random.shuffle(own).map((attribute) => ({ attribute, from: '', to: to[attribute] as string }));
  return [first, caption(to.kind, changes.slice(0, 2), random)];
}

/** @returns two different captions, in lower case, that lead from one garment to another */
export function writeCaptions(from: Garment, to: Garment, random: Random): [string, string] {
  if (from.kind !== to.kind) return kindCaptions(from, to, random);
  const changes = changesBetween(from, to);
  const [first, second] = share(changes, random).map((part) => caption(from.kind, part, random)) as [string, string];
  return first === second ? writeCaptions(from, to, random) : [first, second];
}
