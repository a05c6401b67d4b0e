/** Makes a gallery, or brings one up to date, with workers that take their pictures from a queue. */
import { LimnError } from '../../core/errors.js';
import { type CreateOptions, Gallery } from '../gallery/gallery.js';
import type { StoreDefinition } from '../store/define-store.js';
import { storeAt } from '../store/open-store.js';
import { queueName } from './queue-name.js';
import { queuedIngest } from './queued-ingest.js';
import { WorkQueue } from './work-queue.js';

/** Options of {@link indexThroughQueue}. */
export interface IndexThroughQueueOptions extends Omit<CreateOptions, 'ingest' | 'files' | 'atomic' | 'out' | 'store'> {
  /** Where the gallery is kept, for this process and the workers. */
  out: string;
  /** `redis://` or `rediss://`. */
  queue: string;
  /** The queue's name, where machines call the gallery's location by different names. @default made of the location */
  queueName?: string | undefined;
  /** Pictures of a job on average, 1 to 1,000. @default 32 */
  jobSize?: number | undefined;
  /** Come back when all is queued, without waiting for the workers. @default false */
  detach?: boolean | undefined;
  /** Told of Redis' troubles. @default nobody */
  warn?: ((message: string) => void) | undefined;
}

/**
 * As {@link Gallery.create}, but the pictures are embedded by {@link runWorker} processes, at least once, and written by their ids, so
 * that each is in the gallery once. Pictures that cannot be read do not stop it: they are in the report.
 *
 * @throws LimnError as {@link Gallery.create}; QUEUE for a Redis that cannot be used; USAGE for a store that takes one writer only
 */
export async function indexThroughQueue(options: IndexThroughQueueOptions): Promise<{ gallery: Gallery; queued: number }> {
  const { queue: address, out, replace, detach, jobSize, warn, signal } = options;
  if (detach && options.prune) {
    throw new LimnError(
      'USAGE',
      'Pruning has to wait for the workers, and --detach does not wait: give --prune or --detach, not both.',
    );
  }
  const queue = await WorkQueue.open(address, await queueName(out, options.queueName), { warn, signal });
  try {
    await requireManyWriters(out);
    // Jobs for the old gallery would be written into the new one.
    if (replace) await queue.clear();
    let queued = 0;
    const onQueued = (images: number) => {
      queued += images;
    };
    const gallery = await Gallery.create({
      ...options,
      ingest: async (tools, list, ingestOptions) => {
        // A new gallery in a folder without one may have become one in memory.
        const optimiseEvery = (await requireManyWriters(out))?.optimiseEvery;
        return queuedIngest(tools, list, ingestOptions, { queue, jobSize, detach, optimiseEvery, onQueued });
      },
    });
    return { gallery, queued };
  } finally {
    await queue.close();
  }
}

/** @throws LimnError USAGE for a gallery that one process writes at a time */
async function requireManyWriters(location: string): Promise<StoreDefinition | undefined> {
  const store = await storeAt(location);
  if (!store || store.manyWriters) return store;
  throw new LimnError(
    'USAGE',
    `The gallery ${location} has one writer at a time, so workers cannot share it: keep it in LanceDB (lancedb:DIR, s3://...) or PostgreSQL.`,
  );
}
