/** Writes triplets as a dataset that limn reads: "limn train --dataset triplets --data FOLDER". */
import { relative, resolve } from 'node:path';
import { makeFolder, writeFileAtomic } from '../../core/files.js';
import { imagesFile } from '../data/own-triplets.js';
import { splitNames } from '../data/triplets.js';
import type { MadeTriplets } from './make-triplets.js';

/** The images stay where they are; the dataset says where that is. @param images the folder that ids are paths inside of */
export async function writeTriplets(folder: string, made: MadeTriplets, images: string): Promise<void> {
  await makeFolder(folder);
  const lines = (entries: readonly object[]) => entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  for (const name of splitNames) await writeFileAtomic(`${folder}/triplets.${name}.jsonl`, lines(made.splits[name]));
  // Every image that is held out is ranked, also those that no query names.
  await writeFileAtomic(`${folder}/gallery.txt`, [...made.images.val, ...made.images.test].map((id) => `${id}\n`).join(''));
  const place = { images: relative(resolve(folder), resolve(images)) || '.' };
  await writeFileAtomic(`${folder}/${imagesFile}`, `${JSON.stringify(place)}\n`);
  const { splits: _, images: ids, ...report } = made;
  const counts = Object.fromEntries(
    splitNames.map((name) => [name, { images: ids[name].length, triplets: made.splits[name].length }]),
  );
  await writeFileAtomic(`${folder}/from-metadata.json`, `${JSON.stringify({ counts, ...report }, undefined, 2)}\n`);
}
