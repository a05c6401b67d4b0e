/** What a kind of gallery store is, for those that limn ships and those of plug-ins. */
import { LimnError } from '../../core/errors.js';
import { definePart, type Part, Registry, requireFields } from '../../core/part.js';
import type { GalleryInfo, GalleryStore } from './store.js';

/** A kind of store: the schemes of its locations, and how galleries are made and opened; see {@link defineStore}. */
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
  create(
    location: string,
    info: GalleryInfo,
    options: StoreOptions & {
      /** Replace a gallery that exists at the location. @default false */
      replace?: boolean | undefined;
    },
  ): Promise<GalleryStore>;
}

/** Each store takes the options that it knows. */
export type StoreOptions = Readonly<Record<string, unknown>>;

/**
 * Defines a store: where galleries are kept, and searched. It passes when the conformance suite of `limn/testing` passes on it.
 *
 * @throws LimnError CONFIG for a definition that cannot be used
 */
export function defineStore(definition: StoreDefinition): StoreDefinition {
  definePart('store', definition, ['open', 'create']);
  requireFields('store', definition, { schemes: 'texts', locations: 'text' });
  return definition;
}

const methods = ['upsert', 'delete', 'get', 'vectors', 'list', 'count', 'search', 'optimise', 'close'] as const;

/** What a store's definition opened. @throws LimnError STORE, in one line that names it, for what is no store */
export function usableStore(store: GalleryStore, whose: string): GalleryStore {
  const wrong = (what: string) => new LimnError('STORE', `${whose} is not usable: ${what}.`, { details: { store: whose } });
  if (typeof store !== 'object' || store === null) throw wrong('its "open" and "create" must give a store');
  const missing = methods.find((name) => typeof store[name] !== 'function');
  if (missing !== undefined) throw wrong(`what it gives has no function "${missing}"`);
  const { model, sizes } = store.info ?? {};
  if (typeof model?.hash !== 'string' || !Number.isSafeInteger(sizes?.width))
    throw wrong('its "info" must be what the gallery was made with');
  return store;
}

export class StoreRegistry extends Registry<StoreDefinition> {
  /** @throws LimnError CONFIG also for a scheme that another store has, which would never be found */
  override requireFree(store: StoreDefinition): void {
    super.requireFree(store);
    const scheme = this.get(store.id) ? undefined : store.schemes.find((each) => this.withScheme(each));
    if (scheme === undefined) return;
    const message = `The store "${store.id}" has the scheme "${scheme}:", which is that of the store "${this.withScheme(scheme)?.id}": choose another one.`;
    throw new LimnError('CONFIG', message, { details: { id: store.id, scheme } });
  }

  /** The store that has a scheme. */
  withScheme(scheme: string): StoreDefinition | undefined {
    return this.all.find(({ schemes }) => schemes.includes(scheme));
  }
}
