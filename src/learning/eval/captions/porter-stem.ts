/**
 * Porter's stemmer (M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980), as published: without what his own programs
 * added later ("logi", "bli"), except that words of one or two letters are left as they are, so that "as" is not "a".
 *
 * Steps take endings off one after the other. Which ones may go depends on what would be left, written as consonants (c) and
 * vowels (v); its measure m is how often a run of vowels is followed by a run of consonants.
 */

/** One ending and what it becomes; `if` is the condition on what is left without the ending. */
interface SuffixRule {
  ending: string;
  becomes: string;
  if: (stem: string) => boolean;
}

/** The stem of a word in small letters; anything but a, e, i, o, u and y counts as a consonant. */
export function porterStem(word: string): string {
  return word.length <= 2 ? word : Object.values(porterSteps).reduce((stem, step) => step(stem), word);
}

/** One letter, c or v, for each of a word's; y is a vowel after a consonant. */
function shapeOf(word: string): string {
  let shape = '';
  for (const letter of word) shape += 'aeiou'.includes(letter) || (letter === 'y' && shape.endsWith('c')) ? 'v' : 'c';
  return shape;
}

const measure = (stem: string) => shapeOf(stem).match(/vc/g)?.length ?? 0;
const hasVowel = (stem: string) => shapeOf(stem).includes('v');
const endsInDouble = (word: string) => /([^aeiou])\1$/.test(word) && shapeOf(word).endsWith('cc');
/** Consonant, vowel, consonant, where the last is not w, x or y: "hop". The paper's *o. */
const endsShort = (word: string) => shapeOf(word).endsWith('cvc') && !/[wxy]$/.test(word);
const always = () => true;
const above = (least: number) => (stem: string) => measure(stem) > least;

/** Rules with the same condition from "ending:becomes" words. */
function rules(condition: SuffixRule['if'], ...pairs: string[]): SuffixRule[] {
  return pairs.map((pair) => {
    const [ending = '', becomes = ''] = pair.split(':');
    return { ending, becomes, if: condition };
  });
}

/** The step that takes the rule with the longest ending that a word has; where its condition does not hold, no other is tried. */
function apply(of: readonly SuffixRule[]): (word: string) => string {
  const longestFirst = [...of].sort((a, b) => b.ending.length - a.ending.length);
  return (word) => {
    const rule = longestFirst.find(({ ending }) => word.endsWith(ending));
    if (!rule) return word;
    const stem = word.slice(0, word.length - rule.ending.length);
    return rule.if(stem) ? stem + rule.becomes : word;
  };
}

const pastOrProgressive = apply([...rules(above(0), 'eed:ee'), ...rules(hasVowel, 'ed', 'ing')]);
const restored = apply(rules(always, 'at:ate', 'bl:ble', 'iz:ize'));

/** Step 1b: what is left of "hopping", "failing" or "filing" is made a word again. */
function step1b(word: string): string {
  const stem = pastOrProgressive(word);
  if (stem === word || word.endsWith('eed')) return stem;
  const whole = restored(stem);
  if (whole !== stem) return whole;
  if (endsInDouble(stem) && !/[lsz]$/.test(stem)) return stem.slice(0, -1);
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem;
}

/** The steps of the paper by their names, in their order. */
export const porterSteps = {
  step1a: apply(rules(always, 'sses:ss', 'ies:i', 'ss:ss', 's')),
  step1b,
  step1c: apply(rules(hasVowel, 'y:i')),
  step2: apply([
    ...rules(above(0), 'ational:ate', 'tional:tion', 'enci:ence', 'anci:ance', 'izer:ize', 'abli:able', 'alli:al'),
    ...rules(above(0), 'entli:ent', 'eli:e', 'ousli:ous', 'ization:ize', 'ation:ate', 'ator:ate', 'alism:al'),
    ...rules(above(0), 'iveness:ive', 'fulness:ful', 'ousness:ous', 'aliti:al', 'iviti:ive', 'biliti:ble'),
  ]),
  step3: apply(rules(above(0), 'icate:ic', 'ative', 'alize:al', 'iciti:ic', 'ical:ic', 'ful', 'ness')),
  step4: apply([
    ...rules(above(1), 'al', 'ance', 'ence', 'er', 'ic', 'able', 'ible', 'ant', 'ement', 'ment', 'ent', 'ou', 'ism', 'ate'),
    ...rules(above(1), 'iti', 'ous', 'ive', 'ize'),
    ...rules((stem) => /[st]$/.test(stem) && above(1)(stem), 'ion'),
  ]),
  step5a: apply(rules((stem) => above(1)(stem) || (above(0)(stem) && !endsShort(stem)), 'e')),
  step5b: (word: string) => (word.endsWith('ll') && above(1)(word) ? word.slice(0, -1) : word),
};
