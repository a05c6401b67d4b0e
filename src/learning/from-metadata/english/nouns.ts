/** How English writes a value that names a thing: in the singular, with its article, or as a pair. */

const pairs = new Set(
  'jeans trousers shorts leggings pants tights sunglasses glasses briefs boxers jeggings stockings capris gloves socks earrings'.split(
    ' ',
  ),
);
/** Words that end in s and are one thing, or none that can be counted. */
const singular = new Set(
  'dress glass canvas harness chess fitness accessories jewellery jewelry footwear innerwear lingerie underwear swimwear'.split(
    ' ',
  ),
);

/** Plurals that end as other words do, and lose their s alone. */
const losesItsS = new Set(
  'ties neckties bowties hoodies beanies booties onesies undies cookies movies kurtis bikinis tankinis'.split(' '),
);

/** "dresses" -> "dress", "heels" -> "heel"; the last word counts. */
export function singularOf(phrase: string): string {
  const words = phrase.split(' ');
  const last = words.pop() ?? '';
  const one = (word: string): string => {
    if (losesItsS.has(word)) return word.slice(0, -1);
    if (pairs.has(word) || singular.has(word) || word.length < 4 || !word.endsWith('s')) return word;
    if (word.endsWith('ss') || word.endsWith('us') || word.endsWith('is')) return word;
    if (word.endsWith('ies')) return `${word.slice(0, -3)}y`;
    if (['ches', 'shes', 'sses', 'xes', 'zes'].some((end) => word.endsWith(end))) return word.slice(0, -2);
    return word.slice(0, -1);
  };
  return [...words, one(last)].join(' ');
}

/** Whether the last word of a phrase is the noun, in the singular or the plural: "v-neck" and "necks". */
export const endsIn = (phrase: string, noun: string) => singularOf(phrase.split(/[ -]/).at(-1) as string) === singularOf(noun);

/** "a shirt", "an apron", "a pair of jeans". */
export function withArticle(phrase: string): string {
  const last = phrase.split(' ').at(-1) ?? '';
  if (pairs.has(last)) return `a pair of ${phrase}`;
  if (singular.has(last) && !['dress', 'glass', 'canvas', 'harness'].includes(last)) return phrase;
  return `${/^[aeiou]/.test(phrase) && !/^(uni|use|eu|u\b|one\b)/.test(phrase) ? 'an' : 'a'} ${phrase}`;
}

/** Whether a thing is told as several: trousers are. */
export const isPair = (phrase: string) => pairs.has(phrase.split(' ').at(-1) ?? '');

/** The ways to write a value in templates: {to}, {a_to}, and {one_to}, which is "trousers" where {a_to} is "a pair of trousers". */
export function englishNoun(value: string, role: string | undefined): Record<string, string> {
  const one = role === 'type' ? singularOf(value) : value;
  return { '': one, a_: withArticle(one), one_: isPair(one) ? one : withArticle(one) };
}
