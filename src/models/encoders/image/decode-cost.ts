/**
 * What decoding a picture will take, told from its header. Some files are decoded line by line and made smaller on the way; of others the
 * whole picture has to be in memory before its first line is there: interlaced PNG, progressive JPEG (as coefficients), WebP, GIF, AVIF,
 * TIFF, and all that have to be turned.
 */
import type { Metadata } from 'sharp';
import { openImage } from './image.js';

export interface DecodeCost {
  /** In pixels, as the file has them. */
  width: number;
  height: number;
  /** Pixels, weighed by how long those of such a file take: 1 where the whole picture is decoded at once, less line by line. */
  work: number;
  /** Bytes of memory, about. */
  memory: number;
}

/** Measured on pictures of 49 megapixels: a baseline JPEG is made smaller while it is decoded. */
const byLines: Partial<Record<string, number>> = { jpeg: 1 / 8, png: 1 / 2 };
/** Of a picture that is decoded line by line, libvips keeps so many at most. */
const linesKept = 1024;
const sampleBytes: Partial<Record<string, number>> = { ushort: 2, short: 2, uint: 4, int: 4, float: 4, complex: 8, double: 8 };

/** @throws the decoder's own error for a file whose header cannot be read */
export async function decodeCost(bytes: Uint8Array): Promise<DecodeCost> {
  return costOf(await openImage(bytes, 'The image', false).metadata());
}

/** As {@link decodeCost}, of a header that was read. */
export function costOf(header: Metadata): DecodeCost {
  const { width, height, format = '', channels = 3, depth = 'uchar' } = header;
  const pixels = width * height;
  const turned = (header.orientation ?? 1) > 1;
  const weight = byLines[format];
  const line = width * Math.max(3, channels) * (sampleBytes[depth] ?? 1);
  if (weight !== undefined && !header.isProgressive) {
    const lines = turned ? height : Math.min(height, linesKept);
    return { width, height, work: pixels * (turned ? Math.max(weight, 1 / 2) : weight), memory: line * lines };
  }
  const whole = format === 'jpeg' ? coefficientBytes(header) + line * Math.min(height, linesKept) : line * height;
  // AVIF has its planes beside the pixels that are made of them.
  const planes = format === 'heif' ? 2 : 1;
  return { width, height, work: pixels, memory: whole * planes + (turned ? line * height : 0) };
}

/** The coefficients of a progressive JPEG: two bytes for each sample of each component. */
function coefficientBytes({ width, height, channels = 3, chromaSubsampling = '' }: Metadata): number {
  const samples = chromaSubsampling.startsWith('4:2:0') ? channels / 2 : channels;
  return Math.ceil(2 * samples * width * height);
}
