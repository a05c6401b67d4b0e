/** The data of an experiment: its splits, and the reader of its pictures. */
import { LimnError } from '../core/errors.js';
import { sha256 } from '../core/files.js';
import { suggestion } from '../core/suggest.js';
import { readFashionIQ } from '../data/fashioniq.js';
import type { Split, SplitName } from '../data/triplets.js';
import { PictureReader } from '../models/picture-reader.js';
import type { Experiment } from './config.js';

/** Opens an encoder by name or file. @param sizes of the "patch" encoder */
export type OpenEncoder = (
  encoder: string,
  sizes: { pictureSize: number; patchSize: number; patchLayers: number },
) => Promise<PictureReader>;

/** @throws LimnError as the dataset's reader does, and CONFIG for a layout that is not known */
export function readSplit({ dataset, file }: Experiment, category: string | undefined, split: SplitName): Promise<Split> {
  if (dataset.format !== 'fashioniq') {
    throw new LimnError(
      'CONFIG',
      `${file} names the dataset format "${dataset.format}". ${suggestion(dataset.format, ['fashioniq'])}`,
    );
  }
  if (category === undefined) throw new LimnError('CONFIG', `${file} must name the "dataset.category".`);
  return readFashionIQ({ directory: dataset.directory, category, split, onMissing: dataset.onMissing });
}

/** What the models of one category see. */
export interface Material {
  train: Split;
  /** Chooses the best epoch: the measured split, or `val` where that is `test`. */
  validation: Split;
  measured: Split;
  reader: PictureReader;
  /** SHA-256 of the annotations and the encoder's id. */
  hash: string;
}

export async function openMaterial(
  experiment: Experiment,
  category: string | undefined,
  openEncoder: OpenEncoder,
): Promise<Material> {
  const train = await readSplit(experiment, category, 'train');
  const measured = await readSplit(experiment, category, experiment.split);
  const validation = experiment.split === 'test' ? await readSplit(experiment, category, 'val') : measured;
  const { pictures } = experiment;
  const reader =
    'captions' in pictures
      ? await PictureReader.captions(captionFiles(pictures.captions, category))
      : await openEncoder(pictures.encoder, pictures);
  const annotations = [train, validation, measured].map((split) => [
    split.pictures.map(({ id, label }) => [id, label]),
    split.triplets.map(({ reference, targets, text, captions, subset }) => [reference, targets, text, captions, subset]),
  ]);
  return { train, validation, measured, reader, hash: sha256(JSON.stringify([annotations, reader.id])) };
}

export const captionFiles = (files: readonly string[], category: string | undefined) =>
  files.map((file) => file.replaceAll('{category}', category ?? ''));
