/** What the folders of all models have in common: config.json, which is written last, vocabulary.json and weights.safetensors. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { readSealedJson, sealed } from '../../core/checksum.js';
import { LimnError, messageOf } from '../../core/errors.js';
import { sha256, writeFileAtomic } from '../../core/files.js';
import { presentNames } from '../../core/former-names.js';
import { readRegularFile } from '../../core/regular-file.js';
import { decodeSafetensors, encodeSafetensors } from '../../engine/tensor/safetensors.js';
import type { Tensor } from '../../engine/tensor/tensor.js';
import { type EncoderDescription, parseDescription } from '../encoders/image/description.js';
import { Vocabulary } from '../encoders/text/vocabulary.js';

/** The picture encoder as a model's config names it. */
export const encoderSchema = z.strictObject({
  id: z.string(),
  description: z.unknown().optional(),
  definition: z.string().optional(),
});

export interface EncoderIdentity {
  id: string;
  description?: EncoderDescription | undefined;
  /** The id of its definition, where it is one of a plug-in. */
  definition?: string | undefined;
}

/** What a kind of model is called in messages. */
export interface ModelKind {
  /** E.g. "limn model". */
  name: string;
  /** The command that makes one, without its --out. */
  command: string;
  /** Says what is missing where its config cannot be read for want of something. */
  missing?(config: unknown): string | undefined;
}

export interface ModelFiles<Config> {
  /** Where the files lie: the folder itself, or the `model` folder of a run. */
  folder: string;
  config: Config;
  encoder: EncoderIdentity;
  vocabulary: Vocabulary;
  /** Parameters and buffers by name. */
  weights: Record<string, Tensor>;
  /** SHA-256 of the weights. */
  hash: string;
}

/** The `model` folder of a run; any other folder itself. */
export function modelFolderIn(path: string): Promise<string> {
  const inside = join(path, 'model');
  return access(join(inside, 'config.json')).then(
    () => inside,
    () => path,
  );
}

/**
 * Reads a model's folder, or the `model` folder of a run.
 *
 * @throws LimnError CHECKPOINT when a file is missing, cut short or of another kind of model
 */
export async function readModelFolder<Config extends { encoder: z.output<typeof encoderSchema> }>(
  path: string,
  schema: z.ZodType<Config>,
  { name, command, missing }: ModelKind,
): Promise<ModelFiles<Config>> {
  const folder = await modelFolderIn(path);
  const [configFile, vocabularyFile, weightsFile] = ['config.json', 'vocabulary.json', 'weights.safetensors'].map((file) =>
    join(folder, file),
  ) as [string, string, string];
  const raw = await readSealedJson(configFile, "a model's config").catch((cause) => {
    const message = `There is no usable ${name} in ${path}: ${messageOf(cause)} Train one with "${command} --out ${path}".`;
    throw new LimnError('CHECKPOINT', message, { cause });
  });
  const lack = missing?.(raw);
  if (lack !== undefined) throw new LimnError('CHECKPOINT', `${configFile}: ${lack}`, { details: { file: configFile } });
  const parsed = schema.safeParse(presentNames(raw));
  if (!parsed.success) {
    const why = z.prettifyError(parsed.error).replace(/\s+/g, ' ');
    throw new LimnError('CHECKPOINT', `${configFile} is not the config of a ${name}: ${why}`);
  }
  const vocabulary = Vocabulary.fromJSON(await readSealedJson(vocabularyFile, "a model's vocabulary"), vocabularyFile);
  const bytes = await readRegularFile(weightsFile).catch((cause) => {
    throw new LimnError('CHECKPOINT', `Cannot read the weights ${weightsFile}: ${messageOf(cause)}.`, { cause });
  });
  const { tensors: weights } = decodeSafetensors(bytes, weightsFile);
  const { id, description, definition } = parsed.data.encoder;
  const encoder = {
    id,
    description: description === undefined ? undefined : parseDescription(description, configFile),
    ...(definition === undefined ? {} : { definition }),
  };
  return { folder, config: parsed.data, encoder, vocabulary, weights, hash: sha256(bytes) };
}

/** Writes a model's folder. @param config with its `format`; a folder that has one is whole @param more other files by their names */
export async function writeModelFolder(
  folder: string,
  config: { readonly format: string; readonly [key: string]: unknown },
  { vocabulary, weights }: Pick<ModelFiles<unknown>, 'vocabulary'> & { weights: Readonly<Record<string, Tensor>> },
  more: Readonly<Record<string, Uint8Array>> = {},
): Promise<void> {
  await writeFileAtomic(join(folder, 'weights.safetensors'), encodeSafetensors(weights, { format: config.format }));
  await writeFileAtomic(join(folder, 'vocabulary.json'), JSON.stringify(sealed(vocabulary.toJSON())));
  for (const [name, bytes] of Object.entries(more)) await writeFileAtomic(join(folder, name), bytes);
  await writeFileAtomic(join(folder, 'config.json'), `${JSON.stringify(sealed(config), undefined, 2)}\n`);
}
