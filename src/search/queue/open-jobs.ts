/**
 * The jobs that a producer waits for. A job counts when the store has its pictures, not when the queue says so: a Redis that was killed
 * may have forgotten jobs that were added a moment before, and those are queued again.
 */
import { setTimeout } from 'node:timers/promises';
import { LimnError } from '../../core/errors.js';
import { sameMetadata } from '../gallery/ingest/prepare.js';
import type { GalleryStore, StoredItem } from '../store/store.js';
import type { JobData, JobImage } from './job.js';
import type { WorkQueue } from './work-queue.js';

export interface QueuedImage extends JobImage {
  /** What the gallery had of it when it was queued. */
  before: StoredItem | undefined;
}

export interface Settled {
  image: QueuedImage;
  /** What the gallery has of it now; left out where it is broken. */
  now?: StoredItem;
  /** Why it is not in the gallery. */
  broken?: string;
}

export interface OpenJobsOptions {
  queue: WorkQueue;
  store: GalleryStore;
  /** Called for each picture when it is written or given up. */
  onSettled: (settled: Settled) => void;
  /** Called after each look at the queue. */
  onLook: () => Promise<void> | void;
  /** How long a finished job's pictures may be on their way in a store that is eventually consistent. @default 10000 */
  patience?: number | undefined;
  /** How long the store may fail while this waits, in milliseconds. @default 600000, ten minutes */
  outage?: number | undefined;
}

/** Jobs that are open at most: enough for hundreds of workers, and little memory here and in Redis. */
const most = 2000;
const times = { look: 250, slowest: 2000 };
/** A job that ends without its pictures being written is queued so many times. */
const mostTries = 3;

interface OpenJob {
  data: JobData;
  images: QueuedImage[];
  tries: number;
  /** When the queue had it no more, though its pictures were not all there. */
  goneSince?: number;
}

export class OpenJobs {
  /** All jobs that were added, open or not. */
  readonly added = new Set<string>();
  private readonly jobs = new Map<string, OpenJob>();
  private lookedAt = 0;
  private failingSince?: number;

  constructor(private readonly options: OpenJobsOptions) {}

  /** How many pictures are on their way. */
  get images(): number {
    return [...this.jobs.values()].reduce((sum, { images }) => sum + images.length, 0);
  }

  /** Adds a job, after others have ended where too many are open. */
  async add(images: QueuedImage[], rest: Omit<JobData, 'pictures' | 'broken'>): Promise<void> {
    while (this.jobs.size >= most) await this.lookAgain();
    const data = { ...rest, pictures: images.map(({ before: _, ...image }) => image) };
    const id = await this.options.queue.add(data);
    this.added.add(id);
    this.jobs.set(id, { data, images, tries: 1 });
    if (performance.now() - this.lookedAt > 4 * times.look) await this.look();
  }

  /** Waits until every job has ended. */
  async ended(): Promise<void> {
    while (this.jobs.size > 0) await this.lookAgain();
  }

  /** Waits until jobs of someone else have ended. */
  async othersEnded(ids: Iterable<string>): Promise<void> {
    const left = [...ids];
    for (;;) {
      const start = performance.now();
      const pending = await this.options.queue.pending();
      if (!left.some((id) => pending.has(id))) return;
      await this.options.onLook();
      await pauseAfter(performance.now() - start);
    }
  }

  private async lookAgain(): Promise<void> {
    const start = performance.now();
    await this.look();
    await pauseAfter(performance.now() - start);
  }

  /** Settles the jobs that have ended; while the store fails, they are settled later. */
  private async look(): Promise<void> {
    try {
      await this.settleEnded();
      delete this.failingSince;
    } catch (error) {
      const { onLook, outage = 600_000 } = this.options;
      this.failingSince ??= performance.now();
      const waits = LimnError.isInstance(error) && error.code === 'STORE' && performance.now() - this.failingSince < outage;
      if (!waits) throw error;
      await onLook();
    }
    this.lookedAt = performance.now();
  }

  private async settleEnded(): Promise<void> {
    const states = await this.options.queue.states([...this.jobs.keys()]);
    for (const [id, job] of [...this.jobs]) {
      const state = states.get(id);
      if (state !== 'pending') await this.settle(id, job, state === 'failed');
    }
    await this.options.onLook();
  }

  private async settle(id: string, job: OpenJob, failed: boolean): Promise<void> {
    const { store, queue, onSettled, patience = 10_000 } = this.options;
    const items = await store.get(job.images.map((image) => image.id));
    const rows = job.images.map((image, i) => ({ image, now: items[i] }));
    const missing = rows.filter(({ image, now }) => !isWritten(image, now));
    const end = (reasonOf: (id: string) => string) => {
      for (const { image, now } of rows) {
        onSettled(now && isWritten(image, now) ? { image, now } : { image, broken: reasonOf(image.id) });
      }
      this.jobs.delete(id);
    };
    if (missing.length === 0) return end(() => '');
    if (failed) {
      const { broken, reason } = await queue.failure(id);
      return end((one) => broken.get(one) ?? `The picture ${one} was given up: ${reason}`);
    }
    job.goneSince ??= performance.now();
    if (performance.now() - job.goneSince < patience) return;
    if (job.tries >= mostTries)
      return end((one) => `The picture ${one} was not written, and no worker said why: index it again.`);
    await queue.add(job.data);
    job.tries++;
    delete job.goneSince;
  }
}

/** A look at many jobs takes its time; Redis and the store have better things to do than to be asked all the time. */
const pauseAfter = (milliseconds: number) => setTimeout(Math.min(times.slowest, Math.max(times.look, 5 * milliseconds)));

function isWritten({ content, location, metadata }: QueuedImage, now: StoredItem | undefined): boolean {
  if (now === undefined || now.location !== location || !sameMetadata(now.metadata, metadata)) return false;
  return content === undefined || now.content === content;
}
