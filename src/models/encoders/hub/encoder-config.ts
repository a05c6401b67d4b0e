/** What is read of an encoder's config.json, and what descriptions of both sides take from a graph. */
import { z } from 'zod';
import type { GraphInput } from './rewire.js';

export const configSchema = z.object({
  model_type: z.string().optional(),
  architecture: z.string().optional(),
  vision_config: z.object({ patch_size: z.number().optional().catch(undefined) }).optional(),
  text_config: z
    .object({
      model_type: z.string().optional(),
      max_position_embeddings: z.number().optional(),
      pad_token_id: z.number().nullish(),
    })
    .optional(),
  pad_token_id: z.number().nullish(),
  patch_size: z.number().optional().catch(undefined),
  max_position_embeddings: z.number().optional(),
});
export type HubConfig = z.output<typeof configSchema>;

export const batchOf = ({ shape }: GraphInput) => (shape[0] === undefined ? {} : { batch: shape[0] });
export const externalOf = ({ externalData }: { externalData: string[] }) => (externalData.length > 0 ? { externalData } : {});

/** Models whose positions are counted from behind that of padding. */
const positionsAfterPadding =
  /^(xlm-roberta|roberta|camembert|mpnet|xmod|longformer|data2vec-text|ibert|luke|mluke|esm|altclip_text|bridgetower_text)/;

/** The tokenizer knows of places that the positions of some models do not have for tokens. */
export function longestText(config: HubConfig, known: number | undefined): number {
  const { text_config: text, max_position_embeddings: own, model_type, pad_token_id } = config;
  const type = text?.model_type ?? (model_type === 'altclip' ? 'altclip_text' : model_type);
  const before = positionsAfterPadding.test(type ?? '') ? (text?.pad_token_id ?? pad_token_id ?? 1) + 1 : 0;
  const all = text?.max_position_embeddings ?? own;
  const positions = all === undefined ? undefined : all - before;
  if (positions === undefined) return known ?? 77;
  return text?.max_position_embeddings === undefined && known !== undefined ? Math.min(positions, known) : positions;
}
