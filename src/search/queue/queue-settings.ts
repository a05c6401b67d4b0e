/** Plain settings of indexing through a queue, with their ranges and defaults. */
import { z } from 'zod';

export const queueSettings = z.object({
  jobSize: z.int().min(1).max(1000).default(32).describe('images in a job'),
});

/** What indexing has that does not say. */
export const usualQueue = queueSettings.parse({});
