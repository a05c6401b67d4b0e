/** Opens the store of a gallery that is to be made or brought up to date, and says what it is to hold. */
import { resolve } from 'node:path';
import { LimnError } from '../../core/errors.js';
import { averageImage } from '../../models/retrieval/average-image.js';
import type { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { createStore, openStore } from '../store/open-store.js';
import type { GalleryInfo, GalleryStore } from '../store/store.js';
import { requireSameModel, shownLocation } from './find-model.js';
import type { ImageList } from './ingest/image-list.js';
import { listFile, metadataFile } from './ingest/list-file.js';
import { fitMetadata } from './ingest/metadata-fit.js';
import { folderList } from './ingest/scan.js';
import { findFolder, givenStore, localFolder, referenceTo } from './locations.js';

/** Where the pictures of a gallery come from. */
export interface ImageLocations {
  /** The folder of the pictures; they stay where they are. Without a list, all in it and in the folders in it are taken. */
  images?: string | undefined;
  /**
   * A CSV, TSV, JSON lines or Parquet file with a column `path` (inside `images`) or `url`, and `id` (@default the path or URL); all others
   * are metadata.
   */
  list?: string | undefined;
  /** A file of the same kinds with a column `id` or `path` and metadata of pictures, which come to those of the list. */
  metadata?: string | undefined;
}

/** The pictures, and the folder they are in. @throws LimnError USAGE where there is no source, DATA, IO for one that cannot be read */
export async function readSources(sources: ImageLocations): Promise<{ list: ImageList; images: string | undefined }> {
  const { images, list, metadata } = sources;
  if (images === undefined && list === undefined) {
    throw new LimnError('USAGE', 'There are no pictures: give a folder of them (--images), a list (--list), or both.');
  }
  // Paths of a list are inside the images folder, or beside the list itself.
  const folder = images ?? resolve(list as string, '..');
  const listed = list === undefined ? await folderList(folder) : await listFile(list, folder);
  if (metadata === undefined) return { list: listed, images: folder };
  const notes: string[] = [];
  const rows = await metadataFile(metadata, { images: folder, onNote: (note) => notes.push(note) });
  return {
    list: await fitMetadata({ ...listed, notes: [...(listed.notes ?? []), ...notes] }, rows, metadata),
    images: folder,
  };
}

export interface StoreLocation {
  location: string;
  model: RetrievalModel;
  images: string | undefined;
  /** Make the gallery anew where there is one already. @default false */
  replace?: boolean | undefined;
}

/**
 * The gallery's store, which is made where there is none.
 *
 * @throws LimnError GALLERY for a gallery of another model or with its pictures in another folder, USAGE for a model that was never saved
 */
export async function openOrCreateStore({ location, model, images, replace = false }: StoreLocation): Promise<GalleryStore> {
  if (!model.hash) throw neverSaved();
  const create = async () => createStore(location, await galleryInfo({ location, model, images }), { replace });
  if (replace) return create();
  let store: GalleryStore;
  try {
    store = await openStore(location);
  } catch (error) {
    if (!LimnError.isInstance(error) || error.code !== 'GALLERY') throw error;
    // Where there is none, one is made; one that is there and cannot be opened refuses that, and its own error says more.
    return create().catch((refused) => {
      throw LimnError.isInstance(refused) && refused.code === 'GALLERY' ? error : refused;
    });
  }
  try {
    requireSameModel(model, store.info, location);
    requireSameImages(store.info, location, images);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/**
 * What a new gallery remembers, for a store that is made by hand: createStore(location, await galleryInfo({ model, images })).
 *
 * @param place.location where the store is kept, so that model and images are found again when all are moved together. @default nowhere
 */
export async function galleryInfo({
  location,
  model,
  images,
}: {
  model: RetrievalModel;
  location?: string | undefined;
  images?: string | undefined;
}): Promise<GalleryInfo> {
  const folder = location === undefined ? undefined : localFolder(location);
  // What a model gives is as long as what it gives of the average picture.
  const probe = await model.embedTargets(averageImage(model.config, model.parts.weights), [0]);
  const { width, factors, projection } = probe;
  return {
    model: { hash: model.hash, encoder: model.parts.encoder.id, folder: referenceTo(model.folder, folder) },
    ...(images === undefined ? {} : { images: referenceTo(images, folder) }),
    gamma: model.gamma,
    sizes: { width, factors, projection },
  };
}

/** A store that the caller opened, if it is one for this model and these images. @throws LimnError GALLERY, USAGE */
export function requireStore(store: GalleryStore, model: RetrievalModel, images: string | undefined): GalleryStore {
  if (!model.hash) throw neverSaved();
  requireSameModel(model, store.info, givenStore);
  requireSameImages(store.info, givenStore, images);
  return store;
}

function neverSaved(): LimnError {
  return new LimnError('USAGE', 'The model was never saved, so a gallery could not find it again: save it and open it.');
}

function requireSameImages({ images: known }: GalleryInfo, location: string, images: string | undefined): void {
  if (images === undefined || !known) return;
  const found = findFolder(known, localFolder(location)) ?? known.absolute;
  if (resolve(found) === resolve(images)) return;
  throw new LimnError(
    'GALLERY',
    `The gallery ${shownLocation(location)} has its pictures in ${found}, not in ${images}: give that folder, or another --out, or --replace.`,
    { details: { wanted: found, found: images } },
  );
}
