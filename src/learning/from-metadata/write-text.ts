/** Writes the text of a pair: every change in words that are drawn anew each time, so that no phrase stands for a change. */
import type { Random } from '../../core/random.js';
import { roleOfAttribute } from './attributes.js';
import type { AttributeChange } from './changes.js';
import { wordsOfName } from './roles.js';
import type { Forms, Wording } from './wording.js';

const forms = ['says', 'as', 'asks'] as const;
type Form = (typeof forms)[number];
/** How often a text is of each form. */
const shares = { says: 0.55, as: 0.3, asks: 0.15 } as const;

/** A text that tells all changes, in small letters. */
export function writeText(changes: readonly AttributeChange[], wording: Wording, random: Random): string {
  const draw = random.uniform();
  const wanted: Form = draw < shares.says ? 'says' : draw < shares.says + shares.as ? 'as' : 'asks';
  const parts = changes.map((change) => tell(change, wanted, wording, random));
  let text = parts.map(({ text }) => text).reduce((before, part) => before + random.pick(wording.joins) + part);
  // A frame fits where all parts have its form.
  if (parts.every(({ form }) => form === wanted)) text = random.pick(wording.frames[wanted]).replace('{text}', () => text);
  return text.toLowerCase();
}

function tell(change: AttributeChange, wanted: Form, wording: Wording, random: Random): { text: string; form: Form } {
  const { attribute, how } = change;
  const role = roleOfAttribute(attribute);
  const isAdded = how === 'added' || (how === 'value' && change.from === '');
  const isRemoved = how === 'removed' || (how === 'value' && change.to === '');
  const kind = how === 'more' || how === 'less' ? how : isAdded ? 'added' : isRemoved ? 'removed' : 'changed';
  const words = wording[kind];
  const found = (role !== undefined && words[role]) || (words.any as Forms);
  const form = found[wanted] ? wanted : (forms.find((candidate) => found[candidate]) as Form);
  const template = random.pick(found[form] as readonly string[]);
  const name = nameOf(attribute.name, wording.language);
  const places: Record<string, string> = { name };
  for (const side of ['from', 'to'] as const) {
    const value = translated(change, side, wording, random);
    const spelled = wording.spell?.(value, role) ?? { '': value };
    for (const [before, written] of Object.entries(spelled)) places[before + side] = written;
  }
  return { text: template.replace(/\{(\w+)\}/g, (whole, place: string) => places[place] ?? whole), form };
}

/** A value in the language: as the table has it, or in one of the language's other words for it. */
function translated({ attribute, ...change }: AttributeChange, side: 'from' | 'to', wording: Wording, random: Random): string {
  const value = change[side];
  const ways = Object.hasOwn(wording.values, value) ? wording.values[value] : undefined;
  return attribute.translations.get(wording.language)?.get(value) ?? (ways ? random.pick(ways) : value);
}

/** "baseColour" -> "base colour", without the language that it ends in. */
function nameOf(column: string, language: string): string {
  const words = wordsOfName(column);
  return (words.at(-1) === language && words.length > 1 ? words.slice(0, -1) : words).join(' ');
}
