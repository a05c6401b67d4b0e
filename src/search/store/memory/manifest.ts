/** `gallery.json`: what a gallery's folder is, and which log holds its items. It is replaced in one step. */
import { existsSync } from 'node:fs';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readSealedJson, sealed } from '../../../core/checksum.js';
import { LimnError, messageOf } from '../../../core/errors.js';
import { writeFileAtomic } from '../../../core/files.js';
import { sweepTemporary } from '../../../core/leftovers.js';
import { readInfo } from '../info.js';
import type { GalleryInfo } from '../store.js';
import { acknowledgedFile } from './acknowledged.js';

export interface Manifest {
  info: GalleryInfo;
  /** The file name of the log. */
  log: string;
  /** Whether a file beside the log says how much of it was acknowledged; galleries of earlier versions have none until they are written to. */
  isAcknowledged: boolean;
}

export const manifestName = 'gallery.json';
const format = 'limn-gallery-3';
const formatBefore = 'limn-gallery-2';
const logName = /^items-(\d+)\.log$/;
/** What an older form of galleries, or a write that was killed, left behind. */
const leftovers = [logName, /^items-\d+\.ack$/, /^vectors-[0-9a-f]{16}\.safetensors(\.\d+\.tmp)?$/];

export function hasManifest(folder: string): boolean {
  return existsSync(join(folder, manifestName));
}

/** @throws LimnError GALLERY when there is none, or it is damaged; it says how to make one */
export async function readManifest(folder: string): Promise<Manifest> {
  if (!hasManifest(folder)) {
    const message = `There is no gallery in ${folder}. Make one with "limn index --model RUN --images DIR --out ${folder}".`;
    throw new LimnError('GALLERY', message, { details: { folder } });
  }
  const value = (await readSealedJson(join(folder, manifestName), "a gallery's manifest").catch((error) => {
    const message = `The gallery in ${folder} is damaged: ${messageOf(error)} Make it again with "limn index".`;
    throw new LimnError('GALLERY', message, { details: { folder }, cause: error });
  })) as Record<string, unknown> | null;
  const known = value?.format === format || value?.format === formatBefore;
  if (!known || typeof value.log !== 'string' || !logName.test(value.log)) {
    const why = typeof value?.format === 'string' && !known ? `has the form "${value.format}"` : 'is damaged';
    const message = `The gallery in ${folder} ${why}; this version reads "${format}". Make it again with "limn index".`;
    throw new LimnError('GALLERY', message, { details: { folder } });
  }
  const info = readInfo(value.info, `The gallery in ${folder}`);
  return { info, log: value.log, isAcknowledged: value.format === format };
}

/** Makes a log the gallery's, durably. */
export async function writeManifest(folder: string, { info, log }: Pick<Manifest, 'info' | 'log'>): Promise<void> {
  await syncFolder(folder);
  await writeFileAtomic(join(folder, manifestName), `${JSON.stringify(sealed({ format, info, log }), undefined, 1)}\n`);
  await syncFolder(folder);
}

/** The name of the log behind the current one. */
export function nextLog(current: string | undefined): string {
  const number = Number(logName.exec(current ?? '')?.[1] ?? -1);
  return `items-${number + 1}.log`;
}

/** Removes what belongs to no gallery. Only for the process that holds the writer's lock. */
export async function removeLeftovers(folder: string, keep: string): Promise<void> {
  await sweepTemporary(folder);
  for (const name of await readdir(folder)) {
    if (name === keep || name === acknowledgedFile(keep) || !leftovers.some((pattern) => pattern.test(name))) continue;
    // A reader on Windows may still have it open; the next writer tries again.
    await rm(join(folder, name), { force: true }).catch(() => {});
  }
}

/** Makes new names in a folder durable, where the system can. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  try {
    await handle?.sync().catch(() => {});
  } finally {
    await handle?.close();
  }
}
