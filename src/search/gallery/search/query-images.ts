/**
 * What the encoder made of the images of queries: of those of the last searches, and of those of the gallery whose features were kept when they were
 * indexed. For others the file is decoded and encoded, which is a good part of a search.
 */

import { newArray, sizeOf, type Tensor, tensor } from '../../../engine/tensor/tensor.js';
import type { Box } from '../../../models/encoders/image/box.js';
import type { ImageFeatures } from '../../../models/retrieval/image-features.js';
import type { StoredItem } from '../../store/store.js';
import type { DecodedImage } from '../embedder.js';
import type { QueryEmbedder } from '../query-embedder.js';
import { Recent } from './recent.js';

/** Pictures that are remembered, a tenth of a megabyte each for the features of MobileNetV2. */
const remembered = 128;

/** The inputs of a batch of one. */
type ImageInputs = Readonly<Record<string, Tensor>>;

/** A picture of a request: where it comes from, and its content. */
export interface KnownImage {
  /** Of its file. */
  content: string;
  /** Only this part of it is looked at. */
  box?: Box | undefined;
  /** What is looked at: its content, or a part of that. */
  seen: string;
  /** Its item, where it is one of the gallery's. */
  item?: StoredItem | undefined;
  /** Reads its file. */
  bytes(): Promise<Uint8Array>;
  /** What to call it in messages. */
  name: string;
}

export interface ReadImages {
  source: Pick<ImageFeatures, 'feeds'>;
  /** Rows of the source by what is seen. */
  rows: ReadonlyMap<string, number>;
  /** Why pictures could not be read, by what is seen. */
  broken: ReadonlyMap<string, unknown>;
}

export class QueryImages {
  private readonly recent = new Recent<ImageInputs>(remembered);

  constructor(private readonly embedder: QueryEmbedder) {}

  /** Whether an image need not be decoded. */
  async knows(image: KnownImage): Promise<boolean> {
    if (this.recent.get(image.seen)) return true;
    return isWholeItem(image) && ((await this.embedder.kept?.has(image.content)) ?? false);
  }

  /**
   * Reads pictures that are all different; those that are not remembered are encoded together.
   *
   * @param ready pictures that were decoded before, by what is seen of them
   */
  async read(images: readonly KnownImage[], ready: ReadonlyMap<string, DecodedImage> = new Map()): Promise<ReadImages> {
    const encoded = new Map<string, ImageInputs>();
    const broken = new Map<string, unknown>();
    const fresh: { seen: string; decoded: DecodedImage }[] = [];
    await Promise.all(
      images.map(async (image) => {
        const { seen, box, bytes, name } = image;
        const known = this.recent.get(seen) ?? (ready.has(seen) ? undefined : await this.kept(image));
        if (known) {
          encoded.set(seen, known);
          this.recent.set(seen, known);
        } else {
          try {
            const decoded = ready.get(seen) ?? (await this.embedder.decode(await bytes(), name, box));
            fresh.push({ seen, decoded });
          } catch (error) {
            broken.set(seen, error);
          }
        }
      }),
    );
    if (fresh.length > 0) {
      const source = await this.embedder.encode(fresh.map(({ decoded }) => decoded));
      fresh.forEach(({ seen }, row) => {
        const one = source.feeds([row]);
        encoded.set(seen, one);
        this.recent.set(seen, one);
      });
    }
    const all = [...encoded.values()];
    return { source: { feeds: (rows, options) => joined(all, rows, options) }, broken, rows: rowsOf([...encoded.keys()]) };
  }

  private async kept(image: KnownImage): Promise<ImageInputs | undefined> {
    if (!isWholeItem(image)) return undefined;
    return (await this.embedder.kept?.read(image.content))?.feeds([0]);
  }
}

/** Whether it is an image of the gallery, and not only a part of one. */
const isWholeItem = ({ item, box }: KnownImage) => item !== undefined && box === undefined;

function rowsOf(seen: readonly string[]): Map<string, number> {
  return new Map(seen.map((one, row) => [one, row]));
}

/** Batches of one as a batch of some of them. */
function joined(
  all: readonly ImageInputs[],
  rows: ArrayLike<number>,
  { prefix = '', local = true }: Parameters<ImageFeatures['feeds']>[1] = {},
): Record<string, Tensor> {
  const parts = Array.from(rows, (row) => all[row] as ImageInputs);
  const inputs = Object.entries(parts[0] ?? {}).filter(([name]) => local || name !== 'local');
  return Object.fromEntries(
    inputs.map(([name, { dtype, shape }]): [string, Tensor] => {
      const size = sizeOf(shape);
      const data = newArray(dtype, parts.length * size);
      parts.forEach((part, i) => {
        data.set(part[name]?.data as never, i * size);
      });
      return [prefix + name, tensor(dtype, [parts.length, ...shape.slice(1)], data)];
    }),
  );
}
