/** The galleries of "limn serve": their names, and opening them all or none. */
import { existsSync } from 'node:fs';
import { LimnError } from '../../core/errors.js';
import { suggestion } from '../../core/suggest.js';
import { withoutTrailing } from '../../core/text.js';
import { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { Gallery } from '../../search/gallery/gallery.js';
import { galleryName } from '../server/contract.js';
import { Captioner } from '../server/galleries/captioner.js';
import { galleryService } from '../server/galleries/gallery-service.js';
import type { ServedGallery } from '../server/galleries/service.js';
import { shownFields } from './shown-fields.js';

export interface ServedGalleries {
  byName: Record<string, ServedGallery>;
  model: RetrievalModel | undefined;
  captioner: Captioner | undefined;
}

export interface OpenFlags {
  model?: string | undefined;
  /** NAME=FOLDER, or a folder alone for the only gallery. */
  images?: readonly string[] | undefined;
  captioner?: string | undefined;
  allowUrls?: boolean | undefined;
  /** Fields to show of each hit, between commas. */
  show?: string | undefined;
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

/**
 * The folder of each gallery's pictures, where it was said.
 *
 * @throws LimnError USAGE for a gallery that is not served, a folder that is not there, or one that could be any of several galleries'
 */
export function placeImages(values: readonly string[], galleries: readonly string[]): Map<string, string> {
  const placed = new Map<string, string>();
  for (const value of values) {
    const [, given, rest] = /^([^=/\\:?]+)=(.+)$/.exec(value) ?? [];
    const named = given !== undefined && !existsSync(value);
    if (named && !galleries.includes(given)) {
      throw new LimnError('USAGE', `--images ${value} is not the name of a served gallery. ${suggestion(given, galleries)}`);
    }
    if (!named && galleries.length > 1) {
      throw new LimnError('USAGE', `Several galleries are served: say whose images are there, --images NAME=${value}.`);
    }
    const [name, folder] = named ? [given, rest as string] : [galleries[0] as string, value];
    if (!existsSync(folder)) throw new LimnError('USAGE', `The folder ${folder} of --images does not exist. Check the path.`);
    placed.set(name, folder);
  }
  return placed;
}

/** Opens all galleries. @param tell is told what should be known of one that is open all the same @throws LimnError GALLERY, CHECKPOINT or STORE for the first that cannot be opened; none is open then */
export async function openGalleries(
  named: ReadonlyMap<string, string>,
  flags: OpenFlags,
  tell: (gallery: string, note: string) => void,
): Promise<ServedGalleries> {
  const { allowUrls, pixelLimit } = flags;
  const images = placeImages(flags.images ?? [], [...named.keys()]);
  const opened: ServedGalleries = { byName: {}, model: undefined, captioner: undefined };
  try {
    if (flags.model !== undefined) opened.model = await RetrievalModel.open(flags.model);
    if (flags.captioner !== undefined) opened.captioner = await Captioner.open(flags.captioner, { pixelLimit });
    for (const [name, location] of named) {
      const onNote = (note: string) => tell(name, note);
      const gallery = await Gallery.open(location, {
        model: opened.model,
        images: images.get(name),
        urls: allowUrls,
        pixelLimit,
        onNote,
      });
      opened.byName[name] = galleryService(gallery, opened.captioner, await shownFields(gallery, flags.show, onNote));
      const missing = await gallery.missingImages();
      if (missing !== undefined) onNote(missing);
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
