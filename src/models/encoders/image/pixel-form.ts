/** Pixels as an encoder's graph takes them. */
import type { EncoderDescription } from './description.js';

/** How an encoder wants its pixels: a part of its description. */
export type PixelForm = Pick<EncoderDescription, 'layout' | 'size' | 'mean' | 'std' | 'channelOrder'>;

/**
 * Pictures of (size, size, 3) RGB bytes as a graph takes them: (N, 3, size, size) or (N, size, size, 3).
 *
 * @param out where they go. @default new memory
 */
export function normalizedPixels(
  form: PixelForm,
  images: readonly Uint8Array[],
  out = new Float32Array(images.length * form.size ** 2 * 3),
): Float32Array<ArrayBuffer> {
  const { size, mean, std, layout, channelOrder = 'RGB' } = form;
  const area = size * size;
  images.forEach((image, i) => {
    for (let channel = 0; channel < 3; channel++) {
      const [scale, shift] = [1 / (255 * (std[channel] as number)), -(mean[channel] as number) / (std[channel] as number)];
      const place = channelOrder === 'RGB' ? channel : 2 - channel;
      const to =
        layout === 'NCHW' ? { out, start: (3 * i + place) * area, stride: 1 } : { out, start: 3 * area * i + place, stride: 3 };
      writeChannel(image, channel, { scale, shift }, to);
    }
  });
  return out;
}

/** One channel of an image: a loop that writes to one place alone is several times as fast as one that writes to three. */
function writeChannel(
  image: Uint8Array,
  channel: number,
  { scale, shift }: { scale: number; shift: number },
  { out, start, stride }: { out: Float32Array; start: number; stride: number },
): void {
  for (let from = channel, at = start; from < image.length; from += 3, at += stride) {
    out[at] = (image[from] as number) * scale + shift;
  }
}
