/**
 * Reader of one's own triplets:
 *
 *     triplets.{train,val,test}.jsonl  an object a line: { "reference": "a.jpg", "target": "b.jpg", "text": "in red" }
 *     triplets.jsonl                   instead of them: all splits in one file, "split" in each line (without it: val)
 *     gallery.txt                      optional: more pictures to rank in val and test, a path a line
 *     images/                          the pictures, by those paths; or beside these files
 *
 * A query with several right answers has "targets": [...] instead of "target". Picture ids are the paths as they are written.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { type DatasetFormat, defineDataset, type ReadOptions, requireSplit } from './dataset-format.js';
import { assembleSplit, findUnder } from './image-files.js';
import { checkOwnTarget, silent } from './odd-rows.js';
import { type AnnotationRow, eachRow, lineRows } from './rows.js';
import { correctCaptions, protocolText } from './spelling.js';
import { type Split, type SplitName, splitNames, type Triplet } from './triplets.js';

const singleFile = 'triplets.jsonl';

const path = z.string().trim().min(1);
const rowSchema = z.strictObject({
  reference: path,
  target: path.optional(),
  targets: z.array(path).min(1).optional(),
  text: z.string(),
  split: z.enum(splitNames).optional(),
});

/** Reads one split. With `targets: 'optional'` a line needs none. See {@link DatasetFormat.read} for errors. */
export async function readOwnTriplets(options: ReadOptions): Promise<Split> {
  const { directory, split, onProblem } = options;
  requireSplit(directory, split, await listSplits(directory));
  const single = existsSync(join(directory, singleFile));
  const rows = await lineRows(join(directory, single ? singleFile : `triplets.${split}.jsonl`), 'triplets');
  const triplets = eachRow(rows, onProblem, (row) => readTriplet(row.json(), options, single)).flat();
  const ids = new Set(triplets.flatMap(({ reference, targets }) => [reference, ...targets]));
  const galleryFile = join(directory, 'gallery.txt');
  if (split !== 'train' && existsSync(galleryFile)) {
    for (const { value } of await lineRows(galleryFile, 'a list of pictures')) ids.add(value.trim());
  }
  const folders = [join(directory, 'images'), directory] as const;
  const images = [...ids].map((id) => ({ id, ...findUnder(folders, id) }));
  const advice = 'put them there by the paths in the triplets';
  return assembleSplit(options, images, triplets, { folder: folders[0], advice });
}

function readTriplet(row: AnnotationRow, options: ReadOptions, single: boolean): Triplet[] {
  const { split, targets: needed = 'required', spelling } = options;
  const { reference, target, targets, text: written, split: named } = row.parse(rowSchema);
  if (single && (named ?? 'val') !== split) return [];
  if (!single && named && named !== split) throw row.fail(`"split" is "${named}" in the file of ${split}`);
  if (target !== undefined && targets) throw row.fail('both "target" and "targets" are given; keep one');
  const answers = [...new Set(targets ?? (target === undefined ? [] : [target]))];
  if (answers.length === 0 && needed === 'required') {
    throw row.fail('"target" is missing; name the right answer, or several as "targets"');
  }
  checkOwnTarget(reference, answers, options, () =>
    row.fail(`"${reference}" is reference and target; a picture cannot be its own target`),
  );
  const text = protocolText([written], spelling);
  const empty = () => row.fail('"text" is empty; write what changes or remove the line');
  const captions = text === '' ? [] : correctCaptions([written.trim()], spelling);
  return [{ reference, targets: answers, text: text || silent(options, empty), captions, source: row.source }];
}

async function listSplits(directory: string): Promise<SplitName[]> {
  if (existsSync(join(directory, singleFile))) {
    const lines = await lineRows(join(directory, singleFile), 'triplets');
    const named = eachRow(
      lines,
      () => {},
      (line) => line.json().parse(rowSchema).split ?? 'val',
    );
    // Where no line can be read, reading val says why.
    return named.length === 0 ? ['val'] : splitNames.filter((name) => named.includes(name));
  }
  const found = splitNames.filter((name) => existsSync(join(directory, `triplets.${name}.jsonl`)));
  if (found.length > 0) return found;
  const message = `${directory} has no triplets.{train,val,test}.jsonl and no ${singleFile}; give the folder that holds one of them.`;
  throw new LimnError('DATA', message, { details: { directory } });
}

export const ownTriplets = defineDataset({
  id: 'triplets',
  description: 'your own triplets, an object a line: { "reference": "a.jpg", "target": "b.jpg", "text": "in red" }',
  layout: `triplets.{train,val,test}.jsonl (or ${singleFile} with "split" in each line), images/, optionally gallery.txt`,
  images: 'the pictures are yours: put them in images/ or beside the triplets, by the paths that the triplets give',
  defaultProtocol: 'triplets',
  splits: listSplits,
  read: readOwnTriplets,
});
