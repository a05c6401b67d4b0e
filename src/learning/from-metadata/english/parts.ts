/**
 * Parts of products that columns of tables are called by ("sleeve", "Heel Height", "collar_type"), and how English speaks of them. The words are
 * those of shops for clothes, shoes, bags, watches and furniture in general.
 */
import { singularOf, withArticle } from './nouns.js';
import type { Dimension } from './scales.js';

export interface Part {
  /** Words for it, as one speaks of it: "sleeves"; "neckline", "neck". */
  readonly nouns: readonly string[];
  /** Behind a value and a hyphen: "sleeved". */
  readonly adjective?: string;
  /** What a product without it is: "sleeveless". */
  readonly without?: string;
  /** The role of columns that are about it. */
  readonly role?: 'sleeve' | 'neckline';
  /** What its values are ordered by, where they leave that open ("knee"). */
  readonly dimension?: Dimension;
}

/** By the noun in the singular. */
const parts: Readonly<Record<string, Part>> = {
  sleeve: { role: 'sleeve', nouns: ['sleeves'], adjective: 'sleeved', without: 'sleeveless', dimension: 'length' },
  neckline: { role: 'neckline', nouns: ['neckline', 'neck'], adjective: 'necked' },
  neck: { role: 'neckline', nouns: ['neck', 'neckline'], adjective: 'necked' },
  collar: { role: 'neckline', nouns: ['collar'], without: 'collarless' },
  lapel: { nouns: ['lapels'] },
  cuff: { nouns: ['cuffs'] },
  hem: { nouns: ['hem'], dimension: 'length' },
  waist: { nouns: ['waist'], adjective: 'waisted', dimension: 'height' },
  leg: { nouns: ['legs'], adjective: 'legged', dimension: 'length' },
  shoulder: { nouns: ['shoulders'] },
  strap: { nouns: ['straps'], without: 'strapless', dimension: 'length' },
  hood: { nouns: ['hood'] },
  pocket: { nouns: ['pockets'] },
  button: { nouns: ['buttons'] },
  zip: { nouns: ['zip'] },
  zipper: { nouns: ['zipper'] },
  closure: { nouns: ['closure', 'fastening'] },
  fastening: { nouns: ['fastening', 'closure'] },
  belt: { nouns: ['belt'] },
  lining: { nouns: ['lining'] },
  trim: { nouns: ['trim'] },
  heel: { nouns: ['heel', 'heels'], adjective: 'heeled', dimension: 'height' },
  sole: { nouns: ['sole', 'soles'], adjective: 'soled' },
  toe: { nouns: ['toe'], adjective: 'toed' },
  // Shoes are high-top and low-top, however high that is.
  shaft: { nouns: ['shaft'], adjective: 'top', dimension: 'height' },
  lace: { nouns: ['laces'] },
  handle: { nouns: ['handles'], dimension: 'length' },
  buckle: { nouns: ['buckle'] },
  flap: { nouns: ['flap'] },
  dial: { nouns: ['dial'] },
  bezel: { nouns: ['bezel'] },
  logo: { nouns: ['logo'] },
  drawer: { nouns: ['drawers'] },
  armrest: { nouns: ['armrests'] },
  headboard: { nouns: ['headboard'], dimension: 'height' },
  backrest: { nouns: ['backrest'], dimension: 'height' },
  cushion: { nouns: ['cushions'] },
};

/** What else is there or not, in the singular. */
const things = new Set('hook snap popper drawstring cord ribbon bow tie chain clasp stud toggle wheel door shelf'.split(' '));

/** Words behind a part in the name of a column, which say what of it is meant: its values stand before the part all the same. Sizes are no such. */
const aspects: Readonly<Record<string, Dimension | undefined>> = {
  ...{ length: 'length', height: 'height', width: 'width', thickness: 'thickness', colour: 'shade', color: 'shade' },
  ...Object.fromEntries('type style shape design pattern material fabric cut fit'.split(' ').map((word) => [word, undefined])),
};

/** The part that a column is about, by the words of its name. */
export function partOf(name: readonly string[]): Part | undefined {
  const last = name.at(-1) ?? '';
  const isAspect = name.length > 1 && Object.hasOwn(aspects, last);
  const words = (isAspect ? name.slice(0, -1) : name).filter((word) => word !== 'has');
  const key = singularOf(words.at(-1) ?? '');
  if (!Object.hasOwn(parts, key)) return undefined;
  const { nouns, role, ...own } = parts[key] as Part;
  const dimension = (isAspect ? aspects[last] : undefined) ?? own.dimension;
  const about = { ...(role ? { role } : {}), ...(dimension ? { dimension } : {}) };
  if (words.length === 1) return { ...own, nouns, ...about };
  // Only the noun alone has words of its own: shoes with a back strap are not strapless without it.
  const before = words.slice(0, -1).join(' ');
  return { nouns: nouns.map((word) => `${before} ${word}`), ...about };
}

/** Whether a noun means several, as its last word tells. */
export const isPlural = (noun: string) => singularOf(noun) !== noun;

/** Whether a value names what a product has, and not how something of it is: "zip", "handles". */
export function isThing(value: string): boolean {
  const last = singularOf(value).split(' ').at(-1) as string;
  return isPlural(value) || Object.hasOwn(parts, last) || things.has(last);
}

/** "a pocket", "laces"; what has an article keeps it. */
export const countable = (noun: string) => (isPlural(noun) || /^an? /.test(noun) ? noun : withArticle(noun));
