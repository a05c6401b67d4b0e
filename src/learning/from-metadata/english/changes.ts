/**
 * English for changes whose words depend on their values: parts with an adjective ("has long sleeves"), what is there or is not ("has a pocket",
 * "sleeveless"), and values that have an order ("has a higher heel", "is longer"). All of it follows from what English does with nouns and
 * adjectives, so that it serves any table; the templates of english-wording.ts tell the rest.
 */

import type { Forms, WordedChange } from '../wording.js';
import { allOf, being, having, havingInstead, lacking } from './forms.js';
import { compounds, isAbsence, waysToName } from './part-words.js';
import { countable, isThing, type Part, partOf } from './parts.js';
import { patternForms } from './patterns.js';
import { anyForms, fitForms, lengthForms } from './qualities.js';
import { bare, comparatives, comparativesOf, isMeasure } from './scales.js';

/** @returns undefined where the templates of the change's role serve */
export function englishForms(change: WordedChange): Forms | undefined {
  const { kind, name, role, isPresence, isColumn, from, to } = change;
  // What a product can be without is a part of it.
  const unknown = isColumn && role === undefined && kind !== 'changed' ? { nouns: [name.join(' ')] } : undefined;
  const part: Part | undefined = partOf(name) ?? unknown;
  if (kind === 'more' || kind === 'less') {
    return part?.dimension && allOf(...comparativesOf(part.dimension, kind).flatMap((word) => partThatIs(part, word)));
  }
  if (isPresence) return presenceForms(change);
  if (part) return partForms(part, change);
  if (role === 'pattern') return patternForms(change);
  if (kind !== 'changed') return isThing(to || from) ? thingForms(change) : undefined;
  if (role === 'length') return lengthForms(change);
  if (role === 'fit') return allOf(fitForms(change), legForms(change));
  return role === undefined ? anyForms(change) : undefined;
}

function partForms(part: Part, { from, to, said }: Pick<WordedChange, 'from' | 'to' | 'said'>): Forms {
  const [noun = ''] = part.nouns;
  const { without } = part;
  if (isAbsence(part, to)) return allOf(lacking(noun), ...(without === undefined ? [] : [being(without), being(without)]));
  const ways = waysToName(part, said.to, said.from);
  const now = ways.map(({ phrase }) => having(phrase));
  const whole = compounds(part, said.to).map(being);
  if (isAbsence(part, from)) return allOf(...now, ...whole, { asks: ways.map(({ phrase }) => `add ${phrase}`) });
  const instead = ways.map(({ phrase, before }) => havingInstead(phrase, before));
  const more = comparatives(from, to, part.dimension).flatMap((word) => partThatIs(part, word));
  const made = part.dimension && isMeasure(to) ? [`make the ${noun} ${said.to}`] : [];
  return allOf(...now, ...instead, ...whole, ...more, { asks: made });
}

/** "has longer sleeves", "with a higher heel". */
const partThatIs = ({ nouns }: Part, word: string) => nouns.map((noun) => having(countable(`${word} ${noun}`)));

/** How wide trousers are is how wide their legs are. */
function legForms(change: WordedChange): Forms {
  const { from, to, said, isPair } = change;
  const legs = partOf(['leg']);
  if (!isPair || !legs || comparatives(from, to, 'width').length === 0) return {};
  return partForms({ ...legs, dimension: 'width' }, { from, to, said: { from: bare(said.from), to: bare(said.to) } });
}

/** A column of yes and no: what a product has or, where its name is an adjective, is. */
function presenceForms(change: WordedChange): Forms {
  const { name, to, said } = change;
  const value = said.to || said.from;
  const last = name.at(-1) ?? '';
  const isAdjective = name[0] === 'is' || (!isThing(value) && /(ed|less|able|proof|free|resistant|ible)$/.test(last));
  if (!isAdjective) return thingForms(change);
  if (to !== '') return being(value);
  return { says: [`is not ${value}`, `is no longer ${value}`], as: [`not ${value}`] };
}

function thingForms({ to, said }: WordedChange): Forms {
  const value = said.to || said.from;
  if (to === '') return allOf(lacking(value), { says: [`no longer has ${countable(value)}`] });
  const one = countable(value);
  return allOf(having(one), { says: [`has ${one} added`], as: [`with ${one} too`], asks: [`add ${one}`] });
}
