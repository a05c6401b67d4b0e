/**
 * The folder of an export. Files are named by their content, so that those which are there already are not written again, and a visitor of
 * the export before goes on with it until the new manifest, which is written last, is in its place.
 */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { LimnError } from '../../core/errors.js';
import { sha256, writeFileAtomic } from '../../core/files.js';
import { checkManifest, type ExportedFile, type ExportManifest, imagePath, manifestName } from './format.js';

/** Stands in a folder from the first write on, so that an export that was stopped is taken up again. */
const markerName = '.limn-export';
/** Where files of an export lie that no manifest names any more. */
const ownFolders = ['assets', 'data', 'references', 'thumbnails'];

export interface FolderReport {
  written: number;
  writtenBytes: number;
  unchanged: number;
  removed: number;
}

export class ExportFolder {
  readonly report: FolderReport = { written: 0, writtenBytes: 0, unchanged: 0, removed: 0 };
  private readonly kept = new Set<string>();

  private constructor(
    readonly path: string,
    /** What the folder's manifest said; undefined where there is none yet. */
    readonly before: ExportManifest | undefined,
  ) {}

  /** @throws LimnError USAGE for a folder with something else in it, IO */
  static async open(path: string): Promise<ExportFolder> {
    const names = await readdir(path).catch((error: NodeJS.ErrnoException): string[] => {
      if (error.code === 'ENOENT') return [];
      const why = error.code === 'ENOTDIR' ? 'is a file and no folder' : `cannot be read (${error.code})`;
      throw new LimnError('IO', `${path} ${why}. Export to another folder.`, { details: { path }, cause: error });
    });
    const before = names.includes(manifestName) ? await readManifest(join(path, manifestName)) : undefined;
    if (names.length > 0 && !before && !names.includes(markerName)) {
      const message = `${path} is not empty and holds no export of limn: nothing was written. Give a new folder, or one of an export.`;
      throw new LimnError('USAGE', message, { details: { path } });
    }
    const folder = new ExportFolder(path, before);
    await writeFileAtomic(join(path, markerName), 'The files of this folder are written by "limn export".\n');
    return folder;
  }

  /** Writes a file whose name holds the hash of its content, such as data/query-0123456789abcdef.onnx. */
  async put(kind: string, extension: string, bytes: Uint8Array): Promise<ExportedFile> {
    const hash = sha256(bytes);
    return this.write(`data/${kind}-${hash.slice(0, 16)}.${extension}`, bytes, hash);
  }

  /** @returns the name of the image, which is the beginning of its hash */
  async putImage(kind: 'thumbnails' | 'references', bytes: Uint8Array): Promise<string> {
    const name = sha256(bytes).slice(0, 32);
    await this.write(imagePath(kind, name), bytes, name);
    return name;
  }

  /** Keeps an image that an earlier export wrote. @returns whether it is there */
  async keepImage(kind: 'thumbnails' | 'references', name: string): Promise<boolean> {
    if (name === '') return false;
    const path = imagePath(kind, name);
    if (!(await this.sizeOf(path))) return false;
    if (!this.kept.has(path)) this.report.unchanged++;
    this.kept.add(path);
    return true;
  }

  /** Writes a file under a name of its own unless that is what is there. */
  async putNamed(path: string, bytes: Uint8Array): Promise<ExportedFile> {
    const hash = sha256(bytes);
    const there = await readFile(join(this.path, path)).catch(() => undefined);
    if (there && sha256(there) === hash) {
      this.kept.add(path);
      this.report.unchanged++;
      return { path, bytes: bytes.length, sha256: hash };
    }
    await this.replace(path, bytes);
    return { path, bytes: bytes.length, sha256: hash };
  }

  /** Number and bytes of the images that are kept. */
  async images(): Promise<{ files: number; bytes: number }> {
    let bytes = 0;
    const paths = [...this.kept].filter((path) => /^(thumbnails|references)\//.test(path));
    for (const path of paths) bytes += (await this.sizeOf(path)) ?? 0;
    return { files: paths.length, bytes };
  }

  /** Puts the manifest in its place, and removes what it no longer names. */
  async finish(manifest: ExportManifest): Promise<void> {
    await this.putNamed(manifestName, Buffer.from(`${JSON.stringify(manifest, undefined, 1)}\n`));
    for (const folder of ownFolders) {
      const entries = await readdir(join(this.path, folder), { recursive: true, withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        const place = join(entry.parentPath, entry.name);
        if (!entry.isFile() || this.kept.has(relative(this.path, place).split(sep).join('/'))) continue;
        await rm(place, { force: true });
        this.report.removed++;
      }
    }
  }

  private async write(path: string, bytes: Uint8Array, hash: string): Promise<ExportedFile> {
    const file = { path, bytes: bytes.length, sha256: hash };
    if (this.kept.has(path)) return file;
    // The name says what is in it; a file of another length was cut short by something else.
    if ((await this.sizeOf(path)) === bytes.length) {
      this.kept.add(path);
      this.report.unchanged++;
    } else await this.replace(path, bytes);
    return file;
  }

  private async replace(path: string, bytes: Uint8Array): Promise<void> {
    await writeFileAtomic(join(this.path, path), bytes);
    this.kept.add(path);
    this.report.written++;
    this.report.writtenBytes += bytes.length;
  }

  private sizeOf(path: string): Promise<number | undefined> {
    return stat(join(this.path, path)).then(
      ({ size }) => size,
      () => undefined,
    );
  }
}

async function readManifest(path: string): Promise<ExportManifest> {
  const text = await readFile(path, 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  try {
    return checkManifest(value, path);
  } catch (error) {
    const message = `${path} is not the manifest of an export that this limn writes: nothing was written. Give another folder.`;
    throw new LimnError('USAGE', message, { details: { path }, cause: error });
  }
}
