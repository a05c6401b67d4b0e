/** How pictures are prepared for an encoder: from the settings files of its folder and what the caller says. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LimnError } from '../../../core/errors.js';
import { readJson } from '../../../core/files.js';
import type { EncoderDescription } from '../image/description.js';
import { readOpenClipConfig, readTimmConfig } from './evaluation-transforms.js';
import { type ImageSteps, readPreprocessor } from './preprocessor.js';
import { foreignSettings, processorClass } from './processor-classes.js';

/** What a caller may say of the preprocessing; it goes before what the files say. */
export interface ImageChoices {
  /** Width and height in pixels. */
  size?: number | undefined;
  /** Mean of R, G and B, 0 to 1. */
  mean?: readonly number[] | undefined;
  /** Standard deviation of R, G and B, 0 to 1. */
  std?: readonly number[] | undefined;
  /** The resizing filter. */
  resampling?: EncoderDescription['resampling'] | undefined;
  /** "cover" crops, "contain" pads, "fill" stretches. */
  fit?: EncoderDescription['fit'] | undefined;
  /** What the shorter side is scaled to before the crop, in pixels. */
  shorterSide?: number | undefined;
  /** The order in which the graph takes the colours. */
  channelOrder?: 'RGB' | 'BGR' | undefined;
}

export interface FoundSteps {
  steps: ImageSteps;
  /** The file that says so. */
  source: string;
  /** Where pixels are not quite those of the library. */
  note?: string;
}

/** The settings files that are looked for, the first that is there wins. */
export const settingsFiles = ['processor_config.json', 'preprocessor_config.json', 'open_clip_config.json', 'config.json'];

/**
 * @param folder with the settings files, if any
 * @param modelType config.json's
 * @param graphSize the side that the graph insists on
 * @throws LimnError CONFIG for settings that limn does not do, USAGE that names the options for what nothing says
 */
export async function imageSteps(
  folder: string,
  modelType: string | undefined,
  choices: ImageChoices,
  graphSize: number | undefined,
): Promise<FoundSteps> {
  const complete = choices.size !== undefined && choices.mean !== undefined && choices.std !== undefined;
  const found = complete ? undefined : await readSteps(folder, modelType);
  const size = choices.size ?? found?.steps.size ?? graphSize;
  const { mean = found?.steps.mean, std = found?.steps.std } = choices;
  const missing = Object.entries({ '--size': size, '--mean': mean, '--std': std }).filter(([, value]) => value === undefined);
  if (size === undefined || mean === undefined || std === undefined) {
    throw new LimnError(
      'USAGE',
      `No file says how images are prepared: there is no ${settingsFiles.slice(0, 3).join(', ')} and no config.json of timm. Give ${missing.map(([flag]) => flag).join(', ')} (and --resampling, --fit if they are not pillow-bicubic and cover). Models of timm and torchvision mostly have --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225.`,
      { details: { folder } },
    );
  }
  if (graphSize !== undefined && graphSize !== size) {
    throw new LimnError(
      'USAGE',
      `The graph takes pictures of ${graphSize} pixels, and ${found ? found.source : '--size'} says ${size}: give --size ${graphSize}, or export the model for ${size}.`,
      { details: { graphSize, size } },
    );
  }
  const base: ImageSteps = found?.steps ?? { size, mean: [], std: [], resampling: 'pillow-bicubic', fit: 'cover' };
  // Another size leaves no meaning to the side before the crop.
  const { shorterSide, ...kept } = base;
  const scaled = choices.shorterSide ?? (size === base.size ? shorterSide : undefined);
  const { resampling = base.resampling, fit = base.fit, channelOrder = base.channelOrder } = choices;
  const steps = {
    ...kept,
    size,
    mean: [...mean],
    std: [...std],
    resampling,
    fit,
    ...(scaled === undefined ? {} : { shorterSide: scaled }),
    ...(channelOrder === undefined ? {} : { channelOrder }),
  };
  const note = found?.note === undefined ? {} : { note: found.note };
  return { steps, source: found?.source ?? 'the options given', ...note };
}

async function readSteps(folder: string, modelType: string | undefined): Promise<FoundSteps | undefined> {
  let wrapped: FoundSteps | undefined;
  for (const source of settingsFiles) {
    const file = join(folder, source);
    if (!existsSync(file)) continue;
    const value = await readJson(file, 'a picture preprocessor');
    const steps = stepsOf(source, value, file, modelType);
    if (steps) return { steps, source, ...settingsNote(value, modelType) };
    const copied = readTimmConfig(processorOf(source, value), file);
    if (copied) wrapped ??= { steps: copied, source };
  }
  return wrapped;
}

/** Undefined for a file that says nothing of images, or that leaves it to timm's config.json. */
function stepsOf(source: string, value: unknown, label: string, modelType: string | undefined): ImageSteps | undefined {
  if (source === 'open_clip_config.json') return readOpenClipConfig(value, label);
  if (source === 'config.json') return readTimmConfig(value, label);
  const content = processorOf(source, value);
  if (content === undefined) return undefined;
  const { image_processor_type: type } = (content ?? {}) as { image_processor_type?: string };
  return type === 'TimmWrapperImageProcessor' ? undefined : readPreprocessor(content, label, modelType);
}

/** What a file says of its image processor. The one that wraps timm's has a copy of config.json's settings, which go before it. */
function processorOf(source: string, value: unknown): unknown {
  const nested = (value as { image_processor?: unknown } | null)?.image_processor;
  return source === 'processor_config.json' ? nested : value;
}

function settingsNote(value: unknown, modelType: string | undefined): { note?: string } {
  const { image_processor: nested = value } = value as { image_processor?: unknown };
  const { image_processor_type: type, feature_extractor_type: former = type } = nested as Record<string, string | undefined>;
  const foreign = foreignSettings(nested, modelType);
  const notes = [
    ...(foreign.length > 0 ? [`Its image processor does not read ${foreign.join(', ')}, and limn passes over that too.`] : []),
    ...(processorClass(type ?? former, modelType).defaults?.rescalesFirst
      ? ['Its image processor does not round resized colours; limn rounds them, to at most one grey level away.']
      : []),
  ];
  return notes.length > 0 ? { note: notes.join(' ') } : {};
}
