/** From a table and images to a dataset of triplets on disk: "limn data from-metadata", and the first stage of "limn learn". */
import { LimnError } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import { imageVectors } from '../learning/from-metadata/image-vectors.js';
import { type MadeTriplets, makeTriplets } from '../learning/from-metadata/make-triplets.js';
import { leastProducts } from '../learning/from-metadata/split-products.js';
import type { Wording } from '../learning/from-metadata/wording.js';
import { writeTriplets } from '../learning/from-metadata/write-triplets.js';
import { Vocabulary } from '../models/encoders/text/vocabulary.js';
import type { ImageEncoderRuntime } from '../models/retrieval/image-encoder-runtime.js';
import { captionedTriplets } from './captioned-triplets.js';
import type { Catalogue } from './catalogue.js';
import { type CatalogueOptions, readCatalogue } from './read-catalogue.js';

/** Options of {@link makeData}. */
export interface MakeDataOptions extends CatalogueOptions {
  /** Where the dataset is written. */
  out: string;
  /** What images are compared with; the caller closes it. */
  reader: ImageEncoderRuntime;
  /** Columns to use. @default those that say something which images show */
  fields?: readonly string[] | undefined;
  /** Languages of the texts. @default English */
  wordings?: readonly Wording[] | undefined;
  /** How many triplets each training image starts. @default 2 to 24, fewer of a large catalogue */
  perImage?: number | undefined;
  /** Texts that a captioner writes for training, at most. @default 8000 */
  texts?: number | undefined;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress | undefined;
}

/** What {@link makeData} wrote. */
export interface MadeData {
  /** The triplets, by split. */
  made: MadeTriplets;
  /** What was found in the table and the folder. */
  catalogue: Omit<Catalogue, 'rows'>;
  /** Images that cannot be read; their rows are left out. */
  broken: number;
}

/** @throws LimnError as readCatalogue and makeTriplets do */
export async function makeData(options: MakeDataOptions): Promise<MadeData> {
  const { out, reader, images, fields, wordings, perImage, captioner, texts, seed, signal, onProgress } = options;
  const { rows, ...catalogue } = await readCatalogue(options);
  const source = await reader.read({
    images: rows.map(({ id, path }) => ({ id, path })),
    vocabulary: Vocabulary.build(['and'], { minCount: 1 }),
    onBroken: 'skip',
    signal,
    onProgress,
  });
  try {
    const readable = rows.filter(({ id }) => source.rowOf(id) !== undefined);
    const broken = rows.length - readable.length;
    if (readable.length < 2) {
      const message =
        broken > 0
          ? `Of ${rows.length} images to learn from ${broken} cannot be read: ${source.broken[0]?.reason}`
          : `There is one image to learn from, and limn learns from at least ${leastProducts} products: add products, or index the image with a model that was trained elsewhere.`;
      throw new LimnError('DATA', message, { details: { images: rows.length, broken } });
    }
    const vectors = imageVectors(
      source,
      readable.map(({ id }) => id),
    );
    const common = { rows: readable, vectors, seed, signal, onProgress };
    const made =
      catalogue.isDescribed || captioner === undefined
        ? await makeTriplets({ ...common, fields, wordings, perImage })
        : await captionedTriplets({ ...common, captioner, reader, texts });
    await writeTriplets(out, made, images);
    const notes = [
      ...catalogue.notes,
      ...(broken > 0 ? [`${broken} images cannot be read and are left out, the first: ${source.broken[0]?.reason}`] : []),
      ...made.notes.map((note) => `${note.charAt(0).toUpperCase()}${note.slice(1)}.`),
    ];
    return { made, catalogue: { ...catalogue, notes }, broken };
  } finally {
    await source.close();
  }
}
