/** The words of a language for changes: templates that a file can give. See docs/your-own-shop.md. */
import { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { readJson } from '../../core/files.js';
import type { Role } from './roles.js';

const templates = z.array(z.string().trim().min(1)).min(1);

/** Three forms of telling a change: a sentence without its subject ("is red"), a phrase ("in red") and a request ("make it red"). */
const formsSchema = z.strictObject({ says: templates.optional(), as: templates.optional(), asks: templates.optional() });

const wordsSchema = z.strictObject({
  /** Code of the language, as columns of it end in: "de". */
  language: z.string().trim().min(2),
  /** Between two changes: " and ". */
  joins: templates,
  /** Around a whole text, by its form; {text} is the text, {type} what the product is, in frames that only such a text gets. */
  frames: z.strictObject({ says: templates, as: templates, asks: templates }),
  /**
   * A value that becomes another, by role of the attribute; "any" serves all others. {from}, {to}, {name}; and {kept} in templates for a change
   * of the type alone, the names of what stays ("colour").
   */
  changed: z.record(z.string(), formsSchema),
  /** A value that comes where none was, and one that goes. */
  added: z.record(z.string(), formsSchema),
  removed: z.record(z.string(), formsSchema),
  /** Numbers that grow or shrink. */
  more: z.record(z.string(), formsSchema),
  less: z.record(z.string(), formsSchema),
  /** Other words for a value. */
  values: z.record(z.string(), templates).default({}),
  /** Verbs that two sentences in a row say once: "is red and striped". */
  verbs: z.array(z.string().trim().min(1)).default([]),
  /** Phrases that begin with one of these stand behind others: "long and in red". */
  prepositions: z.array(z.string().trim().min(1)).default([]),
});

export type Forms = z.output<typeof formsSchema>;
/** A change with everything that its words can depend on. */
export interface WordedChange {
  readonly kind: (typeof wordingKinds)[number];
  /** Words of the column's name: "heel", "height". */
  readonly name: readonly string[];
  readonly role: Role | undefined;
  /** Values as the table has them; '' where there is none. */
  readonly from: string;
  readonly to: string;
  /** The words that were drawn for them. */
  readonly said: { readonly from: string; readonly to: string };
  /** Of a column of yes and no: the values are the column's name, and ''. */
  readonly isPresence: boolean;
  /** Of a column with one value a product, so that '' says that the product has none. */
  readonly isColumn: boolean;
  /** Whether the product is told as several, as trousers are. */
  readonly isPair: boolean;
}

/** The words of a language. What a file cannot give, a language of limn's own has as functions. */
export type Wording = Omit<z.output<typeof wordsSchema>, 'joins' | 'verbs' | 'prepositions'> & {
  joins: readonly string[];
  verbs?: readonly string[];
  prepositions?: readonly string[];
  /** Whole texts for a change that its values give words to, in place of the templates; undefined for others. */
  formsOf?: (change: WordedChange) => Forms | undefined;
  /** Whether a thing of this type is told as several, and how a template is then written. */
  several?: { of: (type: string) => boolean; text: (template: string) => string };
  /** How a value is written for a role: with its article, in the singular. @default as it is */
  spell?: (value: string, role: string | undefined) => Record<string, string>;
};

export const wordingKinds = ['changed', 'added', 'removed', 'more', 'less'] as const;
const known = ['from', 'to', 'name', 'kept', 'text', 'type'];
/** Places that only some texts can fill. */
export const optionalPlace = /\{(kept|type)\}/;

/** Reads a file of templates. @throws LimnError IO, DATA, CONFIG that names the key */
export async function readWording(file: string): Promise<Wording> {
  const parsed = wordsSchema.safeParse(await readJson(file, 'templates of texts'));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new LimnError('CONFIG', `${file}: wrong templates at ${issue?.path.join('.') || 'the top'}: ${issue?.message}.`);
  }
  const wording = parsed.data;
  for (const kind of wordingKinds) {
    const { any } = wording[kind];
    if (!any?.says && !any?.as && !any?.asks) {
      throw new LimnError('CONFIG', `${file}: "${kind}" needs "any", the templates of attributes that no other key names.`);
    }
    for (const [role, forms] of Object.entries(wording[kind])) {
      for (const form of [forms.says, forms.as, forms.asks]) checkTemplates(file, `${kind}.${role}`, form ?? ['']);
    }
  }
  for (const [form, frames] of Object.entries(wording.frames)) {
    const without = frames.find((frame) => !frame.includes('{text}'));
    checkTemplates(file, `frames.${form}`, frames);
    if (without !== undefined) throw new LimnError('CONFIG', `${file}: "${without}" in frames.${form} lacks {text}.`);
  }
  return wording;
}

function checkTemplates(file: string, key: string, given: readonly string[]): void {
  for (const template of given) {
    for (const [, place = ''] of template.matchAll(/\{([^{}]*)\}/g)) {
      if (known.includes(place)) continue;
      throw new LimnError(
        'CONFIG',
        `${file}: "${template}" in ${key} has {${place}}; there are {from}, {to}, {name}, {kept} and {type}.`,
      );
    }
  }
  if (given.some((template) => !optionalPlace.test(template))) return;
  throw new LimnError('CONFIG', `${file}: ${key} needs a template without {kept} and {type}, which only some texts have.`);
}
