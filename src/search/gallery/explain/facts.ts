/**
 * What is learned from a gallery as a whole: names of its factors and fields of its metadata. Where the gallery is a folder they are
 * kept in it as facts.json; a store elsewhere has them learned again, from a sample, by each program that asks.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { readSealedJson, sealed } from '../../../core/checksum.js';
import { writeFileAtomic } from '../../../core/files.js';
import { itemPages } from '../../store/item-pages.js';
import type { GalleryStore, StoredItem } from '../../store/store.js';
import { localFolder } from '../locations.js';
import { type NamingSample, nameFactors } from './factor-names.js';
import { type Field, FieldCounter } from './fields.js';

export interface GalleryFacts {
  /** A name for each factor. */
  factors: string[];
  fields: Field[];
}

const schema = z.strictObject({
  format: z.literal('limn-facts-1'),
  model: z.string(),
  factors: z.array(z.string()),
  fields: z.array(
    z.strictObject({
      name: z.string(),
      type: z.enum(['string', 'number', 'boolean', 'mixed']),
      values: z.array(z.union([z.string(), z.number(), z.boolean()])),
      counts: z.array(z.number()).optional(),
      approximate: z.boolean().optional(),
    }),
  ),
});

/** Items that are looked at: all of a small gallery, the first ones of so many places of a large one. */
const page = 250;
const pages = 16;
/**
 * Items whose values are all counted when the facts are kept, which 100,000 items take 1 s for in memory and 3 s in LanceDB; those of a
 * larger gallery are estimated from the sample.
 */
export const mostCountedItems = 200_000;
const countedAtOnce = 10_000;

/**
 * Learns the facts of a gallery as it is.
 *
 * @param options.countAll read all items, to count their values, of a gallery of at most so many. @default 4,000
 */
export async function learnFacts(store: GalleryStore, { countAll = page * pages } = {}): Promise<GalleryFacts> {
  const items = await sampleItems(store);
  const samples: NamingSample[] = [];
  const { factors } = store.info.sizes;
  if (factors > 0 && items.some(({ metadata }) => Object.keys(metadata).length > 0)) {
    for (let at = 0; at < items.length; at += page) {
      const part = items.slice(at, at + page);
      const vectors = await store.vectors(part.map(({ id }) => id));
      vectors.forEach((found, i) => {
        if (found) samples.push({ metadata: (part[i] as StoredItem).metadata, factors: found.factors });
      });
    }
  }
  return {
    factors: await nameFactors(samples, factors),
    fields: await countFields(store, items, countAll),
  };
}

/** The fields of all items of a gallery, or of the sample where there are too many. */
async function countFields(store: GalleryStore, sample: readonly StoredItem[], countAll: number): Promise<Field[]> {
  const total = await store.count();
  const counter = new FieldCounter();
  if (total <= sample.length || total > countAll) for (const { metadata } of sample) counter.add(metadata);
  else {
    for await (const items of itemPages(store, countedAtOnce)) for (const { metadata } of items) counter.add(metadata);
  }
  return counter.fields(total);
}

/** Learns the facts and keeps them beside the gallery, where that is a folder. */
export async function saveFacts(store: GalleryStore, location: string): Promise<GalleryFacts> {
  const file = factsFile(location);
  const facts = await learnFacts(store, { countAll: file === undefined ? undefined : mostCountedItems });
  const kept = { format: 'limn-facts-1', model: store.info.model.hash, ...facts };
  if (file !== undefined) await writeFileAtomic(file, `${JSON.stringify(sealed(kept), undefined, 1)}\n`);
  return facts;
}

/** The facts that were kept; undefined where there are none, or they are of another model. */
export async function readFacts(store: GalleryStore, location: string): Promise<GalleryFacts | undefined> {
  const file = factsFile(location);
  if (file === undefined) return undefined;
  const value = await readSealedJson(file, "a gallery's facts").catch(() => undefined);
  const parsed = schema.safeParse(value);
  if (!parsed.success || parsed.data.model !== store.info.model.hash) return undefined;
  const { factors, fields } = parsed.data;
  return factors.length === store.info.sizes.factors ? { factors, fields } : undefined;
}

export function factsFile(location: string): string | undefined {
  const folder = localFolder(location);
  // Several galleries may share a folder of LanceDB.
  const name = /\?gallery=([\w-]+)$/.exec(location)?.[1];
  return folder && join(folder, name === undefined ? 'facts.json' : `facts-${name}.json`);
}

/** All items of a small gallery; of a larger one those behind ids that are spread over it by the search for random directions. */
async function sampleItems(store: GalleryStore): Promise<StoredItem[]> {
  const first = await store.list({ limit: page * pages + 1 });
  if (first.length <= page * pages) return first;
  const found = new Map<string, StoredItem>(first.slice(0, page).map((item) => [item.id, item]));
  // Ids of one kind of picture often stand together, so other items come from all over the space of vectors.
  const [seed] = await store.vectors([(first[0] as StoredItem).id]);
  const width = seed?.matching.length ?? store.info.sizes.width;
  for (let i = 1; i < pages; i++) {
    const vector = Float32Array.from({ length: width }, (_, j) => Math.cos((i + 1) * (j + 1) * 0.618));
    const length = Math.hypot(...vector);
    const hits = await store.search({ vector: vector.map((value) => value / length), limit: page });
    for (const { item } of hits) found.set(item.id, item);
  }
  return [...found.values()];
}
