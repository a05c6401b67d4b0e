/** What is kept of a choice: which result a person chose after which query. No image, and nothing that says who it was. */
import { z } from 'zod';

const id = z.string().min(1).max(512);
const text = z.string().max(1000);

export const choice = z.strictObject({
  format: z.literal('limn-choice-1'),
  /** When, to the day: "2026-11-27". */
  day: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  /** Name of the gallery as it is served. */
  gallery: z.string().min(1).max(64),
  /** References that are whole images of the gallery, by their ids. */
  references: z.array(id).max(8),
  /** References of which nothing is kept: uploads, URLs, and parts of images. */
  otherReferences: z.int().min(0).max(8),
  /** What to change, in the order in which it was said. */
  texts: z.array(text).max(16),
  /** Images that the hits were not to resemble: those of the gallery by their ids. */
  negatives: z.array(id).max(8),
  filter: z.string().max(2000).optional(),
  /** The search of the person's trail that it was, from 1. */
  turn: z.int().min(1).max(1000).optional(),
  /** Ids of the hits that were shown, in their order. */
  shown: z.array(id).min(1).max(200),
  /** One of them. */
  chosen: id,
});
export type Choice = z.output<typeof choice>;

/** Why a choice can be no triplet (reference, text, target). */
export type Unusable = 'no text' | 'no reference' | 'own image' | 'several references' | 'negatives' | 'itself';

/** @returns why it can be no triplet; undefined where it can */
export function unusable({ references, otherReferences, texts, negatives, chosen }: Choice): Unusable | undefined {
  if (texts.every((one) => one.trim() === '')) return 'no text';
  if (otherReferences > 0) return 'own image';
  if (references.length === 0) return 'no reference';
  if (references.length > 1) return 'several references';
  if (negatives.length > 0) return 'negatives';
  return references[0] === chosen ? 'itself' : undefined;
}

/** Whether a choice names an image in any place. */
export const namesItem = ({ references, negatives, shown, chosen }: Choice, item: string): boolean =>
  chosen === item || [references, negatives, shown].some((ids) => ids.includes(item));
