/** The picture files of a folder and of the folders in it, and what is passed over. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LimnError, messageOf } from '../../../core/errors.js';
import { imageExtensions, isImageName, shownExtensions } from '../../../core/image-format.js';
import { idProblem } from '../../store/check.js';
import { type ImageList, listOf } from './image-list.js';
import { PassedOver, type PassedOverFiles, shownPassedOver } from './passed-over.js';

/** File name endings that count as pictures, in any case. */
export const scannedExtensions = imageExtensions;

export interface ScannedFolder {
  /** Paths inside the folder, with "/" between names, in code unit order. */
  paths: string[];
  passedOver: PassedOverFiles[];
}

/**
 * Goes through a folder and the folders in it. Hidden files and folders are left out, links to folders are not followed; these and all
 * files that are no pictures are counted by kind.
 *
 * @throws LimnError DATA when the folder does not exist, cannot be read or has no pictures in it; IO for a folder inside that cannot be read
 */
export async function scanFolder(folder: string): Promise<ScannedFolder> {
  const state = await stat(folder).catch(() => undefined);
  if (!state?.isDirectory()) {
    const what = state ? 'is a file, not a folder' : 'does not exist';
    throw new LimnError('DATA', `The folder ${folder} ${what}: give a folder of pictures.`, { details: { folder } });
  }
  const passedOver = new PassedOver();
  const paths: string[] = [];
  const waiting = [''];
  for (let inside = waiting.pop(); inside !== undefined; inside = waiting.pop()) {
    // Names are bytes on most systems; read as texts, those that are no UTF-8 would name files that are not there.
    const entries = await readdir(join(folder, inside), { withFileTypes: true, encoding: 'buffer' }).catch((error) => {
      throw new LimnError('IO', `Cannot list ${join(folder, inside)}: ${messageOf(error)}.`, {
        details: { folder },
        cause: error,
      });
    });
    for (const entry of entries) {
      const name = entry.name.toString();
      const path = inside === '' ? name : `${inside}/${name}`;
      const kind = !entry.name.equals(Buffer.from(name))
        ? 'name that is not UTF-8'
        : name.startsWith('.')
          ? 'hidden'
          : await kindOf(join(folder, path), entry);
      if (kind === 'folder') waiting.push(path);
      // What limn keeps of pictures that were added one by one is no picture of the folder.
      else if (path === '.limn') continue;
      else if (kind !== 'file') passedOver.add(kind, path);
      else if (!isImageName(name)) passedOver.add(endingOf(name), path);
      else if (idProblem(path) !== undefined) passedOver.add(`name that cannot be an id: ${idProblem(path)}`, path);
      else paths.push(path);
    }
  }
  if (paths.length === 0) {
    const others = passedOver.kinds.length > 0 ? `; it has ${shownPassedOver(passedOver.kinds)}` : '';
    throw new LimnError(
      'DATA',
      `The folder ${folder} has no pictures (${shownExtensions})${others}: give a folder that has some.`,
      {
        details: { folder, passedOver: passedOver.kinds },
      },
    );
  }
  return { paths: paths.sort(), passedOver: passedOver.kinds };
}

/** The paths of {@link scanFolder} alone. @throws LimnError as it does */
export async function scanImages(folder: string): Promise<string[]> {
  return (await scanFolder(folder)).paths;
}

/** The pictures of a folder as a list: their ids are their paths inside it. @throws LimnError DATA, IO as {@link scanFolder} */
export async function folderList(folder: string): Promise<ImageList> {
  const { paths, passedOver } = await scanFolder(folder);
  return { ...listOf(paths.map((path) => ({ id: path, location: path, metadata: {} }))), passedOver };
}

interface Entry {
  isDirectory(): boolean;
  isFile(): boolean;
  isSymbolicLink(): boolean;
}

async function kindOf(path: string, entry: Entry): Promise<string> {
  if (entry.isDirectory()) return 'folder';
  if (entry.isFile()) return 'file';
  if (!entry.isSymbolicLink()) return 'pipe, socket or device';
  const state = await stat(path).catch(() => undefined);
  if (!state) return 'link that leads nowhere';
  if (state.isDirectory()) return 'linked folder';
  return state.isFile() ? 'file' : 'pipe, socket or device';
}

function endingOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 && dot < name.length - 1 ? name.slice(dot).toLowerCase() : 'file without an ending';
}
