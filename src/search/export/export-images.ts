/** The images of an export: a thumbnail of each, and what the model sees of it, for searches that begin with it. */
import sharp from 'sharp';
import { damagedImage, decodeImage, type ImageSettings, openImage } from '../../models/encoders/image/image.js';
import { small } from '../../models/encoders/image/thumbnail.js';
import type { StoredItem } from '../store/store.js';
import type { ExportedItem } from './columns.js';
import type { ExportFolder } from './export-folder.js';

export interface ImageExport {
  folder: ExportFolder;
  read(location: string): Promise<Uint8Array>;
  decoding: ImageSettings;
  /** Longest side of a thumbnail in pixels. */
  thumbnail: number;
  /** What an earlier export of the same settings wrote of an image. */
  before(item: StoredItem): ExportedItem | undefined;
}

/** Quality of the thumbnails, as WebP counts. */
const quality = 80;

/** @returns the item, without names where its image cannot be read, and why */
export async function exportImage(
  item: StoredItem,
  { folder, read, decoding, thumbnail, before }: ImageExport,
): Promise<{ item: ExportedItem; fault?: string | undefined }> {
  const { id, content, metadata } = item;
  const known = before(item);
  if (
    known &&
    (await folder.keepImage('thumbnails', known.thumbnail)) &&
    (await folder.keepImage('references', known.reference))
  ) {
    return { item: { ...known, metadata } };
  }
  const label = `The image ${JSON.stringify(id)}`;
  try {
    const bytes = await read(item.location);
    const { width, height } = (await openImage(bytes, label, false).metadata()).autoOrient;
    const shown = await small(openImage(bytes, label), thumbnail).toColourspace('srgb').webp({ quality }).toBuffer();
    const pixels = await decodeImage(bytes, { ...decoding, label });
    const { size } = decoding;
    // Without loss: a search in the browser begins with the very pixels that one here begins with.
    const seen = await sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
      .webp({ lossless: true })
      .toBuffer();
    const names = {
      thumbnail: await folder.putImage('thumbnails', shown),
      reference: await folder.putImage('references', seen),
    };
    return { item: { id, content, ...names, width, height, metadata } };
  } catch (error) {
    const fault = damagedImage(label, error);
    if (fault.code === 'IO') throw fault;
    return { item: { id, content, thumbnail: '', reference: '', width: 1, height: 1, metadata }, fault: fault.message };
  }
}
