/**
 * Reader of Fashion200K (Han et al., "Automatic Spatially-aware Fashion Concept Discovery", ICCV 2017) with the queries of
 * TIRG (Vo et al., "Composing Text and Image for Image Retrieval", CVPR 2019):
 *
 *     labels/{category}_{train,test}_detect_all.txt  "path<tab>score<tab>caption" a line
 *     test_queries.txt                               "reference-path target-path" a line
 *     women/dresses/...                              the pictures, by those paths; also in images/
 *
 * A query's text is "replace A with B", where the captions of its pictures differ in these words. The test queries are
 * published; those of training are drawn, here once and with a seed: for each picture {@link pairsPerImage} pictures whose
 * captions are one word apart from its own. As there is no validation split, {@link heldOut} of the training captions, with
 * all their pictures, are the split `val` and never in `train`. Picture ids are the paths; a picture's label is its caption.
 *
 * A path may be listed several times, with different captions. In the test split each line is a picture that is ranked, and the
 * queries mean the last line of a path, as in TIRG's code; in training the first line counts.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LimnError } from '../../core/errors.js';
import { Random } from '../../core/random.js';
import { type DatasetFormat, defineDataset, type ReadOptions, requireCategory, requireSplit } from './dataset-format.js';
import { assembleSplit, findUnder, namesIn } from './image-files.js';
import { checkOwnTarget } from './odd-rows.js';
import { type CaptionedImage, drawPairs, type Pair } from './one-word-apart.js';
import { eachRow, lineRows } from './rows.js';
import { correctCaptions, protocolText } from './spelling.js';
import { type Split, type SplitName, splitNames, type Triplet } from './triplets.js';

/**
 * Queries drawn for a picture; fewer where it has fewer partners. With two of them for training a model learns by heart which
 * picture is whose target (docs/decisions/0008).
 */
const pairsPerImage = { train: 8, val: 2 } as const;
/** The share of the training captions whose pictures are for validation. */
export const heldOut = 0.1;
/** Of the validation captions and the drawn queries. */
const seed = 1;
const queryFile = 'test_queries.txt';

/** Reads one split of one category, or of all together. See {@link DatasetFormat.read} for errors. */
export async function readFashion200k(options: ReadOptions): Promise<Split> {
  const { directory, split, category, spelling } = options;
  requireSplit(`Fashion200K in ${directory}`, split, await listSplits(directory, category));
  const all = [...(await listCategories(directory))].filter(([, splits]) => splits.includes(split));
  const categories = category === undefined ? all.map(([name]) => name) : [category];
  const images = await readImages(directory, categories, options);
  const labels = new Map(images.map(({ id, label }) => [id, label]));
  const queries =
    split === 'test'
      ? await readTestQueries(options, labels)
      : drawPairs(images, pairsPerImage[split], Random.derive(seed, `fashion200k ${split}`));
  const triplets = queries.map(({ reference, target, source }): Triplet => {
    const text = replacement(labels.get(reference) as string, labels.get(target) as string);
    return {
      reference,
      targets: [target],
      text: protocolText([text], spelling),
      captions: correctCaptions([text], spelling),
      source,
    };
  });
  const folders = [directory, join(directory, 'images')] as const;
  const sought = images.map(({ id, label }) => ({ id, label, ...findUnder(folders, id) }));
  return assembleSplit(options, sought, triplets, { folder: directory, advice: 'put them there by the paths in labels/' });
}

/** "replace A with B": the first word of each caption that the other one lacks; where it lacks none, the last one, as TIRG does. */
export function replacement(from: string, to: string): string {
  const [a, b] = [from.split(/\s+/), to.split(/\s+/)];
  const lacked = (words: string[], other: string[]) => words.find((word) => !other.includes(word)) ?? words.at(-1);
  return `replace ${lacked(a, b)} with ${lacked(b, a)}`;
}

/** The pictures of a split, in the order of the files; the same path again is a picture of its own in the test split alone. */
async function readImages(directory: string, categories: readonly string[], options: ReadOptions): Promise<CaptionedImage[]> {
  const { split, onProblem } = options;
  const images: CaptionedImage[] = [];
  const ids = new Set<string>();
  for (const category of categories) {
    const file = join(directory, 'labels', `${category}_${split === 'test' ? 'test' : 'train'}_detect_all.txt`);
    eachRow(await lineRows(file, 'labels'), onProblem, (row) => {
      const [id = '', score, ...rest] = row.value.split('\t');
      const label = rest.join(' ').trim();
      if (id === '' || score === undefined)
        throw row.fail('a line is "path, score, caption" with tabs between; correct it or remove it');
      if (label === '') throw row.fail(`"${id}" has no caption; correct the line or remove it`);
      const twice = ids.has(id);
      const what =
        split === 'test' ? 'every line is ranked, and queries mean the last, as in published code' : 'its first line counts';
      if (twice) onProblem?.({ kind: 'duplicate', message: `${row.source}: "${id}" is there twice; ${what}.`, harmless: true });
      ids.add(id);
      if (!twice || split === 'test') images.push({ id, label, source: row.source });
    });
  }
  if (split === 'test') return images;
  const held = (caption: string) => Random.derive(seed, `fashion200k held out ${caption}`).uniform() < heldOut;
  return images.filter(({ label }) => held(label) === (split === 'val'));
}

/** The published pairs. Those with a picture of a category that is not read are left out. */
async function readTestQueries(options: ReadOptions, labels: ReadonlyMap<string, string>): Promise<Pair[]> {
  const { directory, category, onProblem } = options;
  const pairs = eachRow(await lineRows(join(directory, queryFile), 'the test queries'), onProblem, (row): Pair[] => {
    const [reference, target, ...rest] = row.value.trim().split(/\s+/);
    if (!reference || !target || rest.length > 0)
      throw row.fail('a line is "reference-path target-path"; correct it or remove it');
    const unknown = [reference, target].find((id) => !labels.has(id));
    if (unknown !== undefined && category !== undefined) return [];
    if (unknown !== undefined) throw row.fail(`"${unknown}" is in no labels/*_test_detect_all.txt`);
    checkOwnTarget(reference, [target], options, () =>
      row.fail(`"${reference}" is reference and target; a picture cannot be its own target`),
    );
    return [{ reference, target, source: row.source }];
  });
  return pairs.flat();
}

async function listCategories(directory: string): Promise<Map<string, SplitName[]>> {
  const queries = existsSync(join(directory, queryFile));
  const categories = new Map<string, SplitName[]>();
  // "test" sorts before "train", whose splits come first.
  for (const name of (await namesIn(join(directory, 'labels'))).sort().reverse()) {
    const [, category, list] = /^(.+)_(train|test)_detect_all\.txt$/.exec(name) ?? [];
    if (!category || (list === 'test' && !queries)) continue;
    const splits: SplitName[] = list === 'test' ? ['test'] : ['train', 'val'];
    categories.set(category, [...(categories.get(category) ?? []), ...splits]);
  }
  if (categories.size > 0) return new Map([...categories].reverse());
  const message = `${directory} has no labels/{category}_train_detect_all.txt; give the folder that holds labels/ and ${queryFile}.`;
  throw new LimnError('DATA', message, { details: { directory } });
}

async function listSplits(directory: string, category?: string): Promise<SplitName[]> {
  const categories = await listCategories(directory);
  if (category !== undefined) return requireCategory(directory, category, categories);
  const found = [...categories.values()].flat();
  return splitNames.filter((split) => found.includes(split));
}

export const fashion200k = defineDataset({
  id: 'fashion200k',
  description: "Fashion200K (Han et al. 2017) with TIRG's queries",
  layout: `labels/{category}_{train,test}_detect_all.txt, ${queryFile}, and the pictures by the paths in labels/`,
  images: "the pictures are in the authors' archive of detected clothes: unpack its women/ beside labels/ or into images/",
  defaultProtocol: 'fashion200k',
  categories: listCategories,
  categoriesTogether: true,
  splits: listSplits,
  read: readFashion200k,
});
