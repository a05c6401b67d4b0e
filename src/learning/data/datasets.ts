/** The dataset formats that can be read. */
import { LimnError } from '../../core/errors.js';
import { suggestion } from '../../core/suggest.js';
import { birdsToWords } from './birds-to-words.js';
import { cirr } from './cirr.js';
import type { DatasetFormat } from './dataset-format.js';
import { fashion200k } from './fashion200k.js';
import { fashionIQ } from './fashioniq.js';
import { ownTriplets } from './own-triplets.js';
import { shoes } from './shoes.js';

export const datasetFormats: readonly DatasetFormat[] = [fashionIQ, shoes, birdsToWords, cirr, fashion200k, ownTriplets];

/** The format with this id. @throws LimnError USAGE with the id that was probably meant */
export function findDataset(id: string): DatasetFormat {
  const format = datasetFormats.find((candidate) => candidate.id === id);
  if (format) return format;
  const known = datasetFormats.map((candidate) => candidate.id);
  throw new LimnError('USAGE', `There is no dataset "${id}". ${suggestion(id, known)}`, { details: { id, known } });
}
