/** Plain settings of a search, with their ranges and defaults: for the library and the command line alike. */
import { z } from 'zod';

export const searchSettings = z.object({
  k: z.int().min(1).default(10).describe('how many hits'),
  offset: z.int().min(0).default(0).describe('hits to pass over'),
  negativeWeight: z.number().min(0).default(0.5).describe('how much resembling it costs'),
});

/** What a search has that does not say. */
export const usualSearch = searchSettings.parse({});
