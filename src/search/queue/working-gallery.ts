/** What a worker does jobs with: the open gallery and its model, opened again when the gallery was made anew or its store failed. */
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Job } from 'bullmq';
import { LimnError } from '../../core/errors.js';
import { RetrievalModel } from '../../models/retrieval/retrieval-model.js';
import { Gallery } from '../gallery/gallery.js';
import { isUrl } from '../gallery/ingest/image-list.js';
import { type JobData, readJob } from './job.js';
import type { WorkerCounts, WorkingGalleryOptions } from './worker-options.js';

const longestPause = 8000;

export class WorkingGallery {
  readonly counts: WorkerCounts = { written: 0, unchanged: 0, broken: 0 };
  private model: RetrievalModel | undefined;
  private opened: Promise<Gallery> | undefined;
  private readonly underway = new Set<Promise<void>>();
  private readonly closing = new Set<Promise<void>>();
  /** How many times the store failed since it last did not. */
  private failures = 0;

  constructor(private readonly options: WorkingGalleryOptions) {}

  /** Opens the gallery, unless it is open. @throws LimnError GALLERY where it has another model */
  open(): Promise<Gallery> {
    this.opened ??= this.openNow().catch((error) => {
      this.opened = undefined;
      throw error;
    });
    return this.opened;
  }

  /**
   * Does a job.
   *
   * @throws LimnError STORE; GALLERY for a gallery that is gone, or another one; QUEUE for a job that nobody wants any more; an Error that
   * names broken pictures, when all others are written
   */
  async work(job: Job): Promise<void> {
    const work = this.workNow(job);
    const ended = work.catch(() => {}).finally(() => this.underway.delete(ended));
    this.underway.add(ended);
    return work;
  }

  /** Waits for a store that fails, the longer the more often it did. @returns how long its job should wait after that, in milliseconds */
  async pause(error: LimnError): Promise<number> {
    const { warn, signal } = this.options;
    if (this.failures++ === 0) warn?.(`${error.message} Trying until it works.`);
    this.leave();
    const milliseconds = Math.min(longestPause, 250 * 2 ** Math.min(this.failures, 10));
    await setTimeout(milliseconds, undefined, { signal }).catch(() => {});
    return signal?.aborted ? 0 : milliseconds / 2;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.underway);
    this.leave();
    await Promise.allSettled(this.closing);
    await this.model?.close();
  }

  private async workNow(job: Job): Promise<void> {
    const data = readJob(job.data);
    const gallery = await this.galleryOf(data.model);
    requireImages(gallery, data);
    const { added, replaced, updated, unchanged, skipped } = await gallery.upsert(data.pictures, { refresh: data.refresh });
    this.failures = 0;
    this.counts.written += added + replaced + updated;
    if (job.attemptsMade === 0) this.counts.unchanged += unchanged;
    const last = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    if (skipped.length > 0 && last) {
      this.counts.broken += skipped.length;
      await job.updateData({ ...data, broken: skipped });
    }
    this.options.onJob?.(this.counts);
    // The others are written: the next attempt finds them so.
    if (skipped.length > 0) {
      throw new Error(`${skipped.length} of ${data.pictures.length} pictures cannot be read. The first: ${skipped[0]?.reason}`);
    }
  }

  /** The gallery, opened again where the job's model is another one: it was made anew meanwhile, or the job is an old one. */
  private async galleryOf(model: string): Promise<Gallery> {
    const gallery = await this.open();
    if (gallery.model.hash === model) return gallery;
    this.leave();
    const again = await this.open();
    if (again.model.hash === model) return again;
    throw new LimnError('QUEUE', 'The job was queued for another model than the one that the gallery has now: index again.');
  }

  private async openNow(): Promise<Gallery> {
    const { gallery: location, model, images, urls, pixelLimit } = this.options;
    if (model !== undefined) this.model ??= await RetrievalModel.open(model);
    return Gallery.open(location, { model: this.model, images, urls, pixelLimit });
  }

  /** The next job opens the gallery again; this one is closed when those that use it have ended. */
  private leave(): void {
    const { opened } = this;
    this.opened = undefined;
    if (!opened) return;
    const closed = opened
      .then(async (gallery) => {
        await Promise.allSettled(this.underway);
        await gallery.close();
      })
      .catch(() => {})
      .finally(() => this.closing.delete(closed));
    this.closing.add(closed);
  }
}

/** A worker that has no pictures would find all of them broken. @throws LimnError GALLERY */
function requireImages({ images }: Gallery, { pictures: queued }: JobData): void {
  if (queued.every(({ location }) => isUrl(location)) || (images !== undefined && existsSync(images))) return;
  throw new LimnError('GALLERY', `The pictures are not at ${images} on this machine: say with --images where they are.`);
}
