/** A folder with a tiny model and drawn pictures, for tests of galleries. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { RetrievalModel } from '../../../models/retrieval/retrieval-model.js';
import { saveTinyModel } from './tiny-model.js';

export interface TinyFolder {
  /** A path in the folder. */
  at(...parts: string[]): string;
  model: RetrievalModel;
  remove(): Promise<void>;
}

/** Pictures `p00.jpg`, `p01.jpg`, ... of different colours in `pictures`, and the model in `model`. LIMN_HOME is put in there too. */
export async function tinyFolder(images: number): Promise<TinyFolder> {
  const root = await mkdtemp(join(tmpdir(), 'limn-gallery-'));
  const at = (...parts: string[]) => join(root, ...parts);
  process.env.LIMN_HOME = at('home');
  await saveTinyModel(at('model'));
  await mkdir(at('pictures'));
  for (let i = 0; i < images; i++) await drawImage(at('pictures', `p${String(i).padStart(2, '0')}.jpg`), i);
  const model = await RetrievalModel.open(at('model'));
  const remove = async () => {
    await model.close();
    await rm(root, { recursive: true, force: true });
  };
  return { at, model, remove };
}

/** A JPEG of 40 x 30 pixels whose two halves have colours of their own. */
export async function drawImage(path: string, seed: number): Promise<void> {
  await sharp(await imageBytes(seed)).toFile(path);
}

export async function imageBytes(seed: number): Promise<Buffer> {
  const colour = (offset: number) => {
    const [r, g, b] = [37, 91, 53].map((step) => ((seed + offset) * step) % 256) as [number, number, number];
    return { r, g, b };
  };
  const half = await sharp({ create: { width: 20, height: 30, channels: 3, background: colour(3) } })
    .png()
    .toBuffer();
  return sharp({ create: { width: 40, height: 30, channels: 3, background: colour(0) } })
    .composite([{ input: half, left: 20, top: 0 }])
    .jpeg()
    .toBuffer();
}
