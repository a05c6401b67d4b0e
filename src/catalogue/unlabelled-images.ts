/** The images of a shop that no triplet names, and that are not those of held-out products in another view. */
import { join } from 'node:path';
import { dot } from '../core/dot.js';
import { Random } from '../core/random.js';
import type { DatasetImage, Split } from '../learning/data/triplets.js';
import { imageVectors } from '../learning/from-metadata/image-vectors.js';
import { nearlySame } from '../learning/from-metadata/near-images.js';
import { Vocabulary } from '../models/encoders/text/vocabulary.js';
import type { ImageEncoderRuntime } from '../models/retrieval/image-encoder-runtime.js';
import { scanFolder } from '../search/gallery/ingest/scan.js';
import { productName } from './image-keys.js';

export interface UnlabelledImages {
  images: DatasetImage[];
  /** Images that were left out, because a held-out product may be on them. */
  heldOut: number;
}

/** More than this teach little more, and each has to be read. */
const most = 4000;

export async function unlabelledImages({
  folder,
  labelled,
  heldOut,
  reader,
  seed,
  signal,
}: {
  /** The folder of all images. */
  folder: string;
  /** Images that are trained on. */
  labelled: Pick<Split, 'images'>;
  /** Images that models are measured on. */
  heldOut: readonly Pick<Split, 'images'>[];
  reader: ImageEncoderRuntime;
  seed: number;
  signal: AbortSignal | undefined;
}): Promise<UnlabelledImages> {
  const { paths } = await scanFolder(folder);
  const measured = heldOut.flatMap(({ images }) => images);
  const known = new Set([...labelled.images, ...measured].map(({ id }) => id));
  const products = new Set(measured.map(({ id }) => productName(id)));
  const others = paths.filter((path) => !known.has(path));
  const ofOthers = others.filter((path) => !products.has(productName(path)));
  const chosen = Random.derive(seed, 'images without a row')
    .shuffle([...ofOthers])
    .slice(0, most)
    .sort();
  if (chosen.length === 0) return { images: [], heldOut: others.length - ofOthers.length };
  const place = (path: string): DatasetImage => ({ id: path, path: join(folder, ...path.split('/')) });
  const candidates = chosen.map(place);
  const source = await reader.read({
    images: [...measured, ...candidates],
    vocabulary: Vocabulary.build(['and'], { minCount: 1 }),
    onBroken: 'skip',
    signal,
  });
  try {
    const readable = (images: readonly DatasetImage[]) => images.filter(({ id }) => source.rowOf(id) !== undefined);
    const [against, from] = [readable(measured), readable(candidates)];
    const { data, width } = imageVectors(
      source,
      [...against, ...from].map(({ id }) => id),
    );
    const isView = (row: number) =>
      against.some((_, other) => dot(data, (against.length + row) * width, data, other * width, width) >= nearlySame);
    const images = from.filter((_, row) => !isView(row));
    return { images, heldOut: others.length - ofOthers.length + from.length - images.length };
  } finally {
    await source.close();
  }
}
