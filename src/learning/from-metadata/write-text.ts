/** Writes the text of a pair: every change in words that are drawn anew each time, so that no phrase stands for a change. */
import type { Random } from '../../core/random.js';
import { type CatalogueAttribute, presenceName, roleOfAttribute } from './attributes.js';
import type { AttributeChange } from './changes.js';
import { wordsOfName } from './roles.js';
import type { Subject } from './subject.js';
import { type Forms, optionalPlace, type WordedChange, type Wording } from './wording.js';

const forms = ['says', 'as', 'asks'] as const;
type Form = (typeof forms)[number];
/** How often a text is of each form. */
const shares = { says: 0.55, as: 0.3, asks: 0.15 } as const;
/** How often a verb that two sentences share is said once, and the words of a first sentence that still allow it. */
const [onceShare, shortest] = [0.5, 4] as const;

interface Part {
  text: string;
  form: Form;
  kind: WordedChange['kind'];
  /** Whether it says what stays. */
  isKept: boolean;
}

/** A text that tells all changes, in small letters. @param subject what it is about beside them */
export function writeText(
  changes: readonly AttributeChange[],
  wording: Wording,
  random: Random,
  subject: Subject = { kept: [] },
): string {
  const draw = random.uniform();
  const wanted: Form = draw < shares.says ? 'says' : draw < shares.says + shares.as ? 'as' : 'asks';
  const parts = inOrder(
    changes.map((change) => tell(change, { wanted, wording, random, subject })),
    wording,
  );
  // A frame fits where all parts have its form; of phrases it says that much stays, which is not said twice.
  const isFramed = parts.every(({ form, isKept }) => form === wanted && !(form === 'as' && isKept));
  const frame = isFramed ? drawFrame(changes, { wanted, wording, random, subject }) : '{text}';
  let text = parts[0]?.text ?? '';
  for (const [at, part] of parts.slice(1).entries()) {
    const before = frame + text;
    // The first join is the usual one; of others each is used once, and "but" not behind "the same but".
    const open = wording.joins.filter((join) => join === wording.joins[0] || !before.includes(join));
    text += random.pick(open) + withoutVerb(part, parts[at] as Part, wording, random);
  }
  return filled(frame, { text }).toLowerCase();
}

function drawFrame(changes: readonly AttributeChange[], { wanted, wording, random, subject }: Telling): string {
  const { type } = subject;
  const isTypeNew = changes.some(({ attribute }) => roleOfAttribute(attribute) === 'type');
  const named =
    type && !isTypeNew ? spelled(inWords(type.attribute, type.value, wording, random), 'type', wording)[''] : undefined;
  const frame = random.pick(wording.frames[wanted].filter((one) => named !== undefined || !optionalPlace.test(one)));
  return filled(numbered(frame, subject, wording), { type: named });
}

interface Telling {
  wanted: Form;
  wording: Wording;
  random: Random;
  subject: Subject;
}

function tell(change: AttributeChange, { wanted, wording, random, subject }: Telling): Part {
  const { attribute, how } = change;
  const role = roleOfAttribute(attribute);
  const isAdded = how === 'added' || (how === 'value' && change.from === '');
  const isRemoved = how === 'removed' || (how === 'value' && change.to === '');
  const kind = how === 'more' || how === 'less' ? how : isAdded ? 'added' : isRemoved ? 'removed' : 'changed';
  const name = wordsIn(attribute.name, wording.language);
  const said = { from: inWords(attribute, change.from, wording, random), to: inWords(attribute, change.to, wording, random) };
  const isColumn = attribute.source === 'column' && attribute.kind === 'category';
  const isPresence = isColumn && (change.to || change.from) === presenceName(attribute.name);
  const { from, to } = change;
  const told = wording.formsOf?.({ kind, name, role, from, to, said, isPresence, isColumn, isPair: isPair(subject, wording) });
  const words = wording[kind];
  const found = told ?? words[name.join(' ')] ?? (role === undefined ? undefined : words[role]) ?? (words.any as Forms);
  const kept = subject.kept.map((one) => wordsIn(one.name, wording.language).at(-1)).join(wording.joins[0]);
  const usable = (form: Form) => (found[form] ?? []).filter((template) => kept !== '' || !optionalPlace.test(template));
  const form = usable(wanted).length > 0 ? wanted : (forms.find((candidate) => usable(candidate).length > 0) as Form);
  const drawn = random.pick(usable(form));
  const template = numbered(drawn, subject, wording);
  const places: Record<string, string> = { name: name.join(' '), kept };
  for (const side of ['from', 'to'] as const) {
    for (const [before, written] of Object.entries(spelled(said[side], role, wording))) places[before + side] = written;
  }
  return { text: told ? template : filled(template, places), form, kind, isKept: optionalPlace.test(drawn) };
}

const filled = (template: string, places: Readonly<Record<string, string | undefined>>) =>
  template.replace(/\{(\w+)\}/g, (whole, place: string) => places[place] ?? whole);

const spelled = (value: string, role: string | undefined, wording: Wording): Record<string, string> =>
  wording.spell?.(value, role) ?? { '': value };

/** A value in the language: as the table has it, or in one of the language's other words for it. */
function inWords(attribute: CatalogueAttribute, value: string, wording: Wording, random: Random): string {
  // Free words have no values: they are told as they are written.
  const isValue = attribute.kind !== 'number' && attribute.values.includes(value);
  const ways = isValue && Object.hasOwn(wording.values, value) ? wording.values[value] : undefined;
  return attribute.translations.get(wording.language)?.get(value) ?? (ways ? random.pick(ways) : value);
}

/** "baseColour" -> "base", "colour", without the language that it ends in. */
function wordsIn(column: string, language: string): string[] {
  const words = wordsOfName(column);
  return words.at(-1) === language && words.length > 1 ? words.slice(0, -1) : words;
}

const isPair = ({ type }: Subject, { several }: Wording): boolean => (type && several?.of(type.value)) ?? false;

const numbered = (template: string, subject: Subject, wording: Wording) =>
  isPair(subject, wording) && wording.several ? wording.several.text(template) : template;

/** Phrases that begin with a preposition behind the others. */
function inOrder(parts: readonly Part[], { prepositions = [] }: Wording): readonly Part[] {
  const isBehind = ({ form, text }: Part) => form === 'as' && prepositions.some((word) => text.startsWith(`${word} `));
  return [...parts.filter((part) => !isBehind(part)), ...parts.filter(isBehind)];
}

/** "is striped" behind "is red" is now and then "striped". */
function withoutVerb(part: Part, before: Part, { verbs = [] }: Wording, random: Random): string {
  const verb = verbs.find((one) => [part.text, before.text].every((text) => text.startsWith(`${one} `)));
  const isShort = before.text.split(' ').length <= shortest && before.kind !== 'removed';
  if (verb === undefined || !isShort || part.form !== 'says' || random.uniform() >= onceShare) return part.text;
  return part.text.slice(verb.length + 1);
}
