/** Small pictures in memory, for the patch encoder that is trained with the rest: decoded once, kept on disk by content. */
import { LimnError } from '../../../core/errors.js';
import { limnHome } from '../../../core/files.js';
import { type ImageSettings, imageSettingsId } from '../image/image.js';
import { type BrokenImage, type CachedImages, cacheImages, type ImageCacheOptions } from './image-cache.js';
import { RecordStore } from './record-store.js';

export class PixelTable {
  readonly count: number;
  readonly ids: readonly string[];
  readonly broken: readonly BrokenImage[];
  private readonly rows: ReadonlyMap<string, number>;
  private readonly rowBytes: number;

  constructor(
    cached: CachedImages,
    /** Width and height in pixels. */
    readonly size: number,
    /** (count, size, size, 3) RGB, 0 to 255. */
    readonly pixels: Uint8Array,
  ) {
    this.ids = cached.ids;
    this.broken = cached.broken;
    this.count = cached.ids.length;
    this.rows = new Map(cached.ids.map((id, row) => [id, row]));
    this.rowBytes = size * size * 3;
  }

  /** The row of a picture, or nothing for one that is unknown or broken. */
  rowOf(id: string): number | undefined {
    return this.rows.get(id);
  }

  /**
   * Copies pictures in the order of `rows`.
   *
   * @param out (rows, size, size, 3) or longer
   * @throws LimnError USAGE for a row that does not exist or a target that is too short
   */
  gather(rows: ArrayLike<number>, out: Uint8Array): void {
    const { rowBytes, count } = this;
    if (out.length < rows.length * rowBytes) {
      throw new LimnError('USAGE', `The target has ${out.length} bytes and needs ${rows.length * rowBytes}.`);
    }
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number;
      if (!(row >= 0 && row < count)) throw new LimnError('USAGE', `There is no row ${row}: the table has ${count} rows.`);
      out.set(this.pixels.subarray(row * rowBytes, (row + 1) * rowBytes), i * rowBytes);
    }
  }
}

/**
 * Decodes a list of pictures at one size, from the cache where it has them, and keeps them in memory (27 KB a picture at 96).
 *
 * @throws LimnError IMAGE, DATA, IO, INTERRUPTED as {@link cacheImages}
 */
export async function openPixels(options: ImageCacheOptions & ImageSettings): Promise<PixelTable> {
  const rowBytes = options.size ** 2 * 3;
  const { size, fit = 'cover', resampling = 'bicubic', shorterSide, cropRounding } = options;
  const settings = { size, fit, resampling, shorterSide, cropRounding };
  const store = await RecordStore.open(options.directory ?? limnHome('pixels', imageSettingsId(settings)), rowBytes);
  try {
    const cached = await cacheImages(store, settings, async (images) => images, { ...options, stage: 'read pictures' });
    const pixels = new Uint8Array(cached.ids.length * rowBytes);
    store.gather(cached.places, [{ out: pixels, bytes: rowBytes }]);
    return new PixelTable(cached, size, pixels);
  } finally {
    await store.close();
  }
}
