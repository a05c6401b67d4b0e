/** The commands that are killed, small enough to be run many times, and what their results are compared by. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateSyntheticFashion } from '../../src/learning/data/synthetic-fashion/generate.js';
import { drawImage } from '../../src/search/gallery/testing/tiny-gallery.js';
import { saveTinyModel } from '../../src/search/gallery/testing/tiny-model.js';
import { openStore } from '../../src/search/store/open-store.js';
import type { KilledCommand } from './kill-runs.js';

/** Words of "limn index" without its store. */
export const indexWords = ['index', '--model', 'model', '--images', 'pictures'];

/** Makes what the commands work with in `root`: a dataset `wardrobe`, a model, and a folder of `pictures`. */
export async function prepareKills(root: string): Promise<void> {
  await generateSyntheticFashion({ directory: join(root, 'wardrobe'), images: 90, seed: 3, size: 32 });
  await saveTinyModel(join(root, 'model'));
  await mkdir(join(root, 'pictures'));
  for (let i = 0; i < 60; i++) await drawImage(join(root, 'pictures', `p${String(i).padStart(2, '0')}.jpg`), i);
}

/** SHA-256 of files. */
async function hashes(...paths: string[]): Promise<string[]> {
  const hash = async (path: string) =>
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  return Promise.all(paths.map(hash));
}

/** Items and rounded vectors of a gallery. */
export async function contentOf(location: string): Promise<unknown> {
  const store = await openStore(location);
  const items = await store.list({ limit: 1000 });
  const vectors = await store.vectors(items.map(({ id }) => id));
  const count = await store.count();
  await store.close();
  const rounded = vectors.map((found) =>
    Array.from(found?.matching ?? [], (value) => value.toFixed(3).replace('-0.000', '0.000')),
  );
  return { count, items, rounded };
}

/** Training, whose weights must be the same to the bit. */
export async function trainScenario(root: string): Promise<KilledCommand> {
  const small = ['--data', 'wardrobe', '--category', 'wardrobe', '--width', '16', '--heads', '2', '--factors', '2'];
  const tiny = [...small, '--layers', '1', '--picture-size', '16', '--patch-layers', '1', '--batch-size', '16', '--epochs', '2'];
  await writeFile(join(root, 'training.json'), JSON.stringify({ train: { training: { checkpointSeconds: 0.05 } } }));
  return {
    words: (name) => ['train', ...tiny, '--config', 'training.json', '--out', name],
    goOn: ['--resume'],
    result: (name) => hashes(join(root, name, 'model', 'weights.safetensors'), join(root, name, 'model', 'config.json')),
    folder: (name) => join(root, name),
  };
}

/** Both models of LIMN+, whose weights must be the same to the bit. */
export async function selfTrainScenario(root: string): Promise<KilledCommand> {
  const model = { width: 16, heads: 2, layers: 1 };
  const training = { epochs: 1, batchSize: 16, learningRate: 3e-3, checkpointSeconds: 0.05 };
  const selfTraining = {
    rounds: 1,
    labels: 0.6,
    pairs: { reversed: 20, twoHop: 10, sharedReference: 5, sharedTarget: 5, neighbours: { count: 20, high: 1 } },
    judge: { rank: 40, margin: -2, repeats: true },
    captionerFloor: 0,
    gallerySample: 30,
    others: 2,
    limn: { model: { ...model, factors: 2, projection: 8 }, training },
    captioner: { model, training },
  };
  await writeFile(join(root, 'plus.json'), JSON.stringify({ 'self-train': { selfTraining } }));
  const plus = ['self-train', '--config', 'plus.json', '--data', 'wardrobe', '--category', 'wardrobe'];
  const patches = ['--picture-size', '32', '--patch-size', '16', '--patch-layers', '0'];
  return {
    words: (name) => [...plus, ...patches, '--out', name],
    goOn: ['--resume'],
    result: (name) =>
      hashes(join(root, name, 'limn', 'weights.safetensors'), join(root, name, 'captioner', 'weights.safetensors')),
    folder: (name) => join(root, name),
  };
}

/** Indexing into the gallery called `name`. @param folder whose files must be those of a run without a kill */
export function indexScenario(location: (name: string) => string, folder: (name: string) => string): KilledCommand {
  return {
    words: (name) => [...indexWords, '--store', location(name)],
    result: (name) => contentOf(location(name)),
    folder,
  };
}
