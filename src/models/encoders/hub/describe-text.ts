/** The text side of an encoder's folder. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { LimnError } from '../../../core/errors.js';
import { readJson } from '../../../core/files.js';
import { HubTokenizer } from '../text/hub-tokenizer.js';
import { type TextDescription, textDescription } from '../text/text-description.js';
import { OnnxTextEncoder } from '../text/text-encoder.js';
import { batchOf, externalOf, type HubConfig } from './encoder-config.js';
import { besideIn } from './encoder-folder.js';
import { exposeFeatures, type Feature, type GraphInput, type Inspection, inspectEncoder, noHiddenState } from './rewire.js';

export interface TextChoices {
  /** What stands for the whole text: the file's embedding, the first token, or the mean of all tokens. @default output */
  textGlobalFeature?: 'output' | 'class' | 'mean' | undefined;
}

const integers = { int32: 6, int64: 7 };

/** @throws LimnError ENCODER for a graph that limn cannot feed, USAGE that names the option for what nothing tells */
export async function describeText(
  folder: string,
  name: string,
  path: string,
  config: HubConfig,
  choices: TextChoices,
): Promise<{ description: TextDescription; notes: string[] }> {
  const inspection = await inspectEncoder(join(folder, path));
  const named = (wanted: string) => inspection.inputs.find((input) => input.name === wanted);
  // open_clip and people name the only input of a text encoder as they like.
  const ids = named('input_ids') ?? (inspection.inputs.length === 1 ? inspection.inputs[0] : undefined);
  const [mask, types] = ['attention_mask', 'token_type_ids'].map(named);
  const others = inspection.inputs.filter((input) => ![ids, mask, types].includes(input));
  if (!ids || others.length > 0 || !Object.values(integers).includes(ids.elementType)) {
    const found = inspection.inputs.map((input) => input.name).join(', ');
    throw new LimnError('ENCODER', `${path} takes ${found}, not input_ids and attention_mask: take another export.`);
  }
  const files = { tokenizer: 'tokenizer.json', tokenizerConfig: 'tokenizer_config.json' };
  const tokenizer = await HubTokenizer.open(join(folder, files.tokenizer), join(folder, files.tokenizerConfig));
  const settings = tokenizerSettings
    .catch({})
    .parse(await readJson(join(folder, files.tokenizerConfig), "a tokenizer's settings"));
  const { global, said } = globalFeature(inspection, mask, choices.textGlobalFeature, path);
  const local = inspection.local as string;
  const graph = await exposeFeatures(inspection, { local: { from: local }, global });
  const fixed = ids.shape[1];
  const pad = typeof settings.pad_token === 'object' ? settings.pad_token?.content : settings.pad_token;
  const description = textDescription.parse({
    name,
    file: besideIn(path, basename(graph.file)),
    ...files,
    inputs: { ids: ids.name, ...(mask ? { mask: mask.name } : {}), ...(types ? { types: types.name } : {}) },
    dtype: ids.elementType === integers.int64 ? 'int64' : 'int32',
    length: fixed ?? longestText(config, settings.model_max_length),
    // SigLIP was trained with padding that it attends to.
    fixedLength: fixed !== undefined || config.model_type?.startsWith('siglip') === true,
    padding: (pad ? tokenizer.idOf(pad) : undefined) ?? 0,
    outputs: graph.outputs,
    ...batchOf(ids),
    ...externalOf(inspection),
  } satisfies z.input<typeof textDescription>);
  const places = {
    weights: graph.file,
    tokenizer: join(folder, files.tokenizer),
    tokenizerConfig: join(folder, files.tokenizerConfig),
  };
  await (await OnnxTextEncoder.open(description, places)).close();
  return { description, notes: said ? [`The global feature of a text is ${said}.`] : [] };
}

/** The tokenizer knows of places that the positions of some models do not have for tokens. */
function longestText({ text_config: text, max_position_embeddings: own }: HubConfig, known: number | undefined): number {
  const positions = text?.max_position_embeddings ?? own;
  if (positions === undefined) return known ?? 77;
  return text?.max_position_embeddings === undefined && known !== undefined ? Math.min(positions, known) : positions;
}

function globalFeature(
  inspection: Inspection,
  mask: GraphInput | undefined,
  wanted: TextChoices['textGlobalFeature'],
  path: string,
): { global: Feature; said?: string } {
  const { local, global } = inspection;
  if (local === undefined) throw noHiddenState(inspection);
  if (global !== undefined && (wanted ?? 'output') === 'output') return { global: { from: global } };
  if (wanted === 'class') return { global: { from: local, token: 0 }, said: `the first token of ${local}` };
  if (wanted === 'mean' && mask)
    return { global: { from: local, maskedBy: mask.name }, said: `the mean of the tokens of ${local}` };
  const found = inspection.outputs.map(({ name }) => name).join(', ');
  const ways = mask ? '--text-global-feature mean or --text-global-feature class' : '--text-global-feature class';
  throw new LimnError('USAGE', `${path} gives no embedding of a whole text: its outputs are ${found}. Give ${ways}.`);
}

/** What a folder of sentence-transformers says of its pooling; undefined where there is no such file. */
export async function sentencePooling(folder: string): Promise<TextChoices['textGlobalFeature']> {
  const file = join(folder, '1_Pooling', 'config.json');
  if (!existsSync(file)) return undefined;
  const pooling = poolingSchema.parse(await readJson(file, "a sentence encoder's pooling"));
  if (pooling.pooling_mode_mean_tokens) return 'mean';
  return pooling.pooling_mode_cls_token ? 'class' : undefined;
}

const poolingSchema = z
  .object({ pooling_mode_mean_tokens: z.boolean().optional(), pooling_mode_cls_token: z.boolean().optional() })
  .catch({});

const tokenizerSettings = z.object({
  model_max_length: z.number().int().min(2).max(8192).optional().catch(undefined),
  pad_token: z.union([z.string(), z.object({ content: z.string() })]).nullish(),
});
