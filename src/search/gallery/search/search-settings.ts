/** Plain settings of a search, with their ranges and defaults: for the library and the command line alike. */
import { z } from 'zod';

export const searchSettings = z.object({
  k: z.int().min(1).default(10).describe('number of hits'),
  offset: z.int().min(0).default(0).describe('number of hits to skip'),
  negativeWeight: z.number().min(0).default(0.5).describe('how much resembling a negative costs'),
});

/** What a search has that does not say. */
export const usualSearch = searchSettings.parse({});
