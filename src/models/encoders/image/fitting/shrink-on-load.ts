/**
 * What sharp's decoders leave out of images that will be made much smaller, from all pixels: libjpeg decodes an eighth, a quarter or half of each
 * side, and libwebp any size. Both average brightness and colour of the stored image and round them, before they become red, green and blue; a
 * pixel may be a grey level or two away from theirs.
 */
import { imageFormat } from '../../../../core/image-format.js';
import { jpegFrame } from '../../../../core/jpeg-segments.js';
import { webpChunk } from '../../../../core/webp-chunk.js';
import type { RgbImage } from './pillow-resize.js';
import { roundHalfEven } from './vips-reduce.js';

/** Formats whose decoders shrink; `jpeg-420` stores one colour for four pixels, as most JPEG files do. */
export type LoadedFormat = 'jpeg' | 'jpeg-420' | 'webp' | 'webp-lossless';

/** @returns undefined for a file of another format */
export function loadedFormat(bytes: Uint8Array): LoadedFormat | undefined {
  const format = imageFormat(bytes);
  if (format === 'webp') return webpChunk(bytes, 'VP8 ') === undefined ? 'webp-lossless' : 'webp';
  if (format !== 'jpeg') return undefined;
  return jpegFrame(bytes)?.hasQuarterColours ? 'jpeg-420' : 'jpeg';
}

/** @param shrink by what both sides will be divided at least */
export function shrinkOnLoad(image: RgbImage, format: LoadedFormat | undefined, shrink: number): RgbImage {
  if (!format || shrink <= 1) return image;
  const isJpeg = format.startsWith('jpeg');
  const n = isJpeg ? jpegShrink(shrink) : shrink;
  if (n === 1) return image;
  // libvips drops what is left of a side of a JPEG file.
  const [width, height] = [image.width, image.height].map((length) =>
    isJpeg ? Math.floor(length / n) : Math.max(1, roundHalfEven(length / n)),
  ) as [number, number];
  const lengths = isJpeg ? ([n, n] as const) : ([image.width / width, image.height / height] as const);
  const means = meansOf(image, areasOf(width, lengths[0]), areasOf(height, lengths[1]));
  if (format === 'webp-lossless') return { width, height, data: Uint8Array.from(means, (mean) => Math.floor(mean + 0.5)) };
  if (format === 'jpeg') return { width, height, data: jpegPixels(means, means) };
  const samples = isJpeg
    ? ([n / 2, n / 2] as const)
    : ([Math.ceil(image.width / 2) / width, Math.ceil(image.height / 2) / height] as const);
  const colours = meansOf(image, samplesOf(areasOf(width, samples[0])), samplesOf(areasOf(height, samples[1])));
  return { width, height, data: isJpeg ? jpegPixels(means, colours) : webpPixels(means, colours) };
}

/**
 * By what libjpeg divides each side while it decodes. sharp leaves something to do for the filter where this would leave almost nothing.
 *
 * @param shrink by what both sides will be divided at least
 */
export function jpegShrink(shrink: number): number {
  const most = [8, 4, 2].find((n) => shrink >= n) ?? 1;
  return most > 1 && Math.floor(shrink) === most ? most / 2 : most;
}

interface Area {
  first: number;
  /** How much of each pixel from the first on is inside; 1 in all. */
  shares: number[];
}

function areasOf(count: number, length: number): Area[] {
  return Array.from({ length: count }, (_, i) => {
    const [start, end] = [i * length, (i + 1) * length];
    const first = Math.floor(start);
    const places = Math.max(1, Math.ceil(end - 1e-9) - first);
    const inside = (place: number) => Math.min(end, place + 1) - Math.max(start, place);
    return { first, shares: Array.from({ length: places }, (_, k) => inside(first + k) / length) };
  });
}

/**
 * Areas of pixels that give the means of areas of samples, one for two pixels: decoders make three quarters of a pixel's colour of its own
 * sample and a quarter of the next, so that (-1, 3, 3, -1) / 4 of four pixels is the sample in their middle again.
 */
function samplesOf(areas: readonly Area[]): Area[] {
  return areas.map(({ first, shares }) => {
    const pixels = new Array<number>(2 * shares.length + 2).fill(0);
    for (const [k, share] of shares.entries()) {
      for (const [i, weight] of [-0.25, 0.75, 0.75, -0.25].entries()) pixels[2 * k + i]! += share * weight;
    }
    return { first: 2 * first - 1, shares: pixels };
  });
}

/** Pixels beyond the image are copies of its outermost. @returns (rows, columns, 3) */
function meansOf({ width, height, data }: RgbImage, columns: readonly Area[], rows: readonly Area[]): Float32Array {
  const means = new Float32Array(columns.length * rows.length * 3);
  const line = new Float32Array(width * 3);
  let to = 0;
  for (const { first, shares } of rows) {
    line.fill(0);
    for (const [k, share] of shares.entries()) {
      const from = Math.min(Math.max(first + k, 0), height - 1) * line.length;
      for (let x = 0; x < line.length; x++) line[x]! += share * (data[from + x] as number);
    }
    for (const column of columns) {
      for (const [k, share] of column.shares.entries()) {
        const from = Math.min(Math.max(column.first + k, 0), width - 1) * 3;
        means[to]! += share * (line[from] as number);
        means[to + 1]! += share * (line[from + 1] as number);
        means[to + 2]! += share * (line[from + 2] as number);
      }
      to += 3;
    }
  }
  return means;
}

/** Red, green and blue of a pixel in one number. */
type Weights = readonly [number, number, number];

const weighted = ([red, green, blue]: Weights, means: Float32Array, at: number) =>
  Math.round(red * means[at]! + green * means[at + 1]! + blue * means[at + 2]!);

/** JFIF: ITU-R BT.601 with brightness and colours of 0 to 255. */
function jpegPixels(means: Float32Array, colours: Float32Array): Uint8Array {
  const out = new Uint8ClampedArray(means.length);
  for (let at = 0; at < out.length; at += 3) {
    const y = weighted([0.299, 0.587, 0.114], means, at);
    const cb = weighted([-0.168736, -0.331264, 0.5], colours, at);
    const cr = weighted([0.5, -0.418688, -0.081312], colours, at);
    out[at] = y + Math.round(1.402 * cr);
    out[at + 1] = y + Math.round(-0.344136 * cb - 0.714136 * cr);
    out[at + 2] = y + Math.round(1.772 * cb);
  }
  return new Uint8Array(out.buffer);
}

/** ITU-R BT.601 with brightness of 16 to 235, as libwebp computes it: in whole numbers that are cut off. */
function webpPixels(means: Float32Array, colours: Float32Array): Uint8Array {
  const out = new Uint8ClampedArray(means.length);
  for (let at = 0; at < out.length; at += 3) {
    const y = 16 + weighted([0.256788, 0.504129, 0.097906], means, at);
    const u = 128 + weighted([-0.148223, -0.290993, 0.439216], colours, at);
    const v = 128 + weighted([0.439216, -0.367788, -0.071427], colours, at);
    const light = (y * 19077) >> 8;
    out[at] = (light + ((v * 26149) >> 8) - 14234) >> 6;
    out[at + 1] = (light - ((u * 6419) >> 8) - ((v * 13320) >> 8) + 8708) >> 6;
    out[at + 2] = (light + ((u * 33050) >> 8) - 17685) >> 6;
  }
  return new Uint8Array(out.buffer);
}
