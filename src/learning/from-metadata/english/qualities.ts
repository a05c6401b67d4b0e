/** What is said of a product as a whole: how long it is, how it fits, and columns that no other words are known for. */

import type { Forms, WordedChange } from '../wording.js';
import { allOf, being, beingInstead, having, havingInstead } from './forms.js';
import { endsIn, withArticle } from './nouns.js';
import { countable, isThing } from './parts.js';
import { bare, bodyParts, comparatives } from './scales.js';

/** "is knee-length", "reaches the knee", "is longer". */
export function lengthForms({ from, to, said }: WordedChange): Forms {
  const value = bare(said.to);
  const now = lengthOf(said.to);
  const own = bodyParts.has(value)
    ? { says: [`reaches the ${value}`, `goes down to the ${value}`], as: [`down to the ${value}`, `in ${value} length`] }
    : { as: [`in ${withArticle(value)} length`] };
  return allOf(being(now), beingInstead(now, lengthOf(said.from)), own, ...comparatives(from, to, 'length').map(being));
}

const lengthOf = (value: string) => (bodyParts.has(bare(value)) ? `${bare(value)}-length` : bare(value));

/** "has a slim fit", "is wider". */
export function fitForms({ name, from, to, said }: WordedChange): Forms {
  const nouns = [...new Set([name.at(-1) as string, 'fit'])];
  const now = bare(said.to);
  const more = comparatives(from, to, 'width');
  const cuts = [now, ...more].flatMap((word) => nouns.map((noun) => having(withArticle(`${word} ${noun}`))));
  const fit = { as: nouns.map((noun) => `in ${withArticle(now)} ${noun}`) };
  return allOf(being(now), beingInstead(now, bare(said.from)), ...cuts, ...more.map(being), fit);
}

/** A column of its own: its values stand before its name, where they are no things themselves. */
export function anyForms({ name, from, to, said }: WordedChange): Forms {
  const noun = name.join(' ');
  const isWhole = (value: string) => isThing(value) || endsIn(value, name.at(-1) ?? '');
  const now = countable(isWhole(said.to) ? said.to : `${said.to} ${noun}`);
  const before = countable(isWhole(said.from) ? said.from : `${said.from} one`);
  const more = comparatives(from, to, undefined).map((word) => having(countable(`${word} ${noun}`)));
  if (isWhole(said.to)) return allOf(having(now), havingInstead(now, before), ...more, { as: [`${now} instead of ${before}`] });
  return allOf(having(now), havingInstead(now, before), ...more, {
    as: [`${said.to} instead of ${said.from}`, `${said.to} rather than ${said.from}`],
    asks: [`change the ${noun} to ${said.to}`, `change the ${noun} from ${said.from} to ${said.to}`],
  });
}
