/** The galleries of "limn serve": their names, and opening them all or none. */
import { LimnError } from '../../core/errors.js';
import { withoutTrailing } from '../../core/text.js';
import { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { Gallery } from '../../search/gallery/gallery.js';
import { Captioner } from '../server/captioner.js';
import { galleryName } from '../server/contract.js';
import { galleryService } from '../server/gallery-service.js';
import type { ServedGallery } from '../server/service.js';

export interface ServedGalleries {
  byName: Record<string, ServedGallery>;
  model: RetrievalModel | undefined;
  captioner: Captioner | undefined;
}

export interface OpenFlags {
  model?: string | undefined;
  captioner?: string | undefined;
  allowUrls?: boolean | undefined;
  pixelLimit?: number | undefined;
}

/**
 * NAME=LOCATION, or a location alone, which is called by the last part of it.
 *
 * @throws LimnError USAGE for a name that the API cannot have, or one that two galleries have
 */
export function nameGalleries(values: readonly string[]): Map<string, string> {
  const named = new Map<string, string>();
  for (const value of values) {
    const [, given, rest] = /^([^=/\\:?]+)=(.+)$/.exec(value) ?? [];
    const location = rest ?? value;
    const name = given ?? lastName(location);
    if (!galleryName.safeParse(name).success) {
      const rule = 'up to 64 letters, digits, "_" and "-", the first a letter or digit';
      throw new LimnError(
        'USAGE',
        `A gallery cannot be called ${JSON.stringify(name)}: give --gallery NAME=${location}, its name ${rule}.`,
      );
    }
    const other = named.get(name);
    if (other !== undefined) {
      throw new LimnError(
        'USAGE',
        `The galleries ${other} and ${location} are both called ${name}: give --gallery NAME=LOCATION.`,
      );
    }
    named.set(name, location);
  }
  return named;
}

const lastName = (location: string): string =>
  withoutTrailing(location.replace(/[?#].*$/s, ''), '/\\')
    .split(/[/\\:]/)
    .at(-1) as string;

/** Opens all galleries. @throws LimnError GALLERY, CHECKPOINT or STORE for the first that cannot be opened; none is open then */
export async function openGalleries(named: ReadonlyMap<string, string>, flags: OpenFlags): Promise<ServedGalleries> {
  const { allowUrls, pixelLimit } = flags;
  const opened: ServedGalleries = { byName: {}, model: undefined, captioner: undefined };
  try {
    if (flags.model !== undefined) opened.model = await RetrievalModel.open(flags.model);
    if (flags.captioner !== undefined) opened.captioner = await Captioner.open(flags.captioner, { pixelLimit });
    for (const [name, location] of named) {
      const gallery = await Gallery.open(location, {
        model: opened.model,
        urls: allowUrls,
        pixelLimit,
        onNote: (note) => void process.stderr.write(`limn serve: ${name}: ${note}\n`),
      });
      opened.byName[name] = galleryService(gallery, opened.captioner);
    }
    return opened;
  } catch (error) {
    await closeGalleries(opened);
    throw error;
  }
}

export async function closeGalleries({ byName, model, captioner }: ServedGalleries): Promise<void> {
  for (const gallery of Object.values(byName)) await gallery.close();
  await captioner?.close();
  await model?.close();
}
