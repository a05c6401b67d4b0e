/** Makes an encoder of files in the layout of transformers.js: reads their settings, tries the graphs, writes limn-encoder.json. */
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import { LimnError, messageOf } from '../../core/errors.js';
import { limnHome, readJson, writeFileAtomic } from '../../core/files.js';
import { type EncoderDescription, encoderName, folderFile, parseDescription } from '../description.js';
import { HubTokenizer } from '../hub-tokenizer.js';
import { OnnxPictureEncoder } from '../picture-encoder.js';
import { probePicture } from '../picture-graph.js';
import { type TextDescription, textDescription } from '../text-description.js';
import { OnnxTextEncoder } from '../text-encoder.js';
import {
  besideIn,
  type EncoderFolder,
  encoderFolder,
  type HubEncoder,
  hashFiles,
  openHubEncoder,
  readEncoderFolder,
} from './encoder-folder.js';
import { chooseFiles, type EncoderDtype, type EncoderLayout } from './layout.js';
import { readPreprocessor } from './preprocessor.js';
import { type EncoderGraph, type GraphInput, readEncoderGraph } from './rewire.js';

export interface ImportOptions {
  /** The name to find it by. @default the folder's name */
  name?: string | undefined;
  /** @default fp32, or the first kind there is */
  dtype?: EncoderDtype | undefined;
}

/**
 * Copies the files of an encoder into `LIMN_HOME/encoders` and makes them usable.
 *
 * @param folder config.json, preprocessor_config.json, onnx/vision_model.onnx and, for texts, tokenizer.json,
 *   tokenizer_config.json, onnx/text_model.onnx
 * @throws LimnError DATA for files that are missing, ENCODER, CONFIG, RUNTIME for those that limn cannot use, IO
 */
export async function importEncoder(folder: string, options: ImportOptions = {}): Promise<HubEncoder> {
  const source = resolve(folder);
  const name = options.name ?? basename(source);
  checkName(name);
  const target = encoderFolder(name);
  const paths = await listFiles(source);
  const layout = chooseFiles(paths, options.dtype, folder);
  const copies = target === source ? [] : layout.files;
  for (const path of copies) await copyBeside(join(source, path), join(target, partOf(path)));
  const previous = await installParts(
    target,
    copies.map((path) => ({ path, part: partOf(path) })),
  );
  await describeFolder(target, { name, layout, previous });
  return openHubEncoder(target);
}

/** @throws LimnError USAGE for a name that cannot be a folder */
export function checkName(name: string): void {
  const parts = name.split('/');
  if (parts.length <= 2 && parts.every((part) => encoderName.safeParse(part).success && !/^\.+$/.test(part))) return;
  throw new LimnError(
    'USAGE',
    `"${name}" cannot be the name of an encoder: give one such as clip or openai/clip-vit-base-patch32.`,
  );
}

const partOf = (path: string) => `${path}.import.part`;

/**
 * Puts files that are whole in their places, after which the folder is no encoder until it is described anew.
 *
 * @returns the files that it had as an encoder
 */
export async function installParts(folder: string, files: readonly { path: string; part: string }[]): Promise<string[]> {
  const previous = await readEncoderFolder(folder).catch(() => undefined);
  if (files.length > 0) await rm(join(folder, folderFile), { force: true });
  for (const { path, part } of files) await rename(join(folder, part), join(folder, path));
  return Object.keys(previous?.files ?? {});
}

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

async function listFiles(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true, recursive: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
  } catch (error) {
    throw new LimnError('IO', `Cannot read the folder ${folder}: ${messageOf(error)}.`, { cause: error });
  }
}

async function copyBeside(from: string, to: string): Promise<void> {
  try {
    await mkdir(dirname(to), { recursive: true });
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  } catch (error) {
    await rm(to, { force: true }).catch(() => {});
    throw new LimnError(
      'IO',
      `Cannot copy ${from} to ${limnHome('encoders')}: ${messageOf(error)}. Check the disk's free space.`,
      {
        cause: error,
      },
    );
  }
}
