/**
 * Brings a store up to a list of pictures by way of a queue: what is new or changed is found here and put on the queue in jobs, workers
 * embed and write it, and what only has other metadata is written here.
 *
 * The same call again, whatever became of the one before, finds in the store what is done and in the queue what is under way.
 */
import { LimnError, messageOf, throwIfAborted } from '../../core/errors.js';
import { ContentMemo, damageNotes } from '../../models/encoders/cache/content-memo.js';
import { embedChanged } from '../gallery/ingest/embed-changed.js';
import { type ImageList, isUrl, type ListedImage } from '../gallery/ingest/image-list.js';
import {
  type IngestOptions,
  type IngestReport,
  type IngestTools,
  newReport,
  refuseAllBroken,
  tellKept,
} from '../gallery/ingest/ingest.js';
import { MetadataKeeper } from '../gallery/ingest/keep-metadata.js';
import { flattened, inBatches, mapAhead } from '../gallery/ingest/pipeline.js';
import { brokenImage, type Changed, readListed, sameContent, sameMetadata } from '../gallery/ingest/prepare.js';
import { prune } from '../gallery/ingest/prune.js';
import type { StoredItem } from '../store/store.js';
import { cutBatches } from './batches.js';
import { OpenJobs, type QueuedImage, type Settled } from './open-jobs.js';
import { usualQueue } from './queue-settings.js';
import type { WorkQueue } from './work-queue.js';

export interface QueueSettings {
  queue: WorkQueue;
  /** Pictures of a job on average, 1 to 1,000. @default 32 */
  jobSize?: number | undefined;
  /** Come back when all is queued, without waiting for the workers. @default false */
  detach?: boolean | undefined;
  /** Have the store put itself in order each time that so many pictures were written, and not in the end alone. @default never */
  optimiseEvery?: number | undefined;
  /** Told of each job, how many pictures it has. @default nobody */
  onQueued?: ((images: number) => void) | undefined;
}

const sizes = { lookup: 500, ahead: 16, write: 256 };
/** Looks at the queue between two counts of its workers. */
const looksPerCount = 20;

type Found = { changed: Changed } | { queued: QueuedImage } | { unchanged: true } | { id: string; broken: Error };

/** @throws as `ingest`, but for broken pictures, which are listed in the report whatever `onBroken` says; QUEUE */
export async function queuedIngest(
  tools: IngestTools,
  list: ImageList,
  options: IngestOptions,
  settings: QueueSettings,
): Promise<IngestReport> {
  const { store, files, embedder } = tools;
  const { signal, onProgress } = options;
  const { queue, jobSize = usualQueue.jobSize, detach = false, optimiseEvery = Number.POSITIVE_INFINITY, onQueued } = settings;
  const memo = await ContentMemo.open();
  const model = store.info.model.hash;
  const seen = options.prune ? new Set<string>() : undefined;
  let report = newReport(list);
  let keeper = new MetadataKeeper(options.replaceMetadata);
  let refresh = options.refresh ?? false;
  let workers: number | undefined;
  let looks = 0;
  let written = 0;

  const tell = () => onProgress?.(progressOf(report, list.total, open.images, workers, memo.damaged));
  const onSettled = ({ image, now, broken }: Settled) => {
    if (now) {
      report[kindOf(image.before, now)]++;
      written++;
    } else report.skipped.push({ id: image.id, reason: broken ?? '' });
  };
  const onLook = async () => {
    throwIfAborted(signal, 'indexing; workers go on with what is queued, and the same command resumes');
    if (looks++ % looksPerCount === 0) workers = await queue.workers();
    tell();
    if (written < optimiseEvery) return;
    written = 0;
    // Workers may be in its way; in the end they are not.
    await store.optimise({ ...(signal ? { signal } : {}) }).catch((error) => {
      if (!LimnError.isInstance(error) || error.code !== 'STORE') throw error;
    });
  };
  const open = new OpenJobs({ queue, store, onSettled, onLook });

  const lookUp = async (images: ListedImage[]) => {
    for (const { id } of images) seen?.add(id);
    const stored = await store.get(images.map(({ id }) => id));
    return images.map((image, i) => ({ image: keeper.keep(image, stored[i]), stored: stored[i] }));
  };
  const find = async ({ image, stored }: { image: ListedImage; stored: StoredItem | undefined }): Promise<Found> => {
    throwIfAborted(signal, 'looking for pictures that have changed; the same command resumes');
    const { id, location, metadata } = image;
    // What a URL leads to is fetched by a worker, once.
    if (isUrl(location) && (refresh || stored?.location !== location)) {
      return { queued: { id, location, metadata, before: stored } };
    }
    try {
      const { content } = await readListed(image, stored, {
        files,
        memo,
        refresh,
        verify: options.verify,
        signal,
        hashOnly: true,
      });
      return sameContent(image, stored, content) ?? { queued: { id, location, content, metadata, before: stored } };
    } catch (error) {
      return brokenImage(image, files, error);
    }
  };
  const renew = async (batch: readonly Changed[]) => {
    const items = await embedChanged(batch, store, embedder, signal);
    await store.upsert(items.map(({ item }) => item));
    report.updated += items.length;
  };
  /** Goes through the list: counts what is unchanged, writes new metadata, and hands on what is to be queued. */
  async function* queuedOnly(): AsyncGenerator<QueuedImage> {
    const renewed: Changed[] = [];
    const looked = flattened(mapAhead(inBatches(list.images(), sizes.lookup), 1, lookUp));
    for await (const found of mapAhead(looked, sizes.ahead, find)) {
      if ('queued' in found) yield found.queued;
      else if ('broken' in found) report.skipped.push({ id: found.id, reason: messageOf(found.broken) });
      else if ('unchanged' in found) {
        if (++report.unchanged % 500 === 0) tell();
      } else if (renewed.push(found.changed) === sizes.write) await renew(renewed.splice(0));
    }
    if (renewed.length > 0) await renew(renewed);
  }
  const walk = async () => {
    for await (const batch of cutBatches(queuedOnly(), jobSize)) {
      await open.add(batch, { version: 1, model, refresh });
      onQueued?.(batch.length);
      await memo.save();
      tell();
    }
  };

  const earlier = await queue.pending();
  try {
    await walk();
  } finally {
    await memo.save();
  }
  if (detach) {
    tellKept(report, keeper);
    return report;
  }
  await open.ended();
  const others = [...earlier].filter((id) => !open.added.has(id));
  if (others.length > 0) {
    // Jobs of an earlier call, for a list that was another one, may have written what is no longer so.
    await open.othersEnded(others);
    const first = report;
    report = newReport(list);
    keeper = new MetadataKeeper(options.replaceMetadata);
    refresh = false;
    await walk();
    await open.ended();
    report = { ...first, skipped: report.skipped };
  }
  tellKept(report, keeper);
  refuseAllBroken(report, list);
  tell();
  if (seen) report.removed = await prune(store, seen, signal);
  // Also where nothing has changed: the workers may have done the jobs of a call that did not wait for them.
  if (options.optimise !== false) {
    await store.optimise({ ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) });
  }
  return report;
}

/** What has become of a picture that went through the queue. */
function kindOf(before: StoredItem | undefined, now: StoredItem): 'added' | 'replaced' | 'updated' | 'unchanged' {
  if (before === undefined) return 'added';
  if (before.content !== now.content) return 'replaced';
  return before.location === now.location && sameMetadata(before.metadata, now.metadata) ? 'unchanged' : 'updated';
}

function progressOf(report: IngestReport, total: number, open: number, workers: number | undefined, damaged: number) {
  const { added, replaced, updated, unchanged, skipped } = report;
  const done = added + replaced + updated + unchanged + skipped.length;
  const notes = [
    unchanged > 0 && `${unchanged} unchanged`,
    skipped.length > 0 && `${skipped.length} broken`,
    open > 0 && `${open} queued`,
    open > 0 && workers !== undefined && (workers === 0 ? 'no worker yet: start "limn worker"' : `workers: ${workers}`),
    ...damageNotes(damaged),
  ].filter(Boolean);
  return { stage: 'index pictures', done, total, ...(notes.length > 0 ? { note: notes.join(', ') } : {}) };
}
