/** Pixels as an encoder's graph takes them. */
import type { EncoderDescription } from './description.js';

/** How an encoder wants its pixels: a part of its description. */
export type PixelForm = Pick<EncoderDescription, 'layout' | 'size' | 'mean' | 'std' | 'channelOrder'>;

/** Pictures of (size, size, 3) RGB bytes as a graph takes them: (N, 3, size, size) or (N, size, size, 3). */
export function normalizedPixels(form: PixelForm, images: readonly Uint8Array[]): Float32Array {
  const { size, mean, std, layout, channelOrder = 'RGB' } = form;
  const area = size * size;
  const data = new Float32Array(images.length * area * 3);
  const [pixelStride, channelStride] = layout === 'NCHW' ? [1, area] : [3, 1];
  const [red, blue] = channelOrder === 'RGB' ? [0, 2 * channelStride] : [2 * channelStride, 0];
  const scales = std.map((value) => 1 / (255 * value)) as [number, number, number];
  const shifts = mean.map((value, channel) => -value / (std[channel] as number)) as [number, number, number];
  images.forEach((image, i) => {
    let at = i * area * 3;
    for (let pixel = 0; pixel < area * 3; pixel += 3, at += pixelStride) {
      data[at + red] = (image[pixel] as number) * scales[0] + shifts[0];
      data[at + channelStride] = (image[pixel + 1] as number) * scales[1] + shifts[1];
      data[at + blue] = (image[pixel + 2] as number) * scales[2] + shifts[2];
    }
  });
  return data;
}
