import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foreignFormat, imageFormat, isImageName } from '../../../core/image-format.js';
import { decodeImage, openImage, readImage } from '../../../models/encoders/image/image.js';
import { jpegThumbnail, thumbnail } from '../../../models/encoders/image/thumbnail.js';
import { asJpeg, checkImage } from './images.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limn-tolerance-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const noise = () =>
  sharp({
    create: { width: 96, height: 64, channels: 3, background: '#000000', noise: { type: 'gaussian', mean: 120, sigma: 40 } },
  });
const at = (bytes: Buffer, marker: number[]) => bytes.indexOf(Buffer.from(marker));

/** Bytes before a marker, which decoders pass over with a warning. */
async function extraneousJpeg(): Promise<Buffer> {
  const bytes = await noise().jpeg().toBuffer();
  const place = at(bytes, [0xff, 0xdb]);
  return Buffer.concat([bytes.subarray(0, place), Buffer.from('xxxxx'), bytes.subarray(place)]);
}

/** A start of scan whose spectral range is that of no sequential JPEG, as some cameras write it. */
async function oddScanJpeg(): Promise<Buffer> {
  const bytes = await noise().jpeg().toBuffer();
  const place = at(bytes, [0xff, 0xda]);
  const length = bytes.readUInt16BE(place + 2);
  bytes.fill(0, place + 2 + length - 3, place + 2 + length);
  return bytes;
}

async function rottenTiff(): Promise<Buffer> {
  const bytes = await noise().tiff({ compression: 'lzw' }).toBuffer();
  bytes.fill(0x5a, 400, 4000);
  return bytes;
}

/** @param part of the file in which a bit is turned */
async function rottenPng(part: number): Promise<Buffer> {
  const bytes = await noise().png().toBuffer();
  bytes[Math.floor(bytes.length * part)]! ^= 1;
  return bytes;
}

/** What each way of reading makes of a file: indexing and training, thumbnails, the HTML page, and the server's PUT and GET. */
async function readings(bytes: Buffer): Promise<Record<string, boolean>> {
  const good = (promise: Promise<unknown>) =>
    promise.then(
      (value) => value !== undefined,
      (error) => {
        // Never a decoder's own error, which would be the server's fault.
        expect(['LimnError', 'HttpProblem']).toContain(error.name);
        return false;
      },
    );
  return {
    index: await good(decodeImage(bytes, { size: 32 })),
    'index as Pillow': await good(decodeImage(bytes, { size: 32, resampling: 'pillow-bicubic' })),
    thumbnail: await good(jpegThumbnail(bytes)),
    page: await good(thumbnail(bytes)),
    get: await good(asJpeg(bytes, 320)),
  };
}

describe('one tolerance for damaged images', () => {
  it.each([
    ['bytes before a marker', extraneousJpeg, true],
    ['an odd start of scan', oddScanJpeg, true],
    ['LZW strips that cannot be decoded', rottenTiff, false],
    ['a PNG with a wrong checksum', () => rottenPng(0.5), false],
    ['a PNG with a wrong checksum at the end', () => rottenPng(0.97), false],
    ['a JPEG that was cut', async () => (await noise().jpeg().toBuffer()).subarray(0, 2000), false],
    ['a WebP that was cut', async () => (await noise().webp().toBuffer()).subarray(0, 1000), false],
    ['a whole PNG', () => noise().png().toBuffer(), true],
    ['a whole AVIF', () => noise().avif({ effort: 0 }).toBuffer(), true],
    ['a whole GIF', () => noise().gif().toBuffer(), true],
  ])('%s: all ways of reading agree', async (_, make, readable) => {
    const found = await readings(await make());
    expect(found).toEqual(Object.fromEntries(Object.keys(found).map((name) => [name, readable])));
  });

  it('agrees on every image with one byte changed', async () => {
    for (const format of ['png', 'jpeg', 'tiff', 'webp', 'gif'] as const) {
      const whole = await noise().resize(24, 16).toFormat(format).toBuffer();
      for (let i = 0; i < 25; i++) {
        const bytes = Buffer.from(whole);
        bytes[(i * 7919) % bytes.length]! ^= 1 << (i % 8);
        const found = Object.values(await readings(bytes));
        expect(new Set(found).size, `${format} ${i}: ${found}`).toBe(1);
      }
    }
  });
});

describe('files of other kinds', () => {
  const heic = (brand: string) =>
    Buffer.concat([Buffer.from(`\0\0\0\x18ftyp${brand}\0\0\0\0mif1heic`, 'latin1'), Buffer.alloc(99)]);
  it.each([
    [heic('heic'), /is HEIC .* Convert it to JPEG/],
    [heic('mif1'), /is HEIC/],
    [Buffer.from('BM\x46\0\0\0'), /is BMP, which limn does not read\. Convert it/],
    [Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'), /an SVG drawing/],
    [Buffer.from('%PDF-1.7'), /a PDF document/],
    [Buffer.from('<!DOCTYPE html><html>'), /a web page \(HTML\).* save the image itself/],
    [Buffer.from('version https://git-lfs.github.com/spec/v1\n'), /git lfs pull/],
    [Buffer.from('\0\0\0\x18ftypisom\0\0\0\0mp42'), /is a video/],
    [Buffer.from('hello'), /The file is not a picture that limn can read/],
    [Buffer.alloc(0), /that limn can read: it is empty/],
  ])('are called by their name (%#)', async (bytes, message) => {
    await expect(decodeImage(bytes, { size: 8, label: 'The file' })).rejects.toThrow(message);
    await expect(decodeImage(bytes, { size: 8, label: 'The file' })).rejects.toMatchObject({ code: 'IMAGE' });
    await expect(jpegThumbnail(bytes)).rejects.toMatchObject({ code: 'IMAGE' });
    await expect(checkImage(bytes, 1e6, 'It')).rejects.toMatchObject({ status: 415 });
    expect(await thumbnail(bytes)).toBeUndefined();
    expect(() => openImage(bytes)).toThrow();
  });

  it('knows formats by their first bytes, and names of images by their endings', async () => {
    for (const format of ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const) {
      const bytes = await noise().resize(16, 16).toFormat(format).toBuffer();
      expect([imageFormat(bytes), foreignFormat(bytes)]).toEqual([format, undefined]);
    }
    expect(['a.jfif', 'b.JPE', 'c.Tiff', 'd.pjp'].every(isImageName)).toBe(true);
    expect(['a.heic', 'jpg', 'b.bmp', 'c.jpg.txt'].some(isImageName)).toBe(false);
  });
});

describe.skipIf(process.platform === 'win32')('paths that are no files', () => {
  it('are refused at once', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe.jpg')]);
    await writeFile(join(folder, 'a'), 'content');
    await expect(readImage(join(folder, 'pipe.jpg'))).rejects.toThrow('is a pipe, socket or device, not a file');
    await expect(readImage('/dev/zero')).rejects.toThrow('is a pipe, socket or device, not a file');
    await expect(readImage(folder)).rejects.toThrow('is a folder');
    await expect(readImage(join(folder, 'none'))).rejects.toThrow('does not exist');
    expect(Buffer.from(await readImage(join(folder, 'a'))).toString()).toBe('content');
  });
});
