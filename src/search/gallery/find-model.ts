/** Finds the model that a gallery was indexed with. */
import { LimnError } from '../../core/errors.js';
import { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import type { GalleryInfo } from '../store/store.js';
import { findFolder, localFolder, placesOf } from './locations.js';

/** @throws LimnError GALLERY when the model is not the one that embedded the gallery */
export function requireSameModel(model: RetrievalModel, info: GalleryInfo, location: string): void {
  if (model.hash === info.model.hash) return;
  const given = shortName({ hash: model.hash, encoder: model.parts.encoder.id });
  throw new LimnError(
    'GALLERY',
    `The gallery ${shownLocation(location)} was indexed with another model (${shortName(info.model)}) than the one in ${model.folder} (${given}): give that model, or make the gallery again with "limn index --replace".`,
    { details: { wanted: info.model.hash, found: model.hash } },
  );
}

const shortName = ({ hash, encoder }: { hash: string; encoder: string }) => `${hash.slice(0, 12)}, encoder ${encoder}`;

/** A location for messages: without user names and passwords. */
export function shownLocation(location: string): string {
  return location.replace(/\/\/[^/@]*@/, '//');
}

/**
 * Opens the model that the gallery remembers.
 *
 * @throws LimnError GALLERY when it is gone or has been trained again, CHECKPOINT when it is damaged
 */
export async function openRememberedModel(info: GalleryInfo, location: string): Promise<RetrievalModel> {
  const folder = localFolder(location);
  const found = findFolder(info.model.folder, folder, 'config.json');
  if (!found) {
    const places = placesOf(info.model.folder, folder).join(' or ');
    throw new LimnError(
      'GALLERY',
      `The model of the gallery ${shownLocation(location)} is no longer at ${places}: say where it is with --model, or make the gallery again.`,
    );
  }
  const model = await RetrievalModel.open(found);
  requireSameModel(model, info, location);
  return model;
}
