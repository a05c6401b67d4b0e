/**
 * Reader of Shoes (Guo et al., "Dialog-based Interactive Image Retrieval", NeurIPS 2018):
 *
 *     relative_captions_shoes.json   [{ "ImageName": target, "ReferenceImageName": name, "RelativeCaption": text }, ...]
 *     train_im_names.txt             names of the training pictures, one a line
 *     eval_im_names.txt              names of the others: the split `val`, on which numbers are published
 *     images/.../{name}              the folders of the attribute discovery data, in images/ or in the folder itself
 *
 * A query belongs to the split of its reference. A few published rows have their reference as target; they are kept.
 */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { sha256File } from '../../core/files.js';
import { type DatasetFormat, defineDataset, type ReadOptions, requireFiles, requireSplit } from './dataset-format.js';
import { assembleSplit, filesByName } from './image-files.js';
import { silent } from './odd-rows.js';
import { eachRow, jsonRows, lineRows, type OnProblem, report } from './rows.js';
import { correctCaptions, protocolText } from './spelling.js';
import type { Split, Triplet } from './triplets.js';

const captionFile = 'relative_captions_shoes.json';
const nameFiles = { train: 'train_im_names.txt', val: 'eval_im_names.txt' } as const;

const rowSchema = z.object({
  ImageName: z.string().min(1),
  ReferenceImageName: z.string().min(1),
  RelativeCaption: z.string(),
});

/** Reads the split `train` (8,990 queries) or `val` (1,761). Picture ids are file names. See {@link DatasetFormat.read} for errors. */
export async function readShoes(options: ReadOptions): Promise<Split> {
  const { directory, split, onProblem, spelling } = options;
  requireFiles(directory, [captionFile, ...Object.values(nameFiles)], 'of Shoes');
  requireSplit('Shoes', split, ['train', 'val'], 'Numbers on Shoes are published on "val".');
  const [own, other] = split === 'train' ? [nameFiles.train, nameFiles.val] : [nameFiles.val, nameFiles.train];
  const names = await readNames(join(directory, own), onProblem);
  const others = await readNames(join(directory, other), onProblem);
  const rows = await jsonRows(
    join(directory, captionFile),
    'a list of captions',
    '{ ImageName, ReferenceImageName, RelativeCaption }',
  );
  const triplets = eachRow(rows, onProblem, (row): Triplet[] => {
    const { ImageName: target, ReferenceImageName: reference, RelativeCaption: caption } = row.parse(rowSchema);
    if (!names.has(reference) && others.has(reference)) return [];
    if (!names.has(reference)) throw row.fail(`"ReferenceImageName" is "${reference}", which no list of names has`);
    if (!names.has(target)) throw row.fail(`"ImageName" is "${target}", which ${own} does not have, unlike its reference`);
    const text = protocolText([caption], spelling);
    const empty = () => row.fail('"RelativeCaption" is empty; write what changes or remove the row');
    const captions = text === '' ? [] : correctCaptions([caption.trim()], spelling);
    return [{ reference, targets: [target], text: text || silent(options, empty), captions, source: row.source }];
  }).flat();
  const images = existsSync(join(directory, 'images')) ? join(directory, 'images') : directory;
  const twice: [string, string, string][] = [];
  const files = await filesByName(images, (...found) => names.has(found[0]) && twice.push(found));
  for (const [name, path, first] of twice) {
    if (await sameContent(path, first)) continue;
    const message = `Two pictures are called ${name}: ${first} and ${path}; remove the one that the captions are not about.`;
    report({ kind: 'duplicate', message }, onProblem);
  }
  const sought = [...names].map((id) => ({ id, path: files.get(id) ?? join(images, id), found: files.has(id) }));
  return assembleSplit(options, sought, triplets, { folder: images, advice: 'put the womens_* folders there, or the files' });
}

/** A picture that lies there twice is one all the same. */
async function sameContent(a: string, b: string): Promise<boolean> {
  const states = await Promise.all([stat(a), stat(b)]);
  if (states.some((state) => !state.isFile()) || states[0].size !== states[1].size) return false;
  return (await sha256File(a)) === (await sha256File(b));
}

async function readNames(path: string, onProblem: OnProblem | undefined): Promise<Set<string>> {
  const names = new Set<string>();
  for (const row of await lineRows(path, 'a list of picture names')) {
    const message = `${row.source}: the name "${row.value}" is there twice; remove one.`;
    if (names.has(row.value)) report({ kind: 'duplicate', message }, onProblem);
    names.add(row.value);
  }
  return names;
}

export const shoes = defineDataset({
  id: 'shoes',
  description: 'Shoes (Guo et al. 2018)',
  layout: `${captionFile}, ${nameFiles.train}, ${nameFiles.val}, and the pictures in images/ or beside them, in any folders`,
  images:
    'the pictures are those of the Attribute Discovery data (Berg et al. 2010): put its womens_* folders into images/ or beside the lists',
  defaultProtocol: 'shoes',
  splits: async () => ['train', 'val'],
  read: readShoes,
});
