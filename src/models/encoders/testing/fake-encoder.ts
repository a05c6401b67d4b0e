/** A picture encoder without a network: colour statistics of four quarters and of the whole. */
import { setTimeout } from 'node:timers/promises';
import { colourStatistics } from '../image/colour.js';
import type { FrozenImageEncoder } from '../image/image-encoder.js';

export function fakeEncoder(options: { id?: string; pauseMs?: number } = {}): FrozenImageEncoder & { encoded: number } {
  const encoder = {
    id: options.id ?? 'fake-1',
    local: { tokens: 4, channels: 6 },
    global: { channels: 6 },
    image: { size: 16, resampling: 'bilinear', fit: 'fill' } as const,
    batch: 8,
    encoded: 0,
    async encode(images: readonly Uint8Array[]) {
      if (options.pauseMs) await setTimeout(options.pauseMs);
      encoder.encoded += images.length;
      const local = new Float32Array(images.length * 24);
      const global = new Float32Array(images.length * 6);
      images.forEach((image, i) => {
        colourStatistics(image, 16, 2, { out: local, at: i * 24 }, { out: global, at: i * 6 });
      });
      return { local, global };
    },
    async close() {},
  };
  return encoder;
}
