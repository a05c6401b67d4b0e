/** What a process leaves in a gallery's images folder that is killed while it adds an image. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sealed } from '../../../core/checksum.js';
import { markUploads } from '../pending-uploads.js';
import { imageBytes } from './tiny-gallery.js';

/** Leaves a file, and the marker of a process that has ended. @param location the file's place in the folder */
export async function killedUpload(
  images: string,
  gallery: string,
  { id, location }: { id: string; location: string },
): Promise<void> {
  const file = join(images, location);
  await mkdir(dirname(file), { recursive: true });
  if (!existsSync(file)) await writeFile(file, await imageBytes(7));
  const pending = join(images, '.limn', 'uploads', 'pending');
  const before = new Set(await readdir(pending).catch(() => []));
  const { leave } = await markUploads({ images, gallery }, [{ id, location }]);
  leave();
  const name = (await readdir(pending)).find((one) => !before.has(one)) as string;
  const { checksum: _, ...marker } = JSON.parse(await readFile(join(pending, name), 'utf8'));
  const pid = Number(execFileSync(process.execPath, ['-p', 'process.pid']));
  await writeFile(join(pending, name), JSON.stringify(sealed({ ...marker, pid })));
}
