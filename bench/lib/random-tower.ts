/** CLIP's ViT-B/32 for images, with random weights, as an encoder that limn has taken in: what it takes depends on its form alone. */
import { join } from 'node:path';
import { importEncoder } from 'limn';
import { clipSizes, writeRandomClip } from '../../test/support/clip/random-clip.js';

/** @param folder where it goes, which LIMN_HOME becomes @param batch images of a run @returns `description` and the path of its `weights` */
export async function writeRandomTower(folder: string, batch: number) {
  // The text side is not looked at, and a small one is written sooner.
  const { text, length } = clipSizes.tiny!;
  const written = join(folder, 'vit-b-32');
  await writeRandomClip(written, { ...clipSizes['vit-b-32']!, text, length }, { batch });
  process.env.LIMN_HOME = join(folder, 'home');
  return (await importEncoder(written)).image!;
}
