/** What queues and workers can be told, and what a worker counts. BullMQ is not imported here, so that its types are not needed either. */
import type { QueueOptions } from '../../core/redis/queue-options.js';
import type { OpenOptions } from '../gallery/gallery.js';

/** The gallery that a worker writes, and the queue that it takes jobs from. */
export interface WorkingGalleryOptions extends Omit<OpenOptions, 'model'>, QueueOptions {
  /** Where the gallery is kept. */
  gallery: string;
  /** The folder of the gallery's model. @default found where it was */
  model?: string | undefined;
  /** Called when a job has ended. */
  onJob?: ((counts: WorkerCounts) => void) | undefined;
}

/** Since the worker was started. */
export interface WorkerCounts {
  /** Pictures that were embedded and written, or got other metadata. */
  written: number;
  /** Pictures that the gallery had already, from a job that was done twice. */
  unchanged: number;
  /** Pictures that could not be read. */
  broken: number;
}
