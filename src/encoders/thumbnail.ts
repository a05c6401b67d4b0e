/** Small copies of pictures for pages that need no other file. */
import sharp from 'sharp';

/** A copy of at most `pixels` a side as a data URI; undefined for a picture that cannot be read. @param pixels @default 320 */
export async function thumbnail(path: string, pixels = 320): Promise<string | undefined> {
  const size = { width: pixels, height: pixels, fit: 'inside', withoutEnlargement: true } as const;
  const small = sharp(path, { autoOrient: true }).resize(size).flatten({ background: '#ffffff' }).webp({ quality: 82 });
  const bytes = await small.toBuffer().catch(() => undefined);
  return bytes && `data:image/webp;base64,${bytes.toString('base64')}`;
}
