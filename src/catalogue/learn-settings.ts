/** Plain settings of learning from a catalogue, with their ranges and defaults. */
import { z } from 'zod';
import { mostRows } from './read-catalogue.js';

export const learnSettings = z.object({
  minutes: z.number().positive().default(30).describe('total time in minutes; determines the size of the model and the epochs'),
  most: z.int().min(20).default(mostRows).describe('maximum number of products to learn from'),
});

/** What learning has that does not say. */
export const usualLearning = learnSettings.parse({});
