/** From the files of a folder to its limn-encoder.json: reads their settings and tries the graphs. */
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { LimnError } from '../../../core/errors.js';
import { readJson, writeFileAtomic } from '../../../core/files.js';
import { type EncoderDescription, folderFile, parseDescription } from '../image/description.js';
import { OnnxPictureEncoder } from '../image/picture-encoder.js';
import { probePicture } from '../image/picture-graph.js';
import { HubTokenizer } from '../text/hub-tokenizer.js';
import { type TextDescription, textDescription } from '../text/text-description.js';
import { OnnxTextEncoder } from '../text/text-encoder.js';
import { besideIn, type EncoderFolder, hashFiles } from './encoder-folder.js';
import type { EncoderLayout } from './layout.js';
import { readPreprocessor } from './preprocessor.js';
import { type EncoderGraph, type GraphInput, readEncoderGraph } from './rewire.js';

interface Folder {
  name: string;
  layout: EncoderLayout;
  source?: EncoderFolder['source'];
  /** Files that are removed unless they are needed still. */
  previous: readonly string[];
}

/** Reads, tries and describes the files of a folder; the last thing written makes it an encoder. */
export async function describeFolder(folder: string, { name, layout, source, previous }: Folder): Promise<void> {
  const config = configSchema.catch({}).parse(await readJson(join(folder, 'config.json'), "an encoder's config"));
  const short = name.replaceAll('/', '--');
  const picture = await describePicture(folder, short, layout.picture, config);
  const text = layout.text ? await describeText(folder, short, layout.text, config) : undefined;
  const made = [picture.file, ...(text ? [text.file] : [])].filter((path) => !layout.files.includes(path));
  const files = await hashFiles(folder, [...layout.files, ...made]);
  const content: EncoderFolder = {
    format: 'limn-encoder-1',
    name,
    dtype: layout.dtype,
    ...(source ? { source } : {}),
    files,
    picture,
    ...(text ? { text } : {}),
  };
  await writeFileAtomic(join(folder, folderFile), `${JSON.stringify(content, undefined, 2)}\n`);
  for (const path of previous) if (!(path in files)) await rm(join(folder, path), { force: true });
}

const configSchema = z.object({
  model_type: z.string().optional(),
  vision_config: z.object({ patch_size: z.number().optional() }).optional(),
  text_config: z.object({ max_position_embeddings: z.number().optional() }).optional(),
  patch_size: z.number().optional(),
});
type Config = z.output<typeof configSchema>;

async function describePicture(folder: string, name: string, path: string, config: Config): Promise<EncoderDescription> {
  const settings = 'preprocessor_config.json';
  const steps = readPreprocessor(await readJson(join(folder, settings), 'a picture preprocessor'), join(folder, settings));
  const graph = await readEncoderGraph(join(folder, path));
  const input = onlyInput(graph.inputs, path);
  const draft = parseDescription(
    {
      name,
      file: besideIn(path, basename(graph.file)),
      input: input.name,
      ...steps,
      outputs: graph.outputs,
      ...batchOf(input),
      ...externalOf(graph),
    },
    join(folder, path),
  );
  // The graph itself shows the form of its hidden state.
  const shape = await probePicture(draft, graph.file);
  const patch = config.vision_config?.patch_size ?? config.patch_size;
  const outputs = { ...draft.outputs, ...localForm(shape, draft.size, patch) };
  const description = { ...draft, outputs };
  await (await OnnxPictureEncoder.fromWeights(description, graph.file)).close();
  return description;
}

function onlyInput(inputs: readonly GraphInput[], path: string): GraphInput {
  const [input] = inputs;
  if (input && inputs.length === 1 && input.elementType === 1) return input;
  const found = inputs.map(({ name, elementType }) => `${name} (ONNX type ${elementType})`).join(', ');
  throw new LimnError('ENCODER', `${path} takes ${found || 'nothing'}, not one float32 picture: take another dtype or export.`);
}

/** Whether places are tokens or a map, and how many tokens, such as a class token, stand before them. */
function localForm(shape: readonly number[], size: number, patch: number | undefined): Partial<EncoderDescription['outputs']> {
  if (shape.length === 4) return { localForm: 'map', skipTokens: 0 };
  const tokens = shape[1] as number;
  const places = patch === undefined ? Math.floor(Math.sqrt(tokens)) ** 2 : Math.floor(size / patch) ** 2;
  return { localForm: 'tokens', skipTokens: places > 0 && places < tokens ? tokens - places : 0 };
}

async function describeText(folder: string, name: string, path: string, config: Config): Promise<TextDescription> {
  const graph = await readEncoderGraph(join(folder, path));
  const [ids, mask] = ['input_ids', 'attention_mask'].map((wanted) => graph.inputs.find((input) => input.name === wanted));
  const others = graph.inputs.filter((input) => input !== ids && input !== mask);
  if (!ids || others.length > 0 || (ids.elementType !== 7 && ids.elementType !== 6)) {
    const found = graph.inputs.map((input) => input.name).join(', ');
    throw new LimnError('ENCODER', `${path} takes ${found}, not input_ids and attention_mask: take another export.`);
  }
  const files = { tokenizer: 'tokenizer.json', tokenizerConfig: 'tokenizer_config.json' };
  const tokenizer = await HubTokenizer.open(join(folder, files.tokenizer), join(folder, files.tokenizerConfig));
  const settings = tokenizerSettings
    .catch({})
    .parse(await readJson(join(folder, files.tokenizerConfig), "a tokenizer's settings"));
  const fixed = ids.shape[1];
  const length = fixed ?? config.text_config?.max_position_embeddings ?? settings.model_max_length ?? 77;
  const pad = typeof settings.pad_token === 'object' ? settings.pad_token?.content : settings.pad_token;
  const description = textDescription.parse({
    name,
    file: besideIn(path, basename(graph.file)),
    ...files,
    inputs: { ids: ids.name, ...(mask ? { mask: mask.name } : {}) },
    dtype: ids.elementType === 7 ? 'int64' : 'int32',
    length,
    // SigLIP was trained with padding that it attends to.
    fixedLength: fixed !== undefined || config.model_type?.startsWith('siglip') === true,
    padding: (pad ? tokenizer.idOf(pad) : undefined) ?? 0,
    outputs: graph.outputs,
    ...batchOf(ids),
    ...externalOf(graph),
  } satisfies z.input<typeof textDescription>);
  const places = {
    weights: graph.file,
    tokenizer: join(folder, files.tokenizer),
    tokenizerConfig: join(folder, files.tokenizerConfig),
  };
  await (await OnnxTextEncoder.open(description, places)).close();
  return description;
}

const tokenizerSettings = z.object({
  model_max_length: z.number().int().min(2).max(8192).optional().catch(undefined),
  pad_token: z.union([z.string(), z.object({ content: z.string() })]).nullish(),
});

const batchOf = ({ shape }: GraphInput) => (shape[0] === undefined ? {} : { batch: shape[0] });
const externalOf = ({ externalData }: EncoderGraph) => (externalData.length > 0 ? { externalData } : {});
