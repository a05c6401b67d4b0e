/**
 * How a person says each value of an attribute. `says` are predicates of "it" ("is red"); `as` fit behind "the same but".
 * Comparisons ("is shorter") are added only where the pair of values leaves one answer.
 */
import type { GarmentChange } from './attributes.js';

export interface GarmentWording {
  readonly says: readonly string[];
  readonly as: readonly string[];
}

const fabricWords: Record<string, { noun: string; says: string[] }> = {
  plain: { noun: 'plain', says: ['is plain', 'has no pattern', 'is a solid colour'] },
  striped: { noun: 'stripes', says: ['is striped', 'has stripes', 'has a striped pattern'] },
  checked: { noun: 'checks', says: ['is checked', 'has a checked pattern', 'is plaid'] },
  dotted: { noun: 'polka dots', says: ['has polka dots', 'is dotted', 'is covered in dots'] },
  floral: { noun: 'flowers', says: ['is floral', 'has a floral print', 'has flowers on it'] },
};

const valueWords: Record<string, Record<string, GarmentWording>> = {
  sleeve: {
    none: { says: ['is sleeveless', 'has no sleeves'], as: ['sleeveless', 'without sleeves'] },
    short: { says: ['has short sleeves', 'is short-sleeved'], as: ['with short sleeves', 'short-sleeved'] },
    long: { says: ['has long sleeves', 'is long-sleeved'], as: ['with long sleeves', 'long-sleeved'] },
  },
  neckline: {
    round: { says: ['has a round neck', 'has a crew neck'], as: ['with a round neck', 'with a crew neck'] },
    v: { says: ['has a v-neck', 'has a v-shaped neckline'], as: ['with a v-neck', 'with a v neckline'] },
    square: { says: ['has a square neckline', 'has a square neck'], as: ['with a square neckline', 'with a square neck'] },
    high: { says: ['has a turtleneck', 'has a high neck'], as: ['with a turtleneck', 'with a high rolled collar'] },
  },
  collar: {
    pointed: { says: ['has a pointed collar', 'has a classic collar'], as: ['with a pointed collar', 'with a classic collar'] },
    band: { says: ['has a band collar', 'has a stand-up collar'], as: ['with a band collar', 'without the pointed collar'] },
  },
  length: {
    short: { says: ['is short', 'is short in length'], as: ['short', 'in a short length'] },
    knee: { says: ['is knee-length', 'ends at the knee'], as: ['knee-length', 'down to the knee'] },
    cropped: { says: ['is cropped', 'ends above the ankle'], as: ['cropped', 'in a cropped length'] },
    long: { says: ['is long', 'is full-length'], as: ['long', 'in full length'] },
  },
  closure: {
    zip: { says: ['has a zip', 'closes with a zipper'], as: ['with a zip', 'with a zipper'] },
    buttons: { says: ['has buttons down the front', 'buttons up'], as: ['with buttons', 'with buttons in front'] },
  },
  cut: {
    slim: { says: ['has slim legs', 'is slim fit'], as: ['with slim legs', 'slim'] },
    wide: { says: ['has wide legs', 'is wide-legged'], as: ['with wide legs', 'wide-legged'] },
  },
  shaft: {
    low: { says: ['is low-top', 'ends below the ankle'], as: ['low-top', 'with a low top'] },
    high: { says: ['is high-top', 'covers the ankle'], as: ['high-top', 'with a high top'] },
    ankle: { says: ['is ankle-high', 'ends at the ankle'], as: ['ankle-high', 'with a short shaft'] },
    knee: { says: ['is knee-high', 'has a tall shaft'], as: ['knee-high', 'with a tall shaft'] },
  },
  sole: {
    white: { says: ['has a white sole', 'has a lighter sole'], as: ['with a white sole'] },
    black: { says: ['has a black sole', 'has a darker sole'], as: ['with a black sole'] },
  },
  heel: {
    flat: { says: ['has a flat heel', 'is flat'], as: ['with a flat heel', 'flat'] },
    high: { says: ['has a high heel', 'has heels'], as: ['with a high heel', 'with heels'] },
  },
  carry: {
    handles: { says: ['has a short handle', 'is a handbag'], as: ['with a short handle', 'to carry in the hand'] },
    strap: { says: ['has a long strap', 'is a shoulder bag'], as: ['with a long strap', 'with a shoulder strap'] },
  },
};

/** Details that are there or not. */
const details: Record<string, string> = {
  pocket: 'a pocket',
  logo: 'a star logo',
  buttons: 'buttons',
  hood: 'a hood',
  belt: 'a belt',
  laces: 'laces',
  buckle: 'a buckle',
};

const comparisons: Record<string, string> = {
  'length short>long': 'is much longer',
  'length long>short': 'is much shorter',
  'length knee>short': 'is shorter',
  'length knee>long': 'is longer',
  'length cropped>short': 'is shorter',
  'length cropped>long': 'is longer',
  'sleeve short>long': 'has longer sleeves',
  'shaft ankle>knee': 'is taller',
  'shaft knee>ankle': 'is shorter',
};

/** All the ways to say one change. Throws nothing: every value of `kinds` has words, which a test checks. */
export function wordingOf({ attribute, from, to }: GarmentChange): GarmentWording {
  if (attribute === 'colour') {
    return {
      says: [`is ${to}`, `is ${to} instead of ${from}`, `comes in ${to}`, `is ${to} rather than ${from}`],
      as: [to, `in ${to}`, `${to} instead of ${from}`],
    };
  }
  if (attribute === 'pattern') {
    const { noun, says } = fabricWords[to]!;
    const old = fabricWords[from]!.noun;
    if (to === 'plain') return { says: [...says, `has no ${old}`], as: ['plain', `without the ${old}`, `with no ${old}`] };
    return {
      says: from === 'plain' ? says : [...says, `has ${noun} instead of ${old}`],
      as: [to, `with ${noun}`],
    };
  }
  const thing = details[attribute];
  const bare = thing?.replace(/^a /, '');
  if (thing && to === 'yes')
    return { says: [`has ${thing}`, `comes with ${thing}`], as: [`with ${thing}`, `with ${thing} added`] };
  if (thing) return { says: [`has no ${bare}`, `does not have ${thing}`], as: [`without the ${bare}`, `with no ${bare}`] };
  const words = valueWords[attribute]![to]!;
  const comparison = comparisons[`${attribute} ${from}>${to}`];
  return comparison ? { says: [...words.says, comparison], as: words.as } : words;
}
