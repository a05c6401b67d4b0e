/** What the benchmark of the server works on: a gallery of photographs, which it makes where none is given. */
import { spawn } from 'node:child_process';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const program = fileURLToPath(new URL('../dist/apps/cli/main.js', import.meta.url));

/**
 * Indexes photographs of product-photos in a folder of the caller's.
 *
 * @param model a model's folder. @default one that is trained for this, for one epoch
 * @param pictures how many; 0 takes all
 * @returns the gallery's location
 */
export async function makeGallery({ model, images, store, folder }) {
  const shared = process.env.LIMN_SHARED_DATA;
  if (!shared) throw new Error('set LIMN_SHARED_DATA, whose folder product-photos has the pictures, or give --gallery FOLDER');
  const data = join(shared, 'product-photos');
  if (model === undefined) {
    model = join(folder, 'model');
    const config = fileURLToPath(new URL('../configs/product-photos-plain.json', import.meta.url));
    await limn('train', '--config', config, '--data', data, '--epochs', '1', '--out', model);
  }
  const names = (await readdir(join(data, 'images'))).sort();
  const images = join(folder, 'pictures');
  await mkdir(images);
  const chosen = names.slice(0, images === 0 ? names.length : images);
  for (const name of chosen) await copyFile(join(data, 'images', name), join(images, name));
  const location = `${store}:${join(folder, 'gallery')}`;
  await limn('index', '--model', model, '--images', images, '--out', location);
  return location;
}

/** Runs the built program; what it says goes to stderr. */
function limn(...words) {
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 2, 2] });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`limn ${words[0]} ended with ${code}`))));
  });
}
