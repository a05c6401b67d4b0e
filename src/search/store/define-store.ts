/** What a kind of gallery store is, for those that limn ships and those of plug-ins. */
import { definePart, type Part, Registry } from '../../core/part.js';
import type { GalleryInfo, GalleryStore } from './store.js';

export interface StoreDefinition extends Part {
  /** Schemes of its locations, without the colon: "memory" for `memory:DIR`, "postgres" for `postgres://...`. */
  readonly schemes: readonly string[];
  /** How its locations are written, for messages, e.g. "memory:DIR". */
  readonly locations: string;
  /** Whether several processes may write to one gallery at once. @default false */
  readonly manyWriters?: boolean;
  /** Items after which a long run of writes is to be optimised in between. @default only at its end */
  readonly optimiseEvery?: number;
  /** Whether a gallery of this store lies in the folder; stores that are not kept in folders leave it out. */
  holds?(folder: string): Promise<boolean> | boolean;
  /**
   * @param location with its scheme, or a bare folder for which {@link holds} said yes
   * @throws LimnError GALLERY where there is no gallery, STORE where the store itself fails
   */
  open(location: string, options: StoreOptions): Promise<GalleryStore>;
  /** @throws LimnError GALLERY where there is a gallery already and `replace` is not set, STORE where the store itself fails */
  create(location: string, info: GalleryInfo, options: StoreOptions & { replace?: boolean | undefined }): Promise<GalleryStore>;
}

/** Each store takes the options that it knows. */
export type StoreOptions = Readonly<Record<string, unknown>>;

/**
 * Defines a store: where galleries are kept, and searched. It passes when the conformance suite of `limn/testing` passes on it.
 *
 * @throws LimnError CONFIG for a definition that cannot be used
 */
export function defineStore(definition: StoreDefinition): StoreDefinition {
  return definePart('store', definition, ['open', 'create']);
}

export class StoreRegistry extends Registry<StoreDefinition> {
  /** The store that has a scheme. */
  withScheme(scheme: string): StoreDefinition | undefined {
    return this.all.find(({ schemes }) => schemes.includes(scheme));
  }
}
