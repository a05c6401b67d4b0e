/** The small JSON that makes any ONNX picture encoder usable, and where its weights are looked for. */

import { existsSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { readSealedJson } from '../../../core/checksum.js';
import { LimnError, messageOf } from '../../../core/errors.js';
import { limnHome, sha256File } from '../../../core/files.js';
import { presentNames } from '../../../core/former-names.js';
import { mistakeIn } from '../../../core/schema.js';
import { cropRoundings, fits, type ImageSettings, resamplings } from './image.js';

const perChannel = (least: number) =>
  z.array(z.number().gte(least).lte(1, 'is for colours from 0 to 1: divide it by 255')).length(3);

/** A name that can be a folder. */
export const encoderName = z.string().regex(/^[\w.-]+$/, 'may have letters, digits, ".", "_" and "-" only');
export const fileName = z
  .string()
  .regex(/^[^/\\:]+(\/[^/\\:]+)*$/, 'must be the name of a file in the same folder or below it')
  .refine((path) => !path.split('/').includes('..'), 'must be the name of a file in the same folder or below it');

/** The JSON file that describes an ONNX image encoder (a zod schema). */
export const imageDescription = z.strictObject({
  /** A short name, used in cache folders and messages. */
  name: encoderName,
  /** The ONNX file. */
  file: z.string().min(1),
  /** The graph's picture input. */
  input: z.string().min(1),
  /** NCHW: (N, 3, size, size); NHWC: (N, size, size, 3). */
  layout: z.enum(['NCHW', 'NHWC']).default('NCHW'),
  /** Width and height in pixels. */
  size: z.int().min(8).max(2048),
  /** R, G, B; the input is (colour - mean) / deviation with colours from 0 to 1. */
  mean: perChannel(0),
  /** Standard deviation of R, G, B, 0 to 1. */
  std: perChannel(1e-6),
  /** The resizing filter. @default 'bicubic' */
  resampling: z.enum(resamplings).default('bicubic'),
  /** "cover" crops, "contain" pads, "fill" stretches. @default 'cover' */
  fit: z.enum(fits).default('cover'),
  /**
   * What the shorter side (fit "cover") or both sides (fit "fill") are scaled to before the crop; leave it out where that is the size.
   */
  shorterSide: z.int().min(8).max(4096).optional(),
  /** How an odd margin of the crop is rounded: down as in transformers (the default), to the even number as in timm and open_clip. */
  cropRounding: z.enum(cropRoundings).optional(),
  /** The order in which the graph takes the colours; RGB where it is left out. The mean and the deviation are R, G, B all the same. */
  channelOrder: z.enum(['RGB', 'BGR']).optional(),
  /** The type of the graph's picture input; float32 where it is left out. */
  inputType: z.enum(['float32', 'float16']).optional(),
  /** Outputs of the graph, and how they are read. */
  outputs: z.strictObject({
    /** The output with a vector for each place of the picture. */
    local: z.string().min(1),
    /** The output with one vector for the picture, (N, channels). */
    global: z.string().min(1),
    /** tokens: (N, tokens, channels), row by row; map: (N, channels, height, width). */
    localForm: z.enum(['tokens', 'map']).default('tokens'),
    /** Tokens at the start that are no place, e.g. 1 for a class token; they are left out. */
    skipTokens: z.int().nonnegative().default(0),
    /** What the global feature is, for readers: nothing depends on it. */
    globalFrom: z.string().min(1).optional(),
  }),
  /** Joins the mean and the deviation of R, G, B (0 to 1) of its place to each vector: 6 channels more. */
  colour: z.boolean().default(false),
  /** The number of pictures that the graph insists on; leave it out where any number will do. */
  batch: z.int().positive().optional(),
  /** Files beside the ONNX file that hold its weights, where they are not in the file itself. */
  externalData: z.array(fileName).optional(),
  /** Names of float tensors in the ONNX file to train, or not to, whatever they look like; `limn encoders check --names` lists them. */
  trained: z.array(z.string().min(1)).optional(),
  /** Names of float tensors that are never trained. @default none */
  frozen: z.array(z.string().min(1)).optional(),
});

/** The JSON file that describes an ONNX image encoder, with defaults filled in. */
export type EncoderDescription = z.output<typeof imageDescription>;

/** How pictures are decoded for an encoder. */
export function imageSettings(description: EncoderDescription): ImageSettings {
  const { size, fit, resampling, shorterSide, cropRounding } = description;
  return { size, fit, resampling, shorterSide, ...(cropRounding === undefined ? {} : { cropRounding }) };
}

/**
 * Validates an encoder's JSON.
 *
 * @param label what it is, usually its path, for error messages
 * @throws LimnError CONFIG that names the key, and the likely one for a key that is unknown
 */
export function parseDescription(value: unknown, label: string): EncoderDescription {
  const parsed = imageDescription.safeParse(presentNames(value));
  if (parsed.success) return parsed.data;
  const { place, reason, unknownKey } = mistakeIn(parsed.error, imageDescription);
  if (unknownKey) {
    throw new LimnError('CONFIG', `${label} has an unknown key "${unknownKey.place}". ${unknownKey.advice}`, {
      details: { label, key: unknownKey.key },
    });
  }
  throw new LimnError('CONFIG', `${label} does not describe a picture encoder: "${place || 'the whole file'}": ${reason}.`, {
    details: { label, place: place || 'the whole file' },
  });
}

/** The file that makes a folder of LIMN_HOME/encoders an encoder; see hub/encoder-folder.ts. */
export const folderFile = 'limn-encoder.json';

/**
 * Reads an encoder's JSON, or the one in the folder of an imported encoder, and finds its weights: beside the JSON, then in
 * `LIMN_HOME/encoders` and the folders of `LIMN_ENCODERS`, which are listed as in PATH.
 *
 * @throws LimnError IO or DATA for a JSON file that cannot be read, CONFIG for its content, ENCODER for missing weights
 */
export async function loadDescription(path: string): Promise<{ description: EncoderDescription; weights: string }> {
  const value = await readSealedJson(path, 'an encoder description');
  const folder = dirname(resolve(path));
  if (basename(path) !== folderFile) {
    const description = parseDescription(value, path);
    return { description, weights: findWeights(description.file, folder) };
  }
  const { picture: image } = value as { picture?: unknown };
  if (image === undefined) {
    throw new LimnError(
      'USAGE',
      `The encoder in ${folder} reads texts alone: give it to --text-encoder, and another to --encoder.`,
    );
  }
  // A model that is trained with it finds the weights again by the folder's name.
  const inFolder = parseDescription(image, path);
  const description = { ...inFolder, file: `${basename(folder)}/${inFolder.file}` };
  return { description, weights: findWeights(description.file, dirname(folder)) };
}

/** SHA-256 of an ONNX file and of those that hold weights for it. @throws LimnError ENCODER for one that cannot be read */
export async function weightsHashes(weights: string, externalData: readonly string[] = []): Promise<string[]> {
  const others = externalData.map((file) => join(dirname(weights), file));
  const customary = [`${weights}_data`, `${weights}.data`].filter((file) => existsSync(file));
  try {
    return await Promise.all([...new Set([weights, ...customary, ...others])].map(sha256File));
  } catch (error) {
    throw new LimnError('ENCODER', `Cannot read the encoder's weights: ${messageOf(error)}. Get them again.`, { cause: error });
  }
}

/** Further folders with weights of encoders. */
function encoderFolders(): string[] {
  const listed = (process.env.LIMN_ENCODERS ?? '').split(delimiter).filter((folder) => folder !== '');
  const former = process.env.LIMN_SHARED_DATA;
  return former ? [...listed, join(former, 'weights')] : listed;
}

/** The path of a weights file, or an error that lists the places looked at. */
export function findWeights(file: string, folder: string): string {
  const candidates = isAbsolute(file)
    ? [file]
    : [
        join(folder, file),
        limnHome('encoders', file),
        limnHome('encoders', basename(file)),
        ...encoderFolders().map((further) => join(further, basename(file))),
      ];
  const places = [...new Set(candidates)];
  const found = places.find((place) => existsSync(place));
  if (found) return found;
  throw new LimnError(
    'ENCODER',
    `The encoder's weights ${file} are at none of: ${places.join(', ')}. Put the file at one of them, or list its folder in LIMN_ENCODERS.`,
    {
      details: { file, places },
    },
  );
}
