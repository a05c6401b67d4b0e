/** Finds the model that a gallery was indexed with. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { LimnError } from '../core/errors.js';
import { LimnModel } from '../models/limn-model.js';
import type { FolderReference, GalleryInfo } from '../store/store.js';

/** The first of a reference's two places that exists and, where `holds` is given, has that file in it. */
export function findFolder(reference: FolderReference, from: string, holds = '.'): string | undefined {
  return placesOf(reference, from).find((place) => existsSync(join(place, holds)));
}

function placesOf({ relative, absolute }: FolderReference, from: string): string[] {
  return [...new Set([resolve(from, relative), absolute])];
}

/** @throws LimnError GALLERY when the model is not the one that embedded the gallery */
export function requireSameModel(model: LimnModel, info: GalleryInfo, folder: string): void {
  if (model.hash === info.model.hash) return;
  throw new LimnError(
    'GALLERY',
    `The gallery ${folder} was indexed with another model (${shortName(info.model)}) than the one in ${model.folder} (${shortName(
      {
        hash: model.hash,
        encoder: model.parts.encoder.id,
      },
    )}): give that model, or make the gallery again with "limn index".`,
    { details: { wanted: info.model.hash, found: model.hash } },
  );
}

const shortName = ({ hash, encoder }: { hash: string; encoder: string }) => `${hash.slice(0, 12)}, encoder ${encoder}`;

/**
 * Opens the model that the gallery remembers.
 *
 * @throws LimnError GALLERY when it is gone or has been trained again, CHECKPOINT when it is damaged
 */
export async function openRememberedModel(info: GalleryInfo, folder: string): Promise<LimnModel> {
  const found = findFolder(info.model.folder, folder, 'config.json');
  if (!found) {
    const places = placesOf(info.model.folder, folder).join(' or ');
    throw new LimnError(
      'GALLERY',
      `The model of the gallery ${folder} is no longer at ${places}: say where it is with --model, or make the gallery again.`,
    );
  }
  const model = await LimnModel.open(found);
  requireSameModel(model, info, folder);
  return model;
}
