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
