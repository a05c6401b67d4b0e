/**
 * Reader of CIRR (Liu et al., "Image Retrieval on Real-life Images with Pre-trained Vision-and-Language Models", ICCV 2021):
 *
 *     captions/cap.rc2.{train,val,test1}.json        [{ pairid, reference, target_hard, caption, img_set: { members } }, ...]
 *     image_splits/split.rc2.{train,val,test1}.json  { id: "./dev/dev-244-0-img0.png", ... }
 *     images/, img_raw/ or the folder itself         the pictures, by those paths
 *
 * The annotations may also lie in a folder cirr/ beside the pictures. The split `test` is test1, whose targets only the test
 * server knows: its triplets have none. One published caption of test1 is empty; as a submission answers every query and
 * models want a word, its text is "unchanged", and its triplet has no captions. A train file without img_set, as others have rebuilt it, will do.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { readJson } from '../../core/files.js';
import { type DatasetFormat, defineDataset, type ReadOptions, requireSplit } from './dataset-format.js';
import { assembleSplit, findUnder, namesIn } from './image-files.js';
import { checkOwnTarget, silent } from './odd-rows.js';
import { type AnnotationRow, eachRow, explain, jsonRows } from './rows.js';
import { correctCaptions, protocolText } from './spelling.js';
import type { Split, SplitName, Triplet } from './triplets.js';

/** The names that CIRR's files give the splits. */
const published = { train: 'train', val: 'val', test: 'test1' } as const;

const pathsSchema = z.record(z.string().min(1), z.string().min(1));
const rowSchema = z.object({
  pairid: z.union([z.int(), z.string()]).optional(),
  reference: z.string().min(1),
  target_hard: z.string().min(1).optional(),
  caption: z.string(),
  img_set: z.object({ members: z.array(z.string().min(1)).min(2) }).optional(),
});

/**
 * Reads one split. A triplet's `id` is its pairid; `subset` is its img_set, which `val` and `test` must have. See
 * {@link DatasetFormat.read} for errors.
 */
export async function readCirr(options: ReadOptions): Promise<Split> {
  const { directory, split, onProblem } = options;
  requireSplit(`CIRR in ${directory}`, split, await listSplits(directory));
  const annotations = annotationFolder(directory);
  const pathFile = join(annotations, 'image_splits', `split.rc2.${published[split]}.json`);
  const parsed = pathsSchema.safeParse(await readJson(pathFile, 'the paths of the pictures'));
  if (!parsed.success) throw new LimnError('DATA', `${pathFile} must be an object of { id: path }: ${explain(parsed.error)}.`);
  const paths = new Map(Object.entries(parsed.data));
  const form = '{ pairid, reference, target_hard, caption, img_set }';
  const rows = await jsonRows(join(annotations, 'captions', `cap.rc2.${published[split]}.json`), 'a list of captions', form);
  const triplets = eachRow(rows, onProblem, (row) => readTriplet(row, paths, options));
  const folders = [join(directory, 'images'), join(directory, 'img_raw'), directory] as const;
  const images = [...paths].map(([id, path]) => ({ id, ...findUnder(folders, path) }));
  const advice = 'put them there by the paths in image_splits/';
  return assembleSplit(options, images, triplets, { folder: folders[0], advice });
}

function readTriplet(row: AnnotationRow, paths: ReadonlyMap<string, string>, options: ReadOptions): Triplet {
  const { split, spelling } = options;
  const { pairid, reference, target_hard: target, caption, img_set } = row.parse(rowSchema);
  if (split !== 'test' && target === undefined) throw row.fail('"target_hard" is missing; correct the row or remove it');
  const subset = split === 'train' ? undefined : img_set?.members;
  if (split !== 'train' && !subset) throw row.fail('"img_set" is missing; without it R_subset cannot be measured');
  for (const [key, ids] of Object.entries({
    reference: [reference],
    target_hard: [target ?? []].flat(),
    img_set: subset ?? [],
  })) {
    const unknown = ids.find((id) => !paths.has(id));
    if (unknown !== undefined) throw row.fail(`"${key}" has "${unknown}", which image_splits/ does not list for this split`);
  }
  checkOwnTarget(reference, [target], options, () =>
    row.fail(`"reference" and "target_hard" are both "${target}"; a picture cannot be its own target`),
  );
  const written = caption.trim();
  const text = protocolText([written], spelling);
  const empty = () => row.fail('"caption" is empty; write what changes or remove the row');
  return {
    reference,
    targets: target === undefined || split === 'test' ? [] : [target],
    text: text || silent(split === 'test' ? { odd: 'keep' } : options, empty),
    captions: text === '' ? [] : correctCaptions([written], spelling),
    source: row.source,
    ...(pairid !== undefined && { id: String(pairid) }),
    ...(subset && { subset }),
  };
}

const annotationFolder = (directory: string) => (existsSync(join(directory, 'captions')) ? directory : join(directory, 'cirr'));

async function listSplits(directory: string): Promise<SplitName[]> {
  const names = await namesIn(join(annotationFolder(directory), 'captions'));
  const splits = (Object.keys(published) as SplitName[]).filter((split) => names.includes(`cap.rc2.${published[split]}.json`));
  if (splits.length > 0) return splits;
  const message = `${directory} has no captions/cap.rc2.{train,val,test1}.json; give the folder that holds captions/ and image_splits/.`;
  throw new LimnError('DATA', message, { details: { directory } });
}

export const cirr = defineDataset({
  id: 'cirr',
  description: 'CIRR (Liu et al. 2021)',
  layout:
    'captions/cap.rc2.{train,val,test1}.json, image_splits/split.rc2.*.json, and the pictures in images/, img_raw/ or beside them',
  images:
    'the pictures are those of NLVR2 (ask its authors): put the folders train/, dev/ and test1/ into images/, img_raw/ or beside captions/',
  defaultProtocol: 'cirr-val',
  splits: listSplits,
  read: readCirr,
});
