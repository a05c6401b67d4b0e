/** The picture files of a folder and of the folders in it. */
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { LimnError, messageOf } from '../../../core/errors.js';
import { listOf, type PictureList } from './picture-list.js';

/** File name endings that count as pictures, in any case. */
export const pictureExtensions = ['jpg', 'jpeg', 'png', 'webp', 'gif', 'tif', 'tiff', 'avif'] as const;

const pictureName = new RegExp(`\\.(${pictureExtensions.join('|')})$`, 'i');

/**
 * Paths inside `folder`, with "/" between names, in code unit order. Hidden files and folders are left out; links to folders are not
 * followed.
 *
 * @throws LimnError DATA when the folder does not exist, cannot be read or has no pictures in it
 */
export async function scanPictures(folder: string): Promise<string[]> {
  const state = await stat(folder).catch(() => undefined);
  if (!state?.isDirectory()) {
    const what = state ? 'is a file, not a folder' : 'does not exist';
    throw new LimnError('DATA', `The folder ${folder} ${what}: give a folder of pictures.`, { details: { folder } });
  }
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    throw new LimnError('IO', `Cannot list ${folder}: ${messageOf(error)}.`, { details: { folder }, cause: error });
  });
  const found = entries
    .filter((entry) => pictureName.test(entry.name) && !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep))
    .filter((names) => names.every((name) => !name.startsWith('.')))
    .map((names) => names.join('/'));
  if (found.length === 0) {
    const endings = pictureExtensions.map((extension) => `.${extension}`).join(', ');
    throw new LimnError('DATA', `The folder ${folder} has no pictures (${endings}): give a folder that has some.`, {
      details: { folder },
    });
  }
  return found.sort();
}

/** The pictures of a folder as a list: their ids are their paths inside it. @throws LimnError DATA, IO as {@link scanPictures} */
export async function folderList(folder: string): Promise<PictureList> {
  const paths = await scanPictures(folder);
  return listOf(paths.map((path) => ({ id: path, location: path, metadata: {} })));
}
