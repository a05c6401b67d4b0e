/**
 * What the encoder made of the pictures of the last searches: one who says another text about the same picture does not wait for its file to
 * be decoded and encoded again, which is a good part of a search.
 */

import { newArray, sizeOf, type Tensor, tensor } from '../../../engine/tensor/tensor.js';
import type { ImageFeatures } from '../../../models/retrieval/image-features.js';
import type { StoredItem } from '../../store/store.js';
import type { DecodedImage, Embedder } from '../embedder.js';
import { Recent } from './recent.js';

/** Pictures that are remembered, a tenth of a megabyte each for the features of MobileNetV2. */
const remembered = 128;

/** The inputs of a batch of one. */
type ImageInputs = Readonly<Record<string, Tensor>>;

/** A picture of a request: where it comes from, and its content. */
export interface KnownImage {
  content: string;
  /** Its item, where it is one of the gallery's. */
  item?: StoredItem | undefined;
  /** Reads its file. */
  bytes(): Promise<Uint8Array>;
  /** What to call it in messages. */
  name: string;
}

export interface ReadImages {
  source: Pick<ImageFeatures, 'feeds'>;
  /** Rows of the source by content. */
  rows: ReadonlyMap<string, number>;
  /** Why pictures could not be read, by content. */
  broken: ReadonlyMap<string, unknown>;
}

export class QueryImages {
  private readonly recent = new Recent<ImageInputs>(remembered);

  constructor(private readonly embedder: Embedder) {}

  /** Whether a picture need not be decoded. */
  knows(content: string): boolean {
    return this.recent.get(content) !== undefined;
  }

  /**
   * Reads pictures of different contents; those that are not remembered are encoded together.
   *
   * @param ready pictures that were decoded before, by their content
   */
  async read(images: readonly KnownImage[], ready: ReadonlyMap<string, DecodedImage> = new Map()): Promise<ReadImages> {
    const encoded = new Map<string, ImageInputs>();
    const broken = new Map<string, unknown>();
    const fresh: { content: string; decoded: DecodedImage }[] = [];
    await Promise.all(
      images.map(async ({ content, bytes, name }) => {
        const known = this.recent.get(content);
        if (known) encoded.set(content, known);
        else {
          try {
            const decoded = ready.get(content) ?? (await this.embedder.decode(await bytes(), name));
            fresh.push({ content, decoded });
          } catch (error) {
            broken.set(content, error);
          }
        }
      }),
    );
    if (fresh.length > 0) {
      const source = await this.embedder.encode(fresh.map(({ decoded }) => decoded));
      fresh.forEach(({ content }, row) => {
        const one = source.feeds([row]);
        encoded.set(content, one);
        this.recent.set(content, one);
      });
    }
    const all = [...encoded.values()];
    return { source: { feeds: (rows, options) => joined(all, rows, options) }, broken, rows: rowsOf([...encoded.keys()]) };
  }
}

function rowsOf(contents: readonly string[]): Map<string, number> {
  return new Map(contents.map((content, row) => [content, row]));
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
