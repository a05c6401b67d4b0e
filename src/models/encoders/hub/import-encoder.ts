/** Brings an encoder's files into LIMN_HOME: from a folder here, or from the parts that a download left. */

import { constants, existsSync } from 'node:fs';
import { copyFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { LimnError, messageOf } from '../../../core/errors.js';
import { limnHome, makeFolder } from '../../../core/files.js';
import { presentOptions } from '../../../core/former-names.js';
import { encoderName, folderFile } from '../image/description.js';
import { describeFolder, type EncoderChoices } from './describe-folder.js';
import { encoderFolder, type HubEncoder, openHubEncoder, readEncoderFolder } from './encoder-folder.js';
import { findEncoderFiles } from './find-files.js';
import { withFolderLock } from './folder-lock.js';
import type { EncoderDtype } from './layout.js';
import { readSentenceSettings } from './sentence-settings.js';

/** Options of {@link importEncoder}. */
export interface ImportOptions extends EncoderChoices {
  /** The name to find it by. @default the folder's name, or the file's without .onnx */
  name?: string | undefined;
  /** Precision of the weights, where the folder has several. @default fp32, or the first kind there is */
  dtype?: EncoderDtype | undefined;
}

/**
 * Copies the files of an encoder into `LIMN_HOME/encoders` and makes them usable. Everything is tried before anything can be found
 * there, and a failure leaves nothing.
 *
 * @param place a folder with one or two ONNX files and their settings (config.json, preprocessor_config.json or what timm and
 *   open_clip write; for texts tokenizer.json and tokenizer_config.json), or the ONNX file itself
 * @throws LimnError DATA for files that are missing, USAGE that names the option for what files do not tell, ENCODER, CONFIG, RUNTIME
 *   for those that limn cannot use, IO
 */
export async function importEncoder(place: string, options: ImportOptions = {}): Promise<HubEncoder> {
  const { name: givenName, dtype, ...choices } = presentOptions(options);
  const { folder: source, file } = await locate(resolve(place));
  const name = givenName ?? (file === undefined ? basename(source) : basename(file, '.onnx'));
  checkName(name);
  const target = encoderFolder(name);
  const layout = await findEncoderFiles(source, await listFiles(source, place), { dtype, given: file }, place);
  const sentence = await readSentenceSettings(source);
  return withFolderLock(target, {}, async () => {
    const staged = join(dirname(target), `.${basename(target)}.${process.pid}.adding`);
    try {
      await rm(staged, { recursive: true, force: true });
      for (const path of layout.files) await copyInto(join(source, path), join(staged, path));
      await describeFolder(staged, { name, layout, previous: [], choices, sentence }).catch((error) => {
        throw ofSource(error, staged, source);
      });
      await replaceFolder(target, staged);
    } finally {
      await rm(staged, { recursive: true, force: true });
    }
    return openHubEncoder(target);
  });
}

/** What failed with the copies, said of the files that were given: the copies are removed. */
function ofSource(error: unknown, staged: string, source: string): unknown {
  if (!LimnError.isInstance(error) || !error.message.includes(staged)) return error;
  return new LimnError(error.code, error.message.replaceAll(staged, source), { details: error.details, cause: error });
}

/** The folder of an encoder and, where a file is given, its path in it; the settings of `onnx/model.onnx` lie a folder above. */
async function locate(place: string): Promise<{ folder: string; file?: string }> {
  const found = await stat(place).catch(() => undefined);
  if (!found?.isFile()) return { folder: place };
  const own = dirname(place);
  return basename(own) === 'onnx'
    ? { folder: dirname(own), file: `onnx/${basename(place)}` }
    : { folder: own, file: basename(place) };
}

/** Puts a whole folder in the place of another. */
async function replaceFolder(target: string, staged: string): Promise<void> {
  const old = `${staged}.old`;
  const existed = existsSync(target);
  if (existed) await rename(target, old);
  await rename(staged, target);
  if (existed) await rm(old, { recursive: true, force: true });
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

async function listFiles(folder: string, label: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true, recursive: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
  } catch (error) {
    throw new LimnError('IO', `Cannot read the folder ${label}: ${messageOf(error)}.`, { cause: error });
  }
}

async function copyInto(from: string, to: string): Promise<void> {
  try {
    await makeFolder(dirname(to));
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
