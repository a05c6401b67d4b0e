/** A {@link Gallery} as the server needs it. */
import { LimnError } from '../../../core/errors.js';
import type { Gallery } from '../../../search/gallery/gallery.js';
import type { StoredItem } from '../../../search/store/store.js';
import type { Captioner } from './captioner.js';
import type { ServedGallery, ServedItem } from './service.js';

/**
 * @param captioner shared by all galleries; it stays the caller's. @default captions are not written
 * @param show fields that the page shows of each hit. @default none
 */
export function galleryService(gallery: Gallery, captioner?: Captioner, show?: readonly string[]): ServedGallery {
  return {
    describe: async () => ({
      ...(await gallery.describe()),
      captions: captioner !== undefined,
      ...(show ? { show: [...show] } : {}),
    }),
    count: (filter) => gallery.count(filter),
    list: async (query) => (await gallery.list(query)).map(shown),
    get: async (id) => {
      const item = await gallery.get(id);
      return item && shown(item);
    },
    put: async ({ id, bytes, metadata }, inTurn) => {
      const [item] = await gallery.add([{ id, bytes, metadata }], inTurn);
      if (item) return shown(item);
      // Somebody else has deleted it in this moment.
      throw new LimnError('INTERRUPTED', `The picture ${JSON.stringify(id)} was deleted while it was added. Add it again.`);
    },
    delete: async (id) => (await gallery.remove([id])) > 0,
    searchAll: (requests) => gallery.searchAll(requests),
    notesOn: (query, found) => gallery.notesOn(query, { hits: { length: found } }),
    explain: (request, hit, inTurn) => gallery.explain(request, hit, inTurn),
    decodeAhead: (request, inTurn) => gallery.decodeAhead(request, inTurn),
    suggest: (request) => gallery.suggest(request),
    image: (id) => unlessGone(gallery.image(id)),
    thumbnail: (id, inTurn) => unlessGone(gallery.thumbnail(id, inTurn)),
    ...(captioner
      ? {
          caption: async (reference, target, signal, inTurn) => {
            const bytes = [reference, target].map(async (image) => {
              if ('bytes' in image) return image.bytes;
              const found = await gallery.image(image.id);
              if (found) return found;
              throw new LimnError('USAGE', `The gallery has no picture ${JSON.stringify(image.id)}.`);
            });
            const [from, to] = (await Promise.all(bytes)) as [Uint8Array, Uint8Array];
            return captioner.caption(from, to, { signal, inTurn, boxes: [reference.box, target.box] });
          },
        }
      : {}),
    close: () => gallery.close(),
  };
}

const shown = ({ id, content, metadata }: StoredItem): ServedItem => ({ id, content, metadata });

/** A file that somebody moved away is as good as not there. */
function unlessGone(reading: Promise<Uint8Array | undefined>): Promise<Uint8Array | undefined> {
  return reading.catch((error) => {
    if (LimnError.isInstance(error) && error.code === 'IMAGE') return undefined;
    throw error;
  });
}
