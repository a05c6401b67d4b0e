/** Parts of a JPEG file before its image. */

/** A segment's marker, such as 0xe1 for EXIF data, and where its content lies. */
export interface JpegSegment {
  marker: number;
  start: number;
  end: number;
}

/** The segments up to the first that holds image data; nothing more where a file makes no sense. */
export function* jpegSegments(bytes: Uint8Array): Generator<JpegSegment> {
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return;
    const marker = bytes[at + 1] as number;
    // A marker may be preceded by any number of 0xff.
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xda || marker === 0xd9) return;
    const end = at + 2 + (((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number));
    if (end < at + 4) return;
    yield { marker, start: at + 4, end };
    at = end;
  }
}

/** What a JPEG file's frame header says. */
export interface JpegFrame {
  /** As stored, before it is turned. */
  width: number;
  height: number;
  /** Whether brightness has two samples each way for one of each of two colours. */
  hasQuarterColours: boolean;
}

export function jpegFrame(bytes: Uint8Array): JpegFrame | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const { marker, start, end } of jpegSegments(bytes)) {
    // Among the markers of frames are those of tables, of which frames are decoded.
    if (marker < 0xc0 || marker > 0xcf || [0xc4, 0xc8, 0xcc].includes(marker)) continue;
    if (end - start < 6 || end > bytes.length) return undefined;
    const factors = [7, 10, 13].map((place) => bytes[start + place]);
    const hasQuarterColours = bytes[start + 5] === 3 && factors.join() === [0x22, 0x11, 0x11].join();
    return { width: view.getUint16(start + 3), height: view.getUint16(start + 1), hasQuarterColours };
  }
  return undefined;
}
