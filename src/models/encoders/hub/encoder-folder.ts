/**
 * Encoders that were pulled or imported: folders of `LIMN_HOME/encoders`. A folder is an encoder once `limn-encoder.json`, which
 * is written last, is in it; that says what the files are, their hashes, and how to use them.
 */

import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { readSealedJson } from '../../../core/checksum.js';
import { LimnError, throwIfAborted } from '../../../core/errors.js';
import { limnHome, sha256File } from '../../../core/files.js';
import { presentNames, readableAs } from '../../../core/former-names.js';
import type { OnProgress } from '../../../core/progress.js';
import { mistakeText } from '../../../core/schema.js';
import { suggestion } from '../../../core/suggest.js';
import { type EncoderDescription, folderFile, imageDescription, loadDescription } from '../image/description.js';
import { type TextDescription, textDescription } from '../text/text-description.js';
import type { TextFiles } from '../text/text-encoder.js';
import { encoderDtypes } from './layout.js';

const insidePath = z
  .string()
  .refine((path) => !path.split(/[/\\]/).includes('..') && !path.startsWith('/'), 'leads out of the folder');

const schema = z.strictObject({
  format: z.literal('limn-encoder-1'),
  /** The repository or the name that it was imported under. */
  name: z.string().min(1),
  dtype: z.enum(encoderDtypes),
  /** Where it was pulled from; absent for files that were imported. */
  source: z.strictObject({ endpoint: z.string(), repo: z.string(), revision: z.string(), commit: z.string() }).optional(),
  /** config.json's name of the architecture. */
  family: z.string().optional(),
  /** What was decided where the files leave a choice. */
  notes: z.array(z.string()).optional(),
  files: z.record(insidePath, z.strictObject({ size: z.number(), sha256: z.string() })),
  /** Absent for an encoder of texts alone. */
  picture: imageDescription.optional(),
  text: textDescription.optional(),
});

/** What `limn-encoder.json` holds. */
export type EncoderFolder = z.output<typeof schema>;

/** An encoder in LIMN_HOME, ready to be opened. */
export interface HubEncoder {
  /** The name to find it by. */
  name: string;
  /** The folder of its files. */
  folder: string;
  /** For OnnxImageEncoder.fromWeights; absent for an encoder of texts alone. */
  image?: { description: EncoderDescription; weights: string };
  /** For OnnxTextEncoder.open; absent for an encoder of pictures alone. */
  text?: { description: TextDescription; files: TextFiles };
}

/** The folder that an encoder of this name lies in. */
export function encoderFolder(name: string): string {
  return limnHome('encoders', name.replaceAll('/', '--'));
}

/**
 * Opens a pulled or imported encoder.
 *
 * @param folderOrName its folder, its whole name (`openai/clip-vit-base-patch32`) or the part after the "/"
 * @throws LimnError USAGE for a name that is not there, DATA or CONFIG for a folder that is damaged
 */
export async function openHubEncoder(folderOrName: string): Promise<HubEncoder> {
  const folder = await findEncoderFolder(folderOrName);
  if (folder === undefined) {
    const names = (await listHubEncoders()).map(({ name }) => name);
    const advice = names.length > 0 ? suggestion(folderOrName, names) : 'Get one with "limn encoders pull".';
    throw new LimnError('USAGE', `There is no encoder "${folderOrName}" in ${limnHome('encoders')}. ${advice}`);
  }
  const { name, text, picture: described } = await readEncoderFolder(folder);
  const image = described ? { image: await loadDescription(join(folder, folderFile)) } : {};
  if (!text) return readableAs({ name, folder, ...image }, 'picture');
  const at = (path: string) => join(folder, path);
  const files = { weights: at(text.file), tokenizer: at(text.tokenizer), tokenizerConfig: at(text.tokenizerConfig) };
  return readableAs({ name, folder, ...image, text: { description: text, files } }, 'picture');
}

/** The folder of an encoder; undefined where there is none. @throws LimnError USAGE for a short name that several share */
export async function findEncoderFolder(folderOrName: string): Promise<string | undefined> {
  const isEncoder = (folder: string) => existsSync(join(folder, folderFile));
  const direct = [folderOrName, encoderFolder(folderOrName)].find(isEncoder);
  if (direct) return resolve(direct);
  if (/[/\\]/.test(folderOrName)) return undefined;
  const folders = (await foldersOf(limnHome('encoders'))).filter(isEncoder);
  const found = folders.filter((folder) => basename(folder).split('--').at(-1) === folderOrName);
  if (found.length < 2) return found[0];
  const names = found.map((folder) => basename(folder).replace('--', '/'));
  throw new LimnError('USAGE', `"${folderOrName}" could be ${names.join(' or ')}: give the whole name.`);
}

/** The folders of `LIMN_HOME/encoders` that are encoders. */
export async function listHubEncoders(): Promise<({ folder: string } & EncoderFolder)[]> {
  const folders = (await foldersOf(limnHome('encoders'))).filter((folder) => existsSync(join(folder, folderFile)));
  return Promise.all(folders.map(async (folder) => ({ folder, ...(await readEncoderFolder(folder)) })));
}

/** @throws LimnError IO or DATA for a file that cannot be read or is something else */
export async function readEncoderFolder(folder: string): Promise<EncoderFolder> {
  const file = join(folder, folderFile);
  const found = await readSealedJson(file, 'an imported encoder');
  // Its key `picture` stays; what lies under it has had other names.
  const { picture: image } = (found ?? {}) as { picture?: unknown };
  const parsed = schema.safeParse(image === undefined ? found : { ...(found as object), picture: presentNames(image) });
  if (parsed.success) return parsed.data;
  throw new LimnError('DATA', `${file} is damaged (${mistakeText(parsed.error)}). Pull or import it again.`);
}

/**
 * Hashes every file of an encoder again.
 *
 * @returns what is wrong, one sentence a file; empty when nothing is
 */
export async function checkHubEncoder(
  folderOrName: string,
  options: {
    /** Called as the work proceeds. @default none */
    onProgress?: OnProgress;
    /** Stops the work when it fires; it then fails with INTERRUPTED. */
    signal?: AbortSignal;
  } = {},
): Promise<string[]> {
  const { folder } = await openHubEncoder(folderOrName);
  const { files } = await readEncoderFolder(folder);
  const problems: string[] = [];
  const entries = Object.entries(files);
  for (const [done, [path, { size, sha256 }]] of entries.entries()) {
    throwIfAborted(options.signal, 'checking files');
    options.onProgress?.({ stage: 'check files', done, total: entries.length, note: path });
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (!found) problems.push(`${path} is missing`);
    else if (found.size !== size) problems.push(`${path} is ${found.size} bytes, not ${size}`);
    else if ((await sha256File(join(folder, path))) !== sha256) problems.push(`${path} has another content than when it came`);
  }
  options.onProgress?.({ stage: 'check files', done: entries.length, total: entries.length });
  return problems;
}

async function foldersOf(parent: string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => join(parent, name))
    .sort();
}

/** Size and hash of files of a folder. */
export async function hashFiles(folder: string, paths: readonly string[]): Promise<EncoderFolder['files']> {
  const files: EncoderFolder['files'] = {};
  for (const path of paths) {
    files[path] = { size: (await stat(join(folder, path))).size, sha256: await sha256File(join(folder, path)) };
  }
  return files;
}

/** The path of a file in the same folder as another one. */
export function besideIn(path: string, name: string): string {
  const folder = dirname(path);
  return folder === '.' ? name : `${folder}/${name}`;
}
