/** The dataset formats that can be read. */
import { Registry } from '../../core/part.js';
import { birdsToWords } from './birds-to-words.js';
import { cirr } from './cirr.js';
import type { DatasetFormat } from './dataset-format.js';
import { fashion200k } from './fashion200k.js';
import { fashionIQ } from './fashioniq.js';
import { ownTriplets } from './own-triplets.js';
import { shoes } from './shoes.js';

export const datasets = new Registry<DatasetFormat>('dataset', [fashionIQ, shoes, birdsToWords, cirr, fashion200k, ownTriplets]);

/** Those that limn ships, and behind them those of plug-ins. */
export const datasetFormats: readonly DatasetFormat[] = datasets.all;

/** The format with this id. @throws LimnError USAGE with the id that was probably meant */
export function findDataset(id: string): DatasetFormat {
  return datasets.find(id);
}
