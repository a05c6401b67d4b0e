/** What is read of an encoder's config.json, and what descriptions of both sides take from a graph. */
import { z } from 'zod';
import type { GraphInput } from './rewire.js';

export const configSchema = z.object({
  model_type: z.string().optional(),
  architecture: z.string().optional(),
  vision_config: z.object({ patch_size: z.number().optional().catch(undefined) }).optional(),
  text_config: z.object({ max_position_embeddings: z.number().optional() }).optional(),
  patch_size: z.number().optional().catch(undefined),
  max_position_embeddings: z.number().optional(),
});
export type HubConfig = z.output<typeof configSchema>;

export const batchOf = ({ shape }: GraphInput) => (shape[0] === undefined ? {} : { batch: shape[0] });
export const externalOf = ({ externalData }: { externalData: string[] }) => (externalData.length > 0 ? { externalData } : {});
