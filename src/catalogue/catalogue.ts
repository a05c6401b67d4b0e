/** A shop's products as they are learned from. */
import type { CatalogueRow } from '../learning/from-metadata/catalogue-row.js';

export interface Catalogue {
  /** Rows to learn from, in the order of the table. */
  readonly rows: readonly CatalogueRow[];
  /** The column that names the image, which is not in the rows; undefined where there is no table. */
  readonly imageColumn: string | undefined;
  readonly counts: {
    /** Rows of the table. */
    rows: number;
    /** Rows whose image is there. */
    matched: number;
    /** Images of the folder. */
    images: number;
  };
  /** Whether every id is there once, so that images can be called by it. */
  readonly uniqueIds: boolean;
  /** Whether the table, or the names of the images, say something of them. */
  readonly isDescribed: boolean;
  /** What a person should know, in sentences. */
  readonly notes: readonly string[];
}
