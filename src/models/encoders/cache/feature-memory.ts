/** Features of a few pictures, kept in memory alone: for queries, and for galleries, which keep embeddings in their place. */

import type { FrozenImageEncoder } from '../image/image-encoder.js';
import { type FeatureRows, featureRecords } from './feature-cache.js';

/** @param images (size, size, 3) RGB @param ids one each @throws LimnError NOT_FINITE when the encoder gives no usable numbers */
export async function encodeInMemory(
  encoder: FrozenImageEncoder,
  images: readonly Uint8Array[],
  ids: readonly string[],
): Promise<FeatureRows> {
  return rowsOfRecords(encoder, await featureRecords(encoder, images, ids), ids);
}

/** What features are of, and their sizes. */
export type FeatureForm = Pick<FrozenImageEncoder, 'id' | 'local' | 'global'>;

/** @param records of one image each, as the feature cache has them @param ids one each */
export function rowsOfRecords(encoder: FeatureForm, records: readonly Uint16Array[], ids: readonly string[]): FeatureRows {
  const localWidth = encoder.local.tokens * encoder.local.channels;
  const rows = new Map(ids.map((id, row) => [id, row]));
  return {
    count: ids.length,
    ids,
    broken: [],
    encoderId: encoder.id,
    local: encoder.local,
    global: encoder.global,
    rowOf: (id) => rows.get(id),
    gather(wanted, localOut, globalOut) {
      for (let i = 0; i < wanted.length; i++) {
        const record = records[wanted[i] as number] as Uint16Array;
        localOut.set(record.subarray(0, localWidth), i * localWidth);
        globalOut.set(record.subarray(localWidth), i * encoder.global.channels);
      }
    },
    close: async () => {},
  };
}
