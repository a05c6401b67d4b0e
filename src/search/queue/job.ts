/** What a job says: pictures to embed, by which model, and in the end which of them were broken. */
import { z } from 'zod';
import { LimnError } from '../../core/errors.js';
import { sha256 } from '../../core/files.js';

const metadata = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

const jobData = z.strictObject({
  version: z.literal(1),
  /** Hash of the model that is to embed them. */
  model: z.string(),
  /** Whether URLs are fetched again that the gallery has. */
  refresh: z.boolean(),
  pictures: z
    .array(
      z.strictObject({
        id: z.string(),
        /** A path inside the images folder, whatever each machine calls that, or a URL. */
        location: z.string(),
        /** SHA-256 of its file; left out for URLs, which the worker alone fetches. */
        content: z.string().optional(),
        metadata,
      }),
    )
    .min(1),
  /** Those that could not be read, when the job has failed. */
  broken: z.array(z.strictObject({ id: z.string(), reason: z.string() })).optional(),
});

export type JobData = z.output<typeof jobData>;
export type JobImage = JobData['pictures'][number];

/** @throws LimnError QUEUE for a job of another version of limn */
export function readJob(value: unknown): JobData {
  const parsed = jobData.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new LimnError(
    'QUEUE',
    'The job was queued by another version of limn: use the same version everywhere, and index again.',
  );
}

/** The same pictures make the same job, so that they are not queued twice. BullMQ takes no number for an id. */
export function jobId({ model, refresh, pictures: images }: JobData): string {
  return `pictures-${sha256(JSON.stringify([model, refresh, images])).slice(0, 32)}`;
}
