/** Drawn features that stay on a GPU, by the code that puts a training's there. */

import type { Tensor } from 'limn/engine';
import { requireDevice } from '#limn/engine/runtime/session.js';
import { ImageFeeds } from '#limn/learning/train/image-feeds.js';
import { chooseTables, residentTensors } from '#limn/learning/train/resident-tables.js';
import { featureSource } from '#limn/models/retrieval/image-features.js';
import type { FeatureForm } from './drawn-features.js';

/** @param tables float16 (images, tokens, channels) and (images, channels) @returns nothing where they do not fit; why is said on stderr */
export async function residentFeatures(image: FeatureForm, { local, global }: Record<'local' | 'global', Tensor<'float16'>>) {
  const [count, tokens, channels] = local.shape as [number, number, number];
  const globalChannels = global.shape[1]!;
  const table = {
    count,
    ids: Array.from({ length: count }, (_, i) => String(i)),
    broken: [],
    encoderId: 'drawn',
    local: { tokens, channels },
    global: { channels: globalChannels },
    rowOf: Number,
    gather(rows: ArrayLike<number>, localOut: Uint16Array, globalOut: Uint16Array) {
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i]!;
        localOut.set(local.data.subarray(row * tokens * channels, (row + 1) * tokens * channels), i * tokens * channels);
        globalOut.set(global.data.subarray(row * globalChannels, (row + 1) * globalChannels), i * globalChannels);
      }
    },
    close: async () => {},
  };
  const images = featureSource(table, image);
  const { float16 } = await requireDevice('webgpu');
  const { features, remark } = chooseTables({ images, usesLocal: true, float16 });
  if (!features) {
    console.error(`bench: ${remark}`);
    return undefined;
  }
  const feeds = new ImageFeeds({ images, image, usesLocal: true, tokenSubsample: 0, seed: 1 });
  return {
    features,
    tensors: residentTensors(images, features),
    feeds: (rows: readonly number[], prefix: string) => feeds.of({ rows, prefix, draw: '', isResident: true }),
  };
}
