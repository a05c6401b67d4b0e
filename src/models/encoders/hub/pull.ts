/** `limn encoders pull`: a repository of the Hub to an encoder in LIMN_HOME. */
import { existsSync } from 'node:fs';
import { readdir, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LimnError } from '../../../core/errors.js';
import { makeFolder } from '../../../core/files.js';
import type { Logger, OnProgress } from '../../../core/progress.js';
import { folderFile } from '../image/description.js';
import { hasContent } from './content-hash.js';
import { describeFolder } from './describe-folder.js';
import { download } from './download.js';
import { encoderFolder, type HubEncoder, openHubEncoder, readEncoderFolder } from './encoder-folder.js';
import { unwritable, withFolderLock } from './folder-lock.js';
import { HubClient, type HubFile, type HubOptions } from './hub-client.js';
import { checkName, installParts } from './import-encoder.js';
import { chooseFiles, type EncoderDtype, type EncoderLayout } from './layout.js';

/** Options of {@link pullEncoder}. */
export interface PullOptions extends HubOptions {
  /** A branch, tag or commit. @default 'main' */
  revision?: string | undefined;
  /** Precision of the weights, where the repository has several. @default fp32, or the first kind there is */
  dtype?: EncoderDtype | undefined;
  /** Get every file again. @default false */
  force?: boolean | undefined;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress | undefined;
  /** Where remarks go. @default {@link silentLogger} */
  logger?: Logger | undefined;
}

interface Found extends EncoderLayout {
  repo: string;
  commit: string;
  listed: HubFile[];
}

interface Wanted {
  path: string;
  file: HubFile;
  /** Where it is downloaded to, in the folder. */
  part: string;
}

const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;

/**
 * Downloads an encoder, or what is still missing of it, and makes it usable. An encoder that is there already stays whole until
 * the new files are all here; a pull that breaks off goes on where it was when it is called again. Of several at once one gets the files,
 * and the others wait for it.
 *
 * @param repo e.g. `Xenova/clip-vit-base-patch32`; for one without ONNX files the conversion of the same name in `Xenova` is taken
 * @throws LimnError USAGE, DATA (missing files, wrong hash), IO (network, rights, disk), ENCODER or CONFIG (unusable), INTERRUPTED
 */
export async function pullEncoder(repo: string, options: PullOptions = {}): Promise<HubEncoder> {
  checkName(repo);
  const client = new HubClient(options);
  try {
    const found = await findFiles(client, repo, options);
    return await withFolderLock(encoderFolder(repo), options, () => fetchEncoder(client, repo, found, options));
  } finally {
    await client.close();
  }
}

/** What is missing of the files, and the description that makes them an encoder. */
async function fetchEncoder(client: HubClient, repo: string, found: Found, options: PullOptions): Promise<HubEncoder> {
  const { force = false, onProgress, signal, revision = 'main' } = options;
  const { commit, files } = found;
  const folder = encoderFolder(repo);
  if (!force && (await isThere(folder, found))) {
    options.logger?.info(`${repo} at ${commit.slice(0, 8)} is here already.`);
    return openHubEncoder(folder);
  }
  const known = new Map(found.listed.map((file) => [file.path, file]));
  const wanted: Wanted[] = [];
  for (const path of files) {
    const file = known.get(path) as HubFile;
    // What came before and is still right is kept.
    const here = !force && file.hash && existsSync(join(folder, path)) && (await hasContent(join(folder, path), file.hash));
    if (!here) wanted.push({ path, file, part: `${path}.${(file.hash?.value ?? commit).slice(0, 12)}.part` });
  }
  await prepareFolder(folder, wanted, force);
  const sizes = wanted.map(({ file }) => file.size ?? 0);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let before = 0;
  for (const [i, { path, file, part }] of wanted.entries()) {
    const report = (bytes: number) =>
      onProgress?.({
        stage: 'download MB',
        done: megabytes(before + bytes),
        total: megabytes(Math.max(total, before + bytes)),
        note: path,
      });
    await download({ client, repo: found.repo, commit, file, part: join(folder, part), onBytes: report, signal });
    before += sizes[i] as number;
    report(0);
  }
  const previous = await installParts(folder, wanted);
  const source = { endpoint: client.endpoint, repo: found.repo, revision, commit };
  await describeFolder(folder, { name: repo, layout: found, source, previous });
  return openHubEncoder(folder);
}

async function findFiles(client: HubClient, repo: string, { revision, dtype, logger }: PullOptions): Promise<Found> {
  const choose = async (name: string, at: string): Promise<Found> => {
    const { commit, files } = await client.list(name, at);
    const label = `${name} at ${at}`;
    return {
      repo: name,
      commit,
      listed: files,
      ...chooseFiles(
        files.map(({ path }) => path),
        dtype,
        label,
      ),
    };
  };
  try {
    return await choose(repo, revision ?? 'main');
  } catch (error) {
    const [owner, name] = repo.split('/');
    const lacksOnnx = LimnError.isInstance(error) && Array.isArray(error.details.onnx) && error.details.onnx.length === 0;
    if (!lacksOnnx || revision !== undefined || owner === 'Xenova' || !name) throw error;
    const converted = await choose(`Xenova/${name}`, 'main').catch(() => undefined);
    if (!converted) throw error;
    logger?.info(`${repo} has no ONNX files; taking the conversion ${converted.repo}.`);
    return converted;
  }
}

/** Whether the folder is an encoder of this very commit, with files of the right length. */
async function isThere(folder: string, { repo, commit, dtype }: Found): Promise<boolean> {
  if (!existsSync(join(folder, folderFile))) return false;
  const content = await readEncoderFolder(folder).catch(() => undefined);
  const { source } = content ?? {};
  if (!content || source?.repo !== repo || source.commit !== commit || content.dtype !== dtype) return false;
  for (const [path, { size }] of Object.entries(content.files)) {
    if ((await stat(join(folder, path)).catch(() => undefined))?.size !== size) return false;
  }
  return true;
}

/** Makes the folders, removes parts that no longer count, and sees to it that the disk has room. */
async function prepareFolder(folder: string, wanted: readonly Wanted[], force: boolean): Promise<void> {
  let missing = 0;
  const kept = new Set(wanted.flatMap(({ part }) => [part, `${part}.etag`]));
  try {
    for (const { path, file, part } of wanted) {
      const place = dirname(join(folder, path));
      await makeFolder(place);
      const prefix = dirname(path) === '.' ? '' : `${dirname(path)}/`;
      for (const entry of await readdir(place)) {
        const old = /\.part(\.etag)?$/.test(entry) && (force || !kept.has(`${prefix}${entry}`));
        if (old) await rm(join(place, entry), { force: true });
      }
      missing += (file.size ?? 0) - ((await stat(join(folder, part)).catch(() => undefined))?.size ?? 0);
    }
  } catch (error) {
    throw unwritable(folder, error);
  }
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (missing < free) return;
  throw new LimnError(
    'IO',
    `The disk of ${folder} has ${megabytes(free)} MB free and the encoder needs ${megabytes(missing)}: make room or set LIMN_HOME to another disk.`,
    { details: { folder, free, missing } },
  );
}
