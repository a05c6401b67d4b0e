/** Patterns in English: as adjectives ("striped"), as what a thing has ("stripes"), and their absence ("plain"). */

import type { Forms, WordedChange } from '../wording.js';
import { allOf, being, beingInstead, having, havingInstead } from './forms.js';
import { englishLexicon } from './lexicon.js';
import { withArticle } from './nouns.js';

/** What a thing with the pattern has: the nouns of the lexicon's adjectives. */
const nouns: Readonly<Record<string, readonly string[]>> = {
  striped: ['stripes'],
  checked: ['checks'],
  dotted: ['dots', 'polka dots'],
  floral: ['flowers', 'a floral print'],
  leopard: ['a leopard print'],
  camouflage: ['a camouflage print'],
  printed: ['a print'],
  embroidered: ['embroidery'],
};

const plain = new Set(['', 'plain', 'solid', 'none', 'no pattern', 'unpatterned', 'solid colour', 'solid color', 'one colour']);

export function patternForms({ name, from, to, said }: WordedChange): Forms {
  const noun = name.at(-1) === 'print' ? 'print' : 'pattern';
  const before = namesOf(from, said.from, noun);
  if (plain.has(to)) {
    const [gone = ''] = before;
    const bare = gone.replace(/^an? /, '');
    return allOf(being('plain'), beingInstead('plain', said.from), {
      says: [`is no longer ${said.from}`, `has no ${noun}`, `has no ${bare}`, 'is in one colour', 'is a solid colour'],
      as: [`without the ${bare}`, `with no ${noun}`, 'in a solid colour'],
      asks: [`remove the ${bare}`],
    });
  }
  const now = namesOf(to, said.to, noun);
  const has = now.map(having);
  if (plain.has(from)) {
    const added = {
      says: [`is ${said.to} and not plain`],
      as: [`${said.to} and not plain`],
      asks: now.map((one) => `add ${one}`),
    };
    return allOf(being(said.to), ...has, added);
  }
  const [first = ''] = before;
  return allOf(being(said.to), beingInstead(said.to, said.from), ...has, ...now.map((one) => havingInstead(one, first)), {
    says: [`is no longer ${said.from} but ${said.to}`],
    asks: [`change the ${noun} to ${said.to}`],
  });
}

/** "stripes", "a striped pattern". */
function namesOf(value: string, said: string, noun: string): readonly string[] {
  const lexicon = Object.entries(englishLexicon.pattern ?? {});
  const known = lexicon.find(([key, ways]) => key === value || ways.includes(value))?.[0] ?? '';
  return [
    ...(Object.hasOwn(nouns, known) ? (nouns[known] as readonly string[]) : []),
    withArticle(`${said} ${noun}`),
    withArticle(`${said} design`),
  ];
}
