/** A part of a product with a value: "long sleeves", "a v-neck", "a knee-high shaft", "high-heeled", and "short ones" beside them. */
import { englishLexicon } from './lexicon.js';
import { endsIn, singularOf, withArticle } from './nouns.js';
import { countable, isPlural, isThing, type Part } from './parts.js';
import { bodyParts } from './scales.js';

const absences = new Set(['', 'no', 'none', 'without']);

/** Whether a value says that there is no such part. */
export const isAbsence = ({ without }: Part, value: string) => absences.has(value) || value === without;

/** A way to name the part with a value, with its article, and what the value before is called beside it. */
export interface Named {
  readonly phrase: string;
  readonly before: string;
}

/** Ways to name the part with a value that another becomes: "a v-neck" in place of "a round one". */
export function waysToName(part: Part, value: string, from: string): readonly Named[] {
  return part.nouns.flatMap((noun) => withNoun(part, noun, value).map((phrase) => ({ phrase, before: ones(part, noun, from) })));
}

function withNoun(part: Part, noun: string, value: string): readonly string[] {
  const isFirst = noun === part.nouns[0];
  if (isWhole(part, value)) return isFirst ? [countable(value)] : [];
  if (isThing(value)) return isFirst ? [countable(value), withArticle(`${singularOf(value)} ${noun}`)] : [];
  const own = together(part, noun, value);
  return [own, ...synonyms(own)].map(countable);
}

/** Adjectives of the whole product: "long-sleeved", "low-top". */
export function compounds({ adjective, dimension }: Part, value: string): readonly string[] {
  if (adjective === undefined || isThing(value) || value.includes(' ')) return [];
  if (value.endsWith(adjective)) return [value];
  if (!bodyParts.has(value)) return [`${value}-${adjective}`];
  return adjective === 'top' ? [`${value}-${dimension === 'height' ? 'high' : 'length'}`] : [];
}

/** A value beside a phrase with the part: "short ones", "a round one". */
function ones(part: Part, noun: string, value: string): string {
  if (isWhole(part, value) || isThing(value)) return countable(value);
  if (value.length === 1) return countable(together(part, noun, value));
  return isPlural(noun) ? `${asAdjective(part, value)} ones` : withArticle(`${asAdjective(part, value)} one`);
}

/** "long sleeves", "v-neck". */
const together = (part: Part, noun: string, value: string) =>
  `${asAdjective(part, value)}${value.length === 1 && noun === 'neck' ? '-' : ' '}${noun}`;

/** "knee" -> "knee-high" or "knee-length". */
function asAdjective({ dimension }: Part, value: string): string {
  if (!bodyParts.has(value) || dimension === undefined) return value;
  return `${value}-${dimension === 'height' ? 'high' : 'length'}`;
}

/** Whether a value has the part in it: "v-neck", "high heels", "a hood". */
const isWhole = ({ nouns }: Part, value: string) => /^an? /.test(value) || nouns.some((noun) => endsIn(value, noun));

/** Other words that titles have for a neckline: "a round neck" is "a crew neck". */
function synonyms(own: string): readonly string[] {
  const written = own.replace('-', ' ');
  const ways = Object.values(englishLexicon.neckline ?? {}).find((words) => words.includes(written)) ?? [];
  return ways.filter((word) => word !== written && word.endsWith('neck'));
}
