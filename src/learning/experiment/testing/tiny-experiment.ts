/** An experiment for tests: two methods and two seeds on a handful of drawn images. */
import { join } from 'node:path';
import { ImageEncoderRuntime } from '../../../models/retrieval/image-encoder-runtime.js';
import { generateSyntheticFashion } from '../../data/synthetic-fashion/generate.js';
import { type Experiment, parseExperiment } from '../config.js';
import type { OpenEncoder } from '../dataset.js';

/** Draws its images. @param folder where its file would be */
export const drawTinyDataset = (folder: string) =>
  generateSyntheticFashion({ directory: join(folder, 'wardrobe'), images: 80, size: 32 });

export function tinyExperiment(folder: string, changes: object = {}): Experiment {
  return parseExperiment(
    {
      name: 'tiny',
      title: 'Tiny & drawn',
      dataset: { format: 'fashioniq', directory: 'wardrobe', category: 'wardrobe' },
      images: { encoder: 'patch', imageSize: 32, patchSize: 16, patchLayers: 0 },
      protocol: 'fashioniq-val',
      model: { width: 16, heads: 2, factors: 2, layers: 1, projection: 8 },
      training: { epochs: 2, batchSize: 16 },
      methods: [
        { id: 'limn', label: 'LIMN' },
        { id: 'one', model: { factors: 1 } },
      ],
      seeds: [1, 2],
      metrics: ['R@1', 'R@10'],
      examples: 2,
      ...changes,
    },
    join(folder, 'tiny.json'),
  );
}

export const openPatchEncoder: OpenEncoder = async (_, { imageSize, patchSize, patchLayers }) =>
  ImageEncoderRuntime.patch(imageSize, patchSize, patchLayers);
