/** What is read of an encoder's config.json, and what descriptions of both sides take from a graph. */
import { z } from 'zod';
import type { GraphInput } from './rewire.js';

/** A field that is missing, null or of another kind is as if it were not there, and the others are read still. */
const lenient = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const number = lenient(z.number());
const text = lenient(z.string());

export const configSchema = z.object({
  model_type: text,
  architecture: text,
  vision_config: lenient(z.object({ patch_size: number })),
  text_config: lenient(z.object({ model_type: text, max_position_embeddings: number, pad_token_id: number })),
  pad_token_id: number,
  patch_size: number,
  max_position_embeddings: number,
  num_detection_tokens: number,
});
export type HubConfig = z.output<typeof configSchema>;

export const batchOf = ({ shape }: GraphInput) => (shape[0] === undefined ? {} : { batch: shape[0] });
export const externalOf = ({ externalData }: { externalData: string[] }) => (externalData.length > 0 ? { externalData } : {});

/** Models whose positions are counted from behind that of padding. */
const positionsAfterPadding =
  /^(xlm-roberta|roberta|camembert|mpnet|xmod|longformer|data2vec-text|ibert|luke|mluke|esm|altclip_text|bridgetower_text)/;

/** More than any text of an image needs, and than a description takes. */
const mostTokens = 8192;

/** The tokenizer knows of places that the positions of some models do not have for tokens. */
export function longestText(config: HubConfig, known: number | undefined): number {
  const { text_config: text, max_position_embeddings: own, model_type, pad_token_id } = config;
  const type = text?.model_type ?? (model_type === 'altclip' ? 'altclip_text' : model_type);
  const before = positionsAfterPadding.test(type ?? '') ? (text?.pad_token_id ?? pad_token_id ?? 1) + 1 : 0;
  const all = text?.max_position_embeddings ?? own;
  const positions = all === undefined ? undefined : all - before;
  if (positions === undefined) return Math.min(known ?? 77, mostTokens);
  const both = text?.max_position_embeddings === undefined && known !== undefined ? Math.min(positions, known) : positions;
  return Math.min(both, mostTokens);
}
