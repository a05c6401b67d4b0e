/**
 * Reader of Birds-to-Words (Forbes et al., "Neural Naturalist", EMNLP 2019):
 *
 *     birds-to-words-v1.0.tsv    a line a description, with the column names in the first line
 *     images/{photo number}.jpg  or .jpeg, .png, .webp; or as the last part of the picture's address
 *
 * Each description is one query from the left picture to the right one. In training the reversed pair is one too, with
 * "animal1" and "animal2" exchanged in the text. Picture ids are the numbers of the iNaturalist photographs.
 */
import { join } from 'node:path';
import { LimnError } from '../../core/errors.js';
import { type DatasetFormat, defineDataset, type ReadOptions, requireFiles } from './dataset-format.js';
import { assembleSplit, filesById, namesIn } from './image-files.js';
import { checkOwnTarget, silent } from './odd-rows.js';
import { type AnnotationRow, eachRow, lineRows } from './rows.js';
import { correctCaptions, protocolText } from './spelling.js';
import { type Split, type SplitName, splitNames, type Triplet } from './triplets.js';

const fileName = 'birds-to-words-v1.0.tsv';
const columns = ['img1ObservationURL', 'img1ImgURL', 'img2ObservationURL', 'img2ImgURL', 'split', 'description'] as const;

type Line = Record<(typeof columns)[number], string>;

/** Reads one split. See {@link DatasetFormat.read} for errors. */
export async function readBirdsToWords(options: ReadOptions): Promise<Split> {
  const { directory, split, onProblem, spelling } = options;
  requireFiles(directory, [fileName], 'of Birds-to-Words');
  const [head, ...rows] = await lineRows(join(directory, fileName), 'the descriptions');
  const positions = columnPositions(head);
  /** Photo number -> address. */
  const addresses = new Map<string, string>();
  const triplets = eachRow(rows, onProblem, (row): Triplet[] => {
    const line = readLine(row, positions);
    if (line.split !== split) return [];
    const left = photoNumber(row, 'img1ObservationURL', line);
    const right = photoNumber(row, 'img2ObservationURL', line);
    checkOwnTarget(left, [right], options, () => row.fail(`both pictures are ${left}; a picture cannot be its own target`));
    const triplet = (reference: string, target: string, caption: string): Triplet => {
      const text = protocolText([caption], spelling);
      const empty = () => row.fail('"description" is empty; write what changes or remove the line');
      const captions = text === '' ? [] : correctCaptions([caption], spelling);
      return { reference, targets: [target], text: text || silent(options, empty), captions, source: row.source };
    };
    const made = [triplet(left, right, line.description)];
    if (split === 'train') made.push(triplet(right, left, exchangeAnimals(line.description)));
    addresses.set(left, line.img1ImgURL).set(right, line.img2ImgURL);
    return made;
  }).flat();
  const images = join(directory, 'images');
  const files = await filesById(images);
  const names = new Set(await namesIn(images));
  const sought = [...addresses].map(([id, address]) => {
    const downloaded = address.slice(address.lastIndexOf('/') + 1);
    const path = files.get(id) ?? (names.has(downloaded) ? join(images, downloaded) : undefined);
    return { id, path: path ?? join(images, `${id}.jpg`), found: path !== undefined };
  });
  const advice = 'put them there as {photo number}.jpg, .jpeg, .png or .webp';
  return assembleSplit(options, sought, triplets, { folder: images, advice });
}

/** The text of the reversed pair: "animal1" and "animal2" (also "Animal 1") change places. */
export function exchangeAnimals(text: string): string {
  return text.replace(/\b(animal\s*)([12])\b/gi, (_, animal, number) => `${animal}${number === '1' ? 2 : 1}`);
}

function columnPositions(head: AnnotationRow<string> | undefined): Map<string, number> {
  const positions = new Map(head?.value.split('\t').map((name, position) => [name.trim(), position]));
  const absent = columns.filter((name) => !positions.has(name));
  if (head && absent.length === 0) return positions;
  const what = `the first line must name the columns, with tabs between them; ${absent.join(', ')} not found`;
  throw head?.fail(what) ?? new LimnError('DATA', `${fileName} is empty; get it again.`);
}

function readLine(row: AnnotationRow<string>, positions: ReadonlyMap<string, number>): Line {
  const cells = row.value.split('\t');
  const line = {} as Line;
  for (const name of columns) {
    const cell = cells[positions.get(name) as number];
    if (cell === undefined) throw row.fail(`it has ${cells.length} columns and no "${name}"; correct the line or remove it`);
    line[name] = unquoted(cell.trim());
  }
  if (splitNames.includes(line.split as SplitName)) return line;
  throw row.fail(`"split" is "${line.split}" and none of ${splitNames.join(', ')}`);
}

/** The number at the end of the address of an iNaturalist photograph. */
function photoNumber(row: AnnotationRow, column: 'img1ObservationURL' | 'img2ObservationURL', line: Line): string {
  const [, number] = /\/(\d+)\/?$/.exec(line[column]) ?? [];
  if (number) return number;
  throw row.fail(`"${column}" is "${line[column]}", which does not end in the number of a photograph`);
}

/** A cell as tools write it that put quotation marks around texts. */
function unquoted(cell: string): string {
  return /^".*"$/s.test(cell) ? cell.slice(1, -1).replaceAll('""', '"').trim() : cell;
}

export const birdsToWords = defineDataset({
  id: 'birds-to-words',
  description: 'Birds-to-Words (Forbes et al. 2019)',
  layout: `${fileName}, images/{photo number}.jpg`,
  images: `the addresses of the pictures are in ${fileName} (img1ImgURL, img2ImgURL); put them in images/ as {photo number}.jpg`,
  defaultProtocol: 'birds-to-words',
  splits: async () => [...splitNames],
  read: readBirdsToWords,
});
