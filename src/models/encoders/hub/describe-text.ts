/** The text side of an encoder's folder. */
import { basename, join } from 'node:path';
import { z } from 'zod';
import { LimnError } from '../../../core/errors.js';
import { readJson } from '../../../core/files.js';
import { elementTypeName } from '../../../engine/graph/element-types.js';
import { HubTokenizer } from '../text/hub-tokenizer.js';
import { type TextDescription, textDescription } from '../text/text-description.js';
import { OnnxTextEncoder, type TextFiles } from '../text/text-encoder.js';
import { batchOf, externalOf, type HubConfig, longestText } from './encoder-config.js';
import { besideIn } from './encoder-folder.js';
import {
  exposeFeatures,
  type Feature,
  type GraphInput,
  type Inspection,
  inspectEncoder,
  isInside,
  noHiddenState,
} from './rewire.js';
import type { SentenceSettings } from './sentence-settings.js';

/** What the caller says of a text encoder, in place of what its files say. */
export interface TextChoices {
  /** What stands for the whole text: the file's embedding, the first token, or the mean of all tokens. @default output */
  textGlobalFeature?: 'output' | 'class' | 'mean' | undefined;
}

const integers = { int32: 6, int64: 7 };

export interface TextGraph {
  name: string;
  /** The file, inside the folder. */
  path: string;
  config: HubConfig;
  choices: TextChoices;
  /** What sentence-transformers says beside the files. @default nothing */
  sentence?: SentenceSettings | undefined;
}

/** @throws LimnError ENCODER for a graph that limn cannot feed, USAGE that names the option for what nothing tells */
export async function describeText(
  folder: string,
  { name, path, config, choices, sentence }: TextGraph,
): Promise<{ description: TextDescription; notes: string[] }> {
  const inspection = await inspectEncoder(join(folder, path));
  const named = (wanted: string) => inspection.inputs.find((input) => input.name === wanted);
  // open_clip and people name the only input of a text encoder as they like.
  const ids = named('input_ids') ?? (inspection.inputs.length === 1 ? inspection.inputs[0] : undefined);
  const [mask, types] = ['attention_mask', 'token_type_ids'].map(named);
  const others = inspection.inputs.filter((input) => ![ids, mask, types].includes(input));
  if (!ids || others.length > 0 || !Object.values(integers).includes(ids.elementType)) throw otherInputs(inspection, ids, path);
  const unlike = [mask, types].find((input) => input && input.elementType !== ids.elementType);
  if (unlike) {
    const message = `${path} takes ${unlike.name} as ${elementTypeName(unlike.elementType)} and ${ids.name} as ${elementTypeName(ids.elementType)}, and limn gives both in one type: export it with int64 for all of them.`;
    throw new LimnError('ENCODER', message, { details: { inputs: inspection.inputs } });
  }
  const files = { tokenizer: 'tokenizer.json', tokenizerConfig: 'tokenizer_config.json' };
  const tokenizer = await HubTokenizer.open(join(folder, files.tokenizer), join(folder, files.tokenizerConfig));
  const settings = tokenizerSettings
    .catch({})
    .parse(await readJson(join(folder, files.tokenizerConfig), "a tokenizer's settings"));
  const { global, said } = globalFeature(inspection, mask, choices.textGlobalFeature, path, sentence);
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
    length: fixed ?? Math.min(longestText(config, settings.model_max_length), sentence?.length ?? Number.POSITIVE_INFINITY),
    // SigLIP was trained with padding that it attends to.
    fixedLength: fixed !== undefined || config.model_type?.startsWith('siglip') === true,
    ...(sentence?.lowercase ? { lowercase: true } : {}),
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
  const attendsPadding = await tried(description, places, path);
  const notes = [
    ...(isInside(inspection, local) ? [`The local features of a text are ${local}, a value inside the graph.`] : []),
    ...(said ? [`The global feature of a text is ${said}.`] : []),
    ...(sentence?.prompt ? [`Texts are read without the prompt that the model puts before them: ${sentence.prompt}`] : []),
  ];
  if (attendsPadding) {
    const why = mask
      ? 'Padding changes its values in spite of the attention_mask'
      : 'It takes no attention_mask and reads padding too';
    notes.push(`${why}: texts of one length alone are run together.`);
  }
  return { description: attendsPadding ? { ...description, attendsPadding } : description, notes };
}

const known = ['input_ids', 'attention_mask', 'token_type_ids'];

function otherInputs({ inputs }: Inspection, ids: GraphInput | undefined, path: string): LimnError {
  const others = inputs.filter(({ name }) => !known.includes(name)).map(({ name }) => name);
  const found = inputs.map(({ name, elementType }) => `${name} (${elementTypeName(elementType)})`).join(', ');
  const way = ids
    ? `limn does not give ${others.join(', ') || `${ids.name} in this type`}. Export it with ${known.join(', ')} alone, as int64`
    : `limn tells them by their names. Call them ${known.join(', ')} when you export it ("input_names")`;
  return new LimnError('ENCODER', `${path} takes ${found}: ${way}.`, { details: { inputs } });
}

/** Texts of one word, of two and of many, so that a run is padded and another is longer than any export's example. */
const trials = ['a', 'a dress', Array.from({ length: 24 }, () => 'the same in red').join(' ')];

/**
 * Encodes texts of unlike lengths, alone and together.
 *
 * @returns whether padding changes what is given of a text
 */
async function tried(description: TextDescription, places: TextFiles, path: string): Promise<boolean> {
  const encoder = await OnnxTextEncoder.open(description, places);
  try {
    const attendsPadding = await encoder.attendsPadding();
    await encoder.encode(trials);
    return attendsPadding;
  } catch (error) {
    if (!(error instanceof LimnError) || error.code !== 'RUNTIME') throw error;
    const message = `${path} runs a text of one length, but not texts of other lengths or several at once (${error.message}). Export it with a dynamic batch and number of tokens.`;
    throw new LimnError('ENCODER', message, { cause: error, details: { path } });
  } finally {
    await encoder.close();
  }
}

function globalFeature(
  inspection: Inspection,
  mask: GraphInput | undefined,
  wanted: TextChoices['textGlobalFeature'],
  path: string,
  sentence: SentenceSettings | undefined,
): { global: Feature; said?: string } {
  const { local, global } = inspection;
  if (local === undefined) throw noHiddenState(inspection);
  // What BERT pools is not what a sentence encoder was trained with; an embedding that the file gives has its other steps in it.
  const isOwn = global !== undefined && (sentence === undefined || global !== 'pooler_output');
  if (wanted === undefined && sentence && !isOwn) return sentenceFeature(local, mask, sentence, path);
  if (global !== undefined && (wanted ?? 'output') === 'output') return { global: { from: global } };
  if (wanted === 'class') return { global: { from: local, token: 0 }, said: `the first token of ${local}` };
  if (wanted === 'mean' && mask)
    return { global: { from: local, maskedBy: mask.name }, said: `the mean of the tokens of ${local}` };
  if (wanted === 'mean') {
    const other =
      global === undefined ? 'Give --text-global-feature class' : `Leave the option out: ${global} stands for a whole text`;
    throw new LimnError(
      'USAGE',
      `${path} takes no attention_mask, which tells the tokens of a text from padding, so there is no mean of them. ${other}.`,
    );
  }
  const found = inspection.outputs.map(({ name }) => name).join(', ');
  const ways = mask ? '--text-global-feature mean or --text-global-feature class' : '--text-global-feature class';
  throw new LimnError('USAGE', `${path} gives no embedding of a whole text: its outputs are ${found}. Give ${ways}.`);
}

function sentenceFeature(
  local: string,
  mask: GraphInput | undefined,
  { pooling, after }: SentenceSettings,
  path: string,
): { global: Feature; said: string } {
  const steps = [...(typeof pooling === 'object' ? [`pooling by ${pooling.other}`] : []), ...after];
  if (steps.length > 0) {
    throw new LimnError(
      'USAGE',
      `${path} gives no sentence_embedding, and limn does not do what the folder asks for after it: ${steps.join(', ')}. Export it with these steps, or give --text-global-feature mean or --text-global-feature class.`,
      { details: { steps } },
    );
  }
  if (pooling === 'class') return { global: { from: local, token: 0 }, said: `the first token of ${local}` };
  if (mask) return { global: { from: local, maskedBy: mask.name }, said: `the mean of the tokens of ${local}` };
  throw new LimnError('USAGE', `${path} takes no attention_mask, which the mean of the tokens needs: export it with that input.`);
}

const tokenizerSettings = z.object({
  model_max_length: z.number().int().min(2).max(8192).optional().catch(undefined),
  pad_token: z.union([z.string(), z.object({ content: z.string() })]).nullish(),
});
