/** From the files of a folder to its limn-encoder.json: reads their settings and tries the graphs. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sealed } from '../../../core/checksum.js';
import { LimnError } from '../../../core/errors.js';
import { readJson, writeFileAtomic } from '../../../core/files.js';
import { elementTypeName } from '../../../engine/graph/element-types.js';
import { type EncoderDescription, folderFile, parseDescription } from '../image/description.js';
import { OnnxImageEncoder } from '../image/image-encoder.js';
import { describeText, type TextChoices } from './describe-text.js';
import { batchOf, configSchema, externalOf, type HubConfig } from './encoder-config.js';
import { besideIn, type EncoderFolder, hashFiles } from './encoder-folder.js';
import { type FeatureChoices, planImageFeatures } from './image-features.js';
import { type ImageChoices, imageSteps } from './image-steps.js';
import type { EncoderLayout } from './layout.js';
import { exposeFeatures, type GraphInput, inspectEncoder } from './rewire.js';
import type { SentenceSettings } from './sentence-settings.js';

/** What a caller may say of an encoder that its files do not, or otherwise. */
export interface EncoderChoices extends ImageChoices, FeatureChoices, TextChoices {
  /** The order of the picture input. @default by its shape */
  layout?: 'NCHW' | 'NHWC' | undefined;
}

interface Folder {
  name: string;
  layout: EncoderLayout;
  source?: EncoderFolder['source'];
  /** Files that are removed unless they are needed still. */
  previous: readonly string[];
  choices?: EncoderChoices;
  /** What sentence-transformers says beside the files that are kept. */
  sentence?: SentenceSettings | undefined;
}

/** Reads, tries and describes the files of a folder; the last thing written makes it an encoder. */
export async function describeFolder(folder: string, options: Folder): Promise<void> {
  const { name, layout, source, previous, choices = {}, sentence } = options;
  const configFile = join(folder, 'config.json');
  const config = existsSync(configFile) ? configSchema.catch({}).parse(await readJson(configFile, "an encoder's config")) : {};
  const short = name.replaceAll('/', '--');
  const seen = layout.image ? await describeImage(folder, short, layout.image, config, choices) : undefined;
  const read = layout.text
    ? await describeText(folder, { name: short, path: layout.text, config, choices, sentence })
    : undefined;
  const described = [...(seen ? [seen.description] : []), ...(read ? [read.description] : [])];
  const made = described.map(({ file }) => file).filter((path) => !layout.files.includes(path));
  const files = await hashFiles(folder, [...layout.files, ...made]);
  const notes = [...(seen?.notes ?? []), ...(read?.notes ?? [])];
  const content: EncoderFolder = {
    format: 'limn-encoder-1',
    name,
    dtype: layout.dtype,
    ...(source ? { source } : {}),
    ...((config.model_type ?? config.architecture) ? { family: config.model_type ?? config.architecture } : {}),
    ...(notes.length > 0 ? { notes } : {}),
    files,
    ...(seen ? { picture: seen.description } : {}),
    ...(read ? { text: read.description } : {}),
  };
  await writeFileAtomic(join(folder, folderFile), `${JSON.stringify(sealed(content), undefined, 2)}\n`);
  for (const path of previous) if (!(path in files)) await rm(join(folder, path), { force: true });
}

async function describeImage(
  folder: string,
  name: string,
  path: string,
  config: HubConfig,
  choices: EncoderChoices,
): Promise<{ description: EncoderDescription; notes: string[] }> {
  if (config.num_detection_tokens) {
    const message = `${path} has ${config.num_detection_tokens} detection tokens behind those of places, as YOLOS does; limn leaves out tokens before the places only. Export the model without them, or take the ViT or DeiT it was made from.`;
    throw new LimnError('ENCODER', message, { details: { path, tokens: config.num_detection_tokens } });
  }
  const inspection = await inspectEncoder(join(folder, path));
  const input = onlyInput(inspection.inputs, path);
  const layout = layoutOf(input, choices.layout, path);
  const side = sideOfImages(input, layout, path);
  const { steps, source, note } = await imageSteps(folder, config.model_type, choices, side);
  const form = {
    ...steps,
    ...(layout === 'NHWC' ? { layout } : {}),
    ...(input.elementType === float16 ? { inputType: 'float16' } : {}),
  };
  const common = { name, input: input.name, ...form, ...batchOf(input), ...externalOf(inspection) };
  const draft = parseDescription({ ...common, file: path, outputs: { local: 'x', global: 'x' } }, join(folder, path));
  const patch = config.vision_config?.patch_size ?? config.patch_size;
  const plan = await planImageFeatures(inspection, draft, patch, choices);
  const graph = await exposeFeatures(inspection, plan);
  const description = {
    ...draft,
    file: besideIn(path, basename(graph.file)),
    outputs: { ...graph.outputs, ...plan.form },
  };
  await (await OnnxImageEncoder.fromWeights(description, graph.file)).close();
  return {
    description,
    notes: [
      `Pictures are prepared as ${source === 'the options given' ? 'the options say' : `${source} says`}.`,
      ...(note ? [note] : []),
      ...plan.notes,
    ],
  };
}

const [float32, float16] = [1, 10];

function onlyInput(inputs: readonly GraphInput[], path: string): GraphInput {
  const [input, ...others] = inputs.toSorted((a, b) => Number(b.shape.length === 4) - Number(a.shape.length === 4));
  if (!input || others.length > 0) {
    const beside = others.map(({ name, elementType }) => `${name} (${elementTypeName(elementType)})`).join(', ');
    const message = `${path} takes ${beside} beside the image ${input?.name}, and limn gives the image alone: export the model without that input.`;
    throw new LimnError('ENCODER', message, { details: { inputs } });
  }
  if (input.elementType === float32 || input.elementType === float16) return input;
  const message = `${path} takes images as ${elementTypeName(input.elementType)} (${input.name}), and limn gives float32 or float16: export it with an input of float32, in which pixels are normalised.`;
  throw new LimnError('ENCODER', message, { details: { inputs } });
}

function layoutOf({ name, shape }: GraphInput, given: EncoderChoices['layout'], path: string): 'NCHW' | 'NHWC' {
  if (given) return given;
  const [first, last] = [shape[1] === 3, shape[3] === 3];
  if (first !== last) return first ? 'NCHW' : 'NHWC';
  // Files that leave every extent open come from exporters of PyTorch models, which take (N, 3, H, W).
  if (!first && shape.every((extent) => extent === undefined)) return 'NCHW';
  const extents = shape.map((extent) => extent ?? '?').join(', ');
  if (shape[1] !== undefined && shape[3] !== undefined && !first) {
    const message = `The input ${name} of ${path} is (${extents}), and limn gives images of 3 colours: export the model for (N, 3, height, width).`;
    throw new LimnError('ENCODER', message, { details: { shape } });
  }
  throw new LimnError(
    'USAGE',
    `The input ${name} of ${path} is (${extents}), which does not show the axis of the colours. Give --layout NCHW or --layout NHWC.`,
  );
}

/** The side that a graph insists on. */
function sideOfImages({ name, shape }: GraphInput, layout: 'NCHW' | 'NHWC', path: string): number | undefined {
  const [height, width] = layout === 'NCHW' ? [shape[2], shape[3]] : [shape[1], shape[2]];
  if (height === undefined || width === undefined || height === width) return height ?? width;
  const message = `The input ${name} of ${path} takes images of ${width} x ${height} pixels, and limn gives square ones: export the model for a square size.`;
  throw new LimnError('ENCODER', message, { details: { shape } });
}
