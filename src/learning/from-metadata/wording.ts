/** The words of a language for changes: templates that a file can give. See docs/your-own-shop.md. */
import { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { readJson } from '../../core/files.js';

const templates = z.array(z.string().trim().min(1)).min(1);

/** Three forms of telling a change: a sentence without its subject ("is red"), a phrase ("in red") and a request ("make it red"). */
const formsSchema = z.strictObject({ says: templates.optional(), as: templates.optional(), asks: templates.optional() });

const wordsSchema = z.strictObject({
  /** Code of the language, as columns of it end in: "de". */
  language: z.string().trim().min(2),
  /** Between two changes: " and ". */
  joins: templates,
  /** Around a whole text, by its form; {text} is the text. */
  frames: z.strictObject({ says: templates, as: templates, asks: templates }),
  /** A value that becomes another, by role of the attribute; "any" serves all others. {from}, {to}, {name}. */
  changed: z.record(z.string(), formsSchema),
  /** A value that comes where none was, and one that goes. */
  added: z.record(z.string(), formsSchema),
  removed: z.record(z.string(), formsSchema),
  /** Numbers that grow or shrink. */
  more: z.record(z.string(), formsSchema),
  less: z.record(z.string(), formsSchema),
  /** Other words for a value. */
  values: z.record(z.string(), templates).default({}),
});

export type Forms = z.output<typeof formsSchema>;
export type Wording = Omit<z.output<typeof wordsSchema>, 'joins'> & {
  joins: readonly string[];
  /** How a value is written for a role: with its article, in the singular. @default as it is */
  spell?: (value: string, role: string | undefined) => Record<string, string>;
};

export const wordingKinds = ['changed', 'added', 'removed', 'more', 'less'] as const;
const known = ['from', 'to', 'name', 'text'];

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
      for (const template of [forms.says, forms.as, forms.asks].flatMap((form) => form ?? []))
        checkPlaces(file, `${kind}.${role}`, template);
    }
  }
  for (const [form, frames] of Object.entries(wording.frames)) {
    const without = frames.find((frame) => !frame.includes('{text}'));
    if (without !== undefined) throw new LimnError('CONFIG', `${file}: "${without}" in frames.${form} lacks {text}.`);
  }
  return wording;
}

function checkPlaces(file: string, key: string, template: string): void {
  for (const [, place = ''] of template.matchAll(/\{([^{}]*)\}/g)) {
    if (known.includes(place)) continue;
    throw new LimnError('CONFIG', `${file}: "${template}" in ${key} has {${place}}; there are {from}, {to} and {name}.`);
  }
}
