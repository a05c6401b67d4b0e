/**
 * The wardrobe: drawn catalogue pictures with modification texts, in the FashionIQ layout, so that limn can train, be tested
 * and be tried without any download. The category is `wardrobe`; train and val share no picture.
 */
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { z } from 'zod';
import { LimnError, messageOf, throwIfAborted } from '../../../core/errors.js';
import { makeFolder, readJson, writeError, writeFileAtomic } from '../../../core/files.js';
import { formerNames, presentOptions, readableAs } from '../../../core/former-names.js';
import type { OnProgress } from '../../../core/progress.js';
import { Random } from '../../../core/random.js';
import { mistakeIn } from '../../../core/schema.js';
import type { Garment } from './attributes.js';
import { growCatalogue, writeQueries } from './catalogue.js';
import { drawGarment } from './draw.js';
import { titleOf } from './title.js';

/** Raised when the same options would give other files. */
const generatorVersion = 1;
const manifestName = 'wardrobe.json';
/** Large, because ranking few pictures is too easy: a tenth of the gallery is of the right kind. */
const validationShare = 0.35;
const queriesPerImage = { train: 4, val: 1 };
const splitNames = ['train', 'val'] as const;

/** Options of {@link generateSyntheticFashion}. */
export interface SyntheticFashionOptions {
  /** An empty or new folder, or one that an earlier call began with the same options. */
  directory: string;
  /** Pictures in all, 50 to 4,000; 35 % are for validation. @default 2000 */
  images?: number;
  /** Seed of all random draws. @default 1 */
  seed?: number;
  /** Width and height of a picture in pixels, 16 to 1,024. @default 128 */
  size?: number;
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress;
}

/** What {@link generateSyntheticFashion} wrote. */
export interface SyntheticFashion {
  /** The dataset's folder. */
  readonly directory: string;
  /** The category to read it by. */
  readonly category: 'wardrobe';
  /** Pictures and triplets of each split. */
  readonly counts: Record<'train' | 'val', { images: number; triplets: number }>;
  /** True when everything was there already. */
  readonly reused: boolean;
}

const optionsSchema = z.object({
  images: z.int().min(50).max(4000).default(2000),
  seed: z.int().min(0).max(0xffffffff).default(1),
  size: z.int().min(16).max(1024).default(128),
});

interface PlannedImage {
  id: string;
  garment: Garment;
}

/**
 * Writes the wardrobe, or finishes one that was begun, or reuses one that is whole. The same options give the same files.
 *
 * @throws LimnError USAGE for options out of range or a folder with something else in it, INTERRUPTED on `signal`, after
 * which another call goes on with the pictures that are missing
 */
export async function generateSyntheticFashion(options: SyntheticFashionOptions): Promise<SyntheticFashion> {
  const { directory, signal, onProgress } = options;
  const parsed = optionsSchema.safeParse(presentOptions(options));
  if (!parsed.success) {
    const { place, reason } = mistakeIn(parsed.error);
    throw new LimnError('USAGE', `The wardrobe cannot be made: ${place} is out of range (${reason}).`);
  }
  const { images, seed, size } = parsed.data;
  const recipe = { version: generatorVersion, pictures: images, seed, size };
  const finished = await claimFolder(directory, recipe);
  const plan = planSyntheticFashion(images, seed);
  const all = splitNames.flatMap((name) => plan.splits[name].images);
  await makeFolder(join(directory, 'images')).catch((error) => {
    throw writeError(join(directory, 'images'), error);
  });
  const present = await wholeImages(join(directory, 'images'));
  const wanted = all.filter((image) => !present.has(`${image.id}.jpg`));
  const counts = Object.fromEntries(
    splitNames.map((name) => {
      const { images, captions } = plan.splits[name];
      return [name, readableAs({ images: images.length, triplets: captions.length }, 'pictures')];
    }),
  ) as SyntheticFashion['counts'];
  const texts = splitNames.flatMap((name): [string, string][] => {
    const { images } = plan.splits[name];
    return [
      [metadataFile(name), metadataTable(images)],
      [titlesFile(name), titlesTable(images)],
    ];
  });
  // Wardrobes of earlier versions lack the tables.
  const written = await Promise.all(texts.map(async ([path, text]) => (await textIn(join(directory, path))) === text));
  const reused = finished && wanted.length === 0 && written.every(Boolean);
  if (!reused) {
    await drawImages(wanted, all.length, { directory, seed, size, signal, onProgress });
    for (const [path, value] of plan.files) await writeFileAtomic(join(directory, path), `${JSON.stringify(value, null, 1)}\n`);
    for (const [path, text] of texts) await writeFileAtomic(join(directory, path), text);
    await writeFileAtomic(
      join(directory, manifestName),
      `${JSON.stringify({ ...recipe, finished: true, counts: formerNames(counts) }, null, 2)}\n`,
    );
  }
  return { directory, category: 'wardrobe', counts, reused };
}

/** Marks the folder as this wardrobe's. @returns whether it was finished before */
async function claimFolder(directory: string, recipe: Record<string, number>): Promise<boolean> {
  await makeFolder(directory).catch((error) => {
    throw new LimnError('IO', `Cannot make the folder ${directory}: ${messageOf(error)}.`, { cause: error });
  });
  const path = join(directory, manifestName);
  const names = (await readdir(directory)).filter((name) => !name.endsWith('.tmp'));
  if (!names.includes(manifestName)) {
    if (names.length > 0) throw new LimnError('USAGE', `${directory} is not empty; choose a new folder for the wardrobe.`);
    await writeFileAtomic(path, `${JSON.stringify({ ...recipe, finished: false }, null, 2)}\n`);
    return false;
  }
  const found = z
    .record(z.string(), z.unknown())
    .catch({})
    .parse(await readJson(path, 'the manifest of a wardrobe'));
  const other = Object.keys(recipe).filter((key) => found[key] !== recipe[key]);
  if (other.length === 0) return found.finished === true;
  const differences = other.map((key) => `${key} ${String(found[key])}, not ${recipe[key]}`).join('; ');
  const message = `${directory} holds another wardrobe (${differences}); choose another folder or delete this one.`;
  throw new LimnError('USAGE', message, { details: { directory, found, recipe } });
}

/** Everything but the pictures' bytes: who is in which split, and the files to write (path -> JSON value). */
export function planSyntheticFashion(images: number, seed: number) {
  const valCount = Math.round(images * validationShare);
  let next = 1;
  const files: [string, unknown][] = [];
  const makeSplit = (name: 'train' | 'val', count: number) => {
    const random = Random.derive(seed, `wardrobe ${name}`);
    const garments = growCatalogue(count, random);
    const planned: PlannedImage[] = garments.map((garment) => ({ id: `w${String(next++).padStart(5, '0')}`, garment }));
    const captions = writeQueries(garments, queriesPerImage[name], random).map((query) => ({
      target: planned[query.target]!.id,
      candidate: planned[query.reference]!.id,
      captions: query.captions,
    }));
    files.push([`image_splits/split.wardrobe.${name}.json`, planned.map((image) => image.id)]);
    files.push([`captions/cap.wardrobe.${name}.json`, captions]);
    return { images: planned, captions };
  };
  const splits = { train: makeSplit('train', images - valCount), val: makeSplit('val', valCount) };
  const attributes = [...splits.train.images, ...splits.val.images].map(({ id, garment }) => [id, garment]);
  files.push(['attributes.json', Object.fromEntries(attributes)]);
  return { splits, files };
}

/** The table of a split: what a shop would know of its garments, for "limn index --list" and "limn learn --list". */
export const metadataFile = (split: 'train' | 'val') => `metadata.${split}.csv`;

/** Beside it, what a shop would call each garment. Many share a title, from which "limn learn" would take them for one product. */
export const titlesFile = (split: 'train' | 'val') => `titles.${split}.csv`;

const titlesTable = (images: readonly PlannedImage[]) =>
  ['path,title', ...images.map(({ id, garment }) => `${id}.jpg,${titleOf(garment)}`)].map((line) => `${line}\n`).join('');

/** A row a garment; what its kind does not have is left empty. */
function metadataTable(images: readonly PlannedImage[]): string {
  const columns = [...new Set(images.flatMap(({ garment }) => Object.keys(garment)))];
  const rows = images.map(({ id, garment }) => [`${id}.jpg`, ...columns.map((column) => garment[column] ?? '')]);
  return [['path', ...columns], ...rows].map((row) => `${row.join(',')}\n`).join('');
}

const textIn = (path: string) => readFile(path, 'utf8').catch(() => undefined);

/** Names of the picture files that are not empty. */
async function wholeImages(folder: string): Promise<Set<string>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jpg'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  return new Set(names.filter((_, index) => sizes[index]! > 0));
}

interface DrawOptions {
  directory: string;
  seed: number;
  size: number;
  signal: AbortSignal | undefined;
  onProgress: OnProgress | undefined;
}

/** Renders and writes pictures, a few at a time. Each has a generator of its own, so the order does not matter. */
async function drawImages(wanted: readonly PlannedImage[], total: number, options: DrawOptions): Promise<void> {
  const { directory, seed, size, signal, onProgress } = options;
  let next = 0;
  let done = total - wanted.length;
  const draw = async ({ id, garment }: PlannedImage) => {
    const path = join(directory, 'images', `${id}.jpg`);
    const svg = drawGarment(garment, size, Random.derive(seed, id));
    const bytes = await sharp(Buffer.from(svg)).removeAlpha().jpeg({ quality: 90, chromaSubsampling: '4:4:4' }).toBuffer();
    try {
      await writeFile(`${path}.tmp`, bytes);
      await rename(`${path}.tmp`, path);
    } catch (error) {
      throw writeError(path, error);
    }
  };
  const work = async () => {
    try {
      for (let image = wanted[next++]; image; image = wanted[next++]) {
        throwIfAborted(signal, 'drawing the wardrobe');
        await draw(image);
        onProgress?.({ stage: 'draw the wardrobe', done: ++done, total });
      }
    } finally {
      next = wanted.length;
    }
  };
  await Promise.all(Array.from({ length: Math.min(8, 2 * availableParallelism()) }, work));
}
