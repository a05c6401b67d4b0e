/** Choices of people as triplets: those that name one reference and say what to change, each once, without contradictions and held-out products. */

import { joinCaptions } from '../learning/data/triplets.js';
import type { GivenPair } from '../learning/self-training/judge-given.js';
import { normalizeText } from '../learning/self-training/judging.js';
import { type Choice, unusable } from '../search/choices/choice.js';
import { openTable } from '../search/gallery/ingest/record-files.js';
import { scanFolder } from '../search/gallery/ingest/scan.js';
import type { Catalogue } from './catalogue.js';
import { ImageKeys } from './image-keys.js';

/** What became of choices, each counted once. */
export interface ChoiceCounts {
  /** All that were read. */
  choices: number;
  /** Those that can be no triplet, by the reason. */
  unusable: Record<string, number>;
  /** Those that name a product that validation or test hold out. */
  heldOut: number;
  /** Those that name an image that the training does not have. */
  unknown: number;
  /** Those that say what others say too. */
  repeated: number;
  /** Those whose reference and text led people to other images, none of them most of the time. */
  contradictory: number;
}

export interface ChoiceTriplets {
  pairs: GivenPair[];
  counts: ChoiceCounts;
}

/**
 * @param choices the oldest first
 * @param pathOf the training's id of an image by its id in the gallery
 */
export function choiceTriplets(
  choices: readonly Choice[],
  { pathOf, training, heldOut }: { pathOf(id: string): string; training: ReadonlySet<string>; heldOut: ReadonlySet<string> },
): ChoiceTriplets {
  const counts: ChoiceCounts = { choices: choices.length, unusable: {}, heldOut: 0, unknown: 0, repeated: 0, contradictory: 0 };
  const queries = new Map<string, { reference: string; text: string; chosen: Map<string, number> }>();
  for (const one of choices) {
    const text = joinCaptions(one.texts);
    const reason = unusable(one) ?? (normalizeText(text) === '' ? 'no text' : undefined);
    if (reason !== undefined) {
      counts.unusable[reason] = (counts.unusable[reason] ?? 0) + 1;
      continue;
    }
    const [reference, target] = [pathOf(one.references[0] as string), pathOf(one.chosen)];
    if (heldOut.has(reference) || heldOut.has(target)) counts.heldOut++;
    else if (!training.has(reference) || !training.has(target)) counts.unknown++;
    else {
      const key = JSON.stringify([reference, normalizeText(text)]);
      const query = queries.get(key) ?? { reference, text, chosen: new Map<string, number>() };
      queries.set(key, query);
      query.chosen.set(target, (query.chosen.get(target) ?? 0) + 1);
    }
  }
  const pairs = [...queries.values()].flatMap(({ reference, text, chosen }): GivenPair[] => {
    const all = [...chosen.values()].reduce((sum, count) => sum + count, 0);
    const found = [...chosen].find(([, count]) => 2 * count > all);
    counts.contradictory += all - (found?.[1] ?? 0);
    if (!found) return [];
    counts.repeated += found[1] - 1;
    return [{ reference, target: found[0], text }];
  });
  return { pairs, counts };
}

/** The path of an image inside the images folder by its id in the gallery: the table's id, where the gallery has that, else the path itself. */
export async function galleryPaths(
  { images, list }: { images: string; list?: string | undefined },
  { imageColumn, uniqueIds }: Pick<Catalogue, 'imageColumn' | 'uniqueIds'>,
): Promise<(id: string) => string> {
  if (list === undefined || imageColumn === undefined || !uniqueIds) return (id) => id;
  const keys = new ImageKeys((await scanFolder(images)).paths);
  const paths = new Map<string, string>();
  for await (const { values } of openTable(list).rows()) {
    const path = keys.find(values[imageColumn]);
    const { id } = values;
    if (path !== undefined && id !== undefined && id !== null && !paths.has(String(id))) paths.set(String(id), path);
  }
  return (id) => paths.get(id) ?? id;
}
