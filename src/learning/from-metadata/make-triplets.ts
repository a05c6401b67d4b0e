/** From the rows of a catalogue to triplets: columns, attributes, products, splits, pairs and texts, each of them seeded. */
import { LimnError } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress.js';
import { Random } from '../../core/random.js';
import { type SplitName, splitNames } from '../data/triplets.js';
import type { ScoreVectors } from '../eval/vectors.js';
import { type CatalogueAttribute, readAttributes } from './attributes.js';
import type { CatalogueRow } from './catalogue-row.js';
import { Differences } from './changes.js';
import { chooseAttributes } from './choose-attributes.js';
import { type Column, typeColumns } from './columns.js';
import { englishWording } from './english/wording.js';
import { FreeWords } from './free-words.js';
import { groupProducts } from './groups.js';
import { Kinds } from './kinds.js';
import { findNear } from './near-images.js';
import { type DrawnPair, drawPairs } from './pairs.js';
import { splitProducts } from './split-products.js';
import { subjectOf } from './subject.js';
import type { Wording } from './wording.js';
import { writeText } from './write-text.js';

export interface MakeTripletsOptions {
  rows: readonly CatalogueRow[];
  /** One row a product, of length 1, from which pairs of like images are told. */
  vectors: ScoreVectors;
  /** Columns to learn from. @default those that tell something which images show */
  fields?: readonly string[] | undefined;
  /** Languages of the texts, drawn evenly. @default English */
  wordings?: readonly Wording[] | undefined;
  /** Most training triplets from one reference. @default 6; so many that there are some 10,000 of few products, up to 24, and some 30,000 of many, down to 2 */
  perImage?: number | undefined;
  /** @default 1 */
  seed?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

export interface MadeTriplet {
  readonly reference: string;
  readonly target: string;
  readonly text: string;
  readonly provenance: {
    /** What the text is made from: the table's values, or the two images. */
    readonly source: 'metadata' | 'captioner';
    readonly strategy: DrawnPair['strategy'];
    readonly similarity: number;
    readonly language: string;
    readonly changes: readonly { attribute: string; from: string; to: string }[];
  };
}

export interface MadeTriplets {
  readonly splits: Readonly<Record<SplitName, readonly MadeTriplet[]>>;
  /** Ids of the images of each split. */
  readonly images: Readonly<Record<SplitName, readonly string[]>>;
  readonly columns: readonly Column[];
  readonly attributes: readonly { name: string; kind: CatalogueAttribute['kind']; source: string; values: number }[];
  readonly leftOut: readonly { name: string; reason: string }[];
  readonly products: number;
  /** What a person should know, in sentences without their end. */
  readonly notes: readonly string[];
}

/**
 * How many triplets a reference has. Few products are compared with more others each, so that a training does not learn single pairs by heart, and
 * many with fewer, so that one fits into its time.
 */
const perImageOf = (products: number) =>
  Math.max(2, Math.min(24, Math.round(10_000 / products)), Math.min(6, Math.ceil(30_000 / products)));

/**
 * Makes triplets.
 *
 * @throws LimnError USAGE for a field that is no column; DATA where nothing can be learned: no column tells products apart, too few
 * products, or images that are all alike; INTERRUPTED
 */
export async function makeTriplets(options: MakeTripletsOptions): Promise<MadeTriplets> {
  const { rows, vectors, fields, wordings = [englishWording], seed = 1, signal, onProgress } = options;
  const perImage = options.perImage ?? perImageOf(rows.length);
  const columns = typeColumns(rows, fields);
  const near = await findNear(vectors, { signal, onProgress });
  const read = readAttributes(rows, columns, { fields });
  const choice = chooseAttributes(read.attributes, near.nearest, fields !== undefined);
  const words = read.texts && FreeWords.from(read.texts, near.nearest);
  const leftOut = [...columns.flatMap(({ name, reason }) => (reason === undefined ? [] : [{ name, reason }])), ...choice.leftOut];
  const { attributes } = choice;
  if (attributes.length === 0 && !words) throw nothingToTell(columns.length, leftOut);
  const groups = groupProducts(rows, columns, near);
  const copies = near.copies.reduce((sum, { length }) => sum + length - 1, 0);
  const split = splitProducts(groups, Random.derive(seed, 'products of splits'));
  const differences = new Differences(attributes);
  const kinds = new Kinds(attributes);
  const splits = Object.fromEntries(
    splitNames.map((name) => {
      const random = Random.derive(seed, `pairs of ${name}`);
      const perReference = name === 'train' ? perImage : heldOutPerImage(split[name].length);
      const pairs = drawPairs({
        ...{ rows: split[name], perReference, differences, kinds, words, vectors },
        ...{ random, signal, onProgress },
      });
      return [name, pairs.map((pair) => tripletOf(pair, { rows, attributes, wordings, random }))];
    }),
  ) as Record<SplitName, MadeTriplet[]>;
  for (const name of splitNames) if (splits[name].length === 0) throw noPairs(name, split[name].length, attributes);
  const idsOf = (name: SplitName) => split[name].map((row) => (rows[row] as CatalogueRow).id);
  return {
    splits,
    images: { train: idsOf('train'), val: idsOf('val'), test: idsOf('test') },
    columns,
    attributes: attributes.map((attribute) => ({
      name: attribute.name,
      kind: attribute.kind,
      source: attribute.source,
      values: attribute.kind === 'number' ? 0 : attribute.values.length,
    })),
    leftOut,
    products: groups.count,
    notes: [
      ...groups.notes,
      ...(words ? [`half of the texts tell in ${words.count} words of the free texts what differs`] : []),
      ...(copies > 0 ? [`${copies} images are copies of another; they count as one product with it`] : []),
    ],
  };
}

/** Small galleries are asked more often, so that their recall is less of a matter of luck. */
export const heldOutPerImage = (images: number) => (images < 500 ? 3 : 1);

interface Told {
  rows: readonly CatalogueRow[];
  attributes: readonly CatalogueAttribute[];
  wordings: readonly Wording[];
  random: Random;
}

function tripletOf(pair: DrawnPair, { rows, attributes, wordings, random }: Told): MadeTriplet {
  const { reference, target, changes, strategy, similarity } = pair;
  const wording = random.pick(wordings);
  return {
    reference: (rows[reference] as CatalogueRow).id,
    target: (rows[target] as CatalogueRow).id,
    text: writeText(changes, wording, random, subjectOf(attributes, pair)),
    provenance: {
      source: 'metadata',
      strategy,
      similarity: Number(similarity.toFixed(3)),
      language: wording.language,
      changes: changes.map(({ attribute, from, to }) => ({ attribute: attribute.name, from, to })),
    },
  };
}

type LeftOut = readonly { name: string; reason: string }[];

function nothingToTell(columns: number, leftOut: LeftOut): LimnError {
  const reasons = leftOut
    .slice(0, 6)
    .map(({ name, reason }) => `"${name}": ${reason}`)
    .join('; ');
  const why =
    columns === 0 ? 'The table has no columns beside the images' : 'No column tells products apart in a way that texts can say';
  const message = `${why}${reasons && ` (${reasons})`}. Give a table with a colour, a type or titles, or choose columns with --fields.`;
  return new LimnError('DATA', message, { details: { leftOut } });
}

function noPairs(name: SplitName, images: number, attributes: readonly CatalogueAttribute[]): LimnError {
  const named = attributes.map((attribute) => `"${attribute.name}"`).join(', ');
  const message = `Among the ${images} images of ${name} no two differ in one to three of ${named}: give more products, or other columns with --fields.`;
  return new LimnError('DATA', message, { details: { split: name, images } });
}
