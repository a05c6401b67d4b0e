/** Images to measure with. */
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Paths inside a folder of so many images, evenly from all that there are in it and in the folders inside. */
export async function imagesIn(folder: string, count: number): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile() && /\.(jpe?g|png|webp)$/i.test(entry.name));
  if (files.length === 0) throw new Error(`there are no images in ${folder}; give a folder with --images`);
  const paths = files.map(({ parentPath, name }) => relative(folder, join(parentPath, name))).sort();
  const wanted = Math.min(count, paths.length);
  return Array.from({ length: wanted }, (_, i) => paths[Math.floor((i * paths.length) / wanted)]!);
}
