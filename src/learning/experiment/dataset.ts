/** The data of an experiment: its splits, and the reader of its pictures. */

import { LimnError } from '../../core/errors.js';
import { sha256 } from '../../core/files.js';
import { ImageEncoderRuntime } from '../../models/retrieval/image-encoder-runtime.js';
import { TextReader } from '../../models/retrieval/text-reader.js';
import { readFormat } from '../data/dataset-format.js';
import { findDataset } from '../data/datasets.js';
import { readCorrections } from '../data/spelling.js';
import type { Split, SplitName } from '../data/triplets.js';
import type { Experiment } from './config.js';

/** Opens an encoder by name or file. @param options sizes of the "patch" encoder, and from which block another one is trained */
export type OpenEncoder = (
  encoder: string,
  options: {
    /** Side of an image in pixels, for "patch". */
    imageSize: number;
    /** Side of a patch in pixels, for "patch". */
    patchSize: number;
    /** Transformer layers, for "patch". */
    patchLayers: number;
    /** The first block that is trained, for an encoder from a file. @default none: it is frozen */
    trainFrom?: number | undefined;
  },
) => Promise<ImageEncoderRuntime>;

/** @throws LimnError as the dataset's reader does, and USAGE for a format that is not known or has no categories */
export async function readSplit({ dataset, file }: Experiment, category: string | undefined, split: SplitName): Promise<Split> {
  const { directory, onMissing, spelling } = dataset;
  const format = findDataset(dataset.format);
  if (category !== undefined && !format.categories) {
    throw new LimnError('USAGE', `${file} names a category, but the dataset ${format.id} has none: leave it out.`);
  }
  const corrections = spelling === undefined ? undefined : await readCorrections(inCategory(spelling, category));
  return readFormat(format, { directory, category, split, onMissing, odd: 'keep', spelling: corrections });
}

/** A split of the dataset to learn from. */
export async function readLearned(experiment: Experiment, category: string | undefined, split: SplitName): Promise<Split> {
  const { trainOn, dataset } = experiment;
  if (!trainOn) return readSplit(experiment, category, split);
  const { directory, format } = trainOn;
  return readFormat(findDataset(format), {
    directory: inCategory(directory, category),
    split,
    onMissing: dataset.onMissing,
    odd: 'keep',
  });
}

/** What the models of one category see. */
export interface Material {
  train: Split;
  /** Chooses the best epoch: the measured split, or `val` where that is `test` or another dataset is learned from. */
  validation: Split;
  measured: Split;
  reader: ImageEncoderRuntime;
  text: TextReader;
  /** SHA-256 of the annotations and the encoders' ids. */
  hash: string;
}

export async function openMaterial(
  experiment: Experiment,
  category: string | undefined,
  openEncoder: OpenEncoder,
): Promise<Material> {
  const { images, trainOn, split } = experiment;
  const train = await readLearned(experiment, category, 'train');
  const measured = await readSplit(experiment, category, split);
  const validation = trainOn || split === 'test' ? await readLearned(experiment, category, 'val') : measured;
  const reader =
    'captions' in images
      ? await ImageEncoderRuntime.captions(captionFiles(images.captions, category))
      : await openEncoder(images.encoder, images);
  const text = experiment.text ? await TextReader.open(experiment.text) : TextReader.words();
  const annotations = [train, validation, measured].map((split) => [
    split.images.map(({ id, label }) => [id, label]),
    split.triplets.map(({ reference, targets, text, captions, subset }) => [reference, targets, text, captions, subset]),
  ]);
  const { config } = reader;
  const ids = [
    reader.id,
    ...(config.kind === 'tuned' ? [`from block ${config.from}`] : []),
    ...(text.choice ? [text.id, text.config] : []),
  ];
  return { train, validation, measured, reader, text, hash: sha256(JSON.stringify([annotations, ...ids])) };
}

export const captionFiles = (files: readonly string[], category: string | undefined) =>
  files.map((file) => inCategory(file, category));

const inCategory = (file: string, category = '') => file.replaceAll('{category}', category);
