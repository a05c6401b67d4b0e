/** Brings an encoder's files into LIMN_HOME: from a folder here, or from the parts that a download left. */
import { constants } from 'node:fs';
import { copyFile, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { LimnError, messageOf } from '../../../core/errors.js';
import { limnHome, makeFolder } from '../../../core/files.js';
import { encoderName, folderFile } from '../image/description.js';
import { describeFolder } from './describe-folder.js';
import { encoderFolder, type HubEncoder, openHubEncoder, readEncoderFolder } from './encoder-folder.js';
import { withFolderLock } from './folder-lock.js';
import { chooseFiles, type EncoderDtype } from './layout.js';

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
  return withFolderLock(target, {}, async () => {
    for (const path of copies) await copyBeside(join(source, path), join(target, partOf(path)));
    const previous = await installParts(
      target,
      copies.map((path) => ({ path, part: partOf(path) })),
    );
    await describeFolder(target, { name, layout, previous });
    return openHubEncoder(target);
  });
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
