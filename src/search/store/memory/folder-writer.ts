/** The right to write a gallery's folder, which one process has at a time, and what only its holder may do. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { LimnError, throwIfAborted } from '../../../core/errors.js';
import { makeFolder } from '../../../core/files.js';
import { type Lock, takeLock } from '../../../core/lock.js';
import type { OnProgress } from '../../../core/progress.js';
import type { EmbeddedItem, GalleryInfo, StoredItem } from '../store.js';
import { diskError, Log } from './log.js';
import { hasManifest, nextLog, readManifest, removeLeftovers, writeManifest } from './manifest.js';
import { encodeUpsert } from './records.js';
import type { ScanOptions } from './scan-threads.js';
import { openSnapshot, Snapshot } from './snapshot.js';

/** Items of one record of a compacted log. */
const compactItems = 1024;

export class FolderWriter {
  private lock: Lock | undefined;

  constructor(
    private readonly folder: string,
    private readonly options: ScanOptions,
  ) {}

  /** Makes a gallery of these items. */
  async create(info: GalleryInfo, items: readonly EmbeddedItem[], replace: boolean): Promise<Snapshot> {
    try {
      await makeFolder(this.folder);
    } catch (error) {
      throw diskError('make', this.folder, error);
    }
    await this.takeLock();
    try {
      const exists = hasManifest(this.folder);
      if (exists && !replace) {
        throw new LimnError('GALLERY', `There is a gallery in ${this.folder} already; open it, or choose another folder.`);
      }
      const before = exists ? await readManifest(this.folder).catch(() => undefined) : undefined;
      return await this.refill(info, before?.log, items);
    } catch (error) {
      await this.release();
      throw diskError('make a gallery in', this.folder, error);
    }
  }

  /**
   * Makes sure that this process may write, and knows what others wrote before.
   *
   * @returns the snapshot to write to: the one given, or a new one where another process has compacted the gallery
   * @throws LimnError STORE where another process writes
   */
  async acquire(snapshot: Snapshot): Promise<Snapshot> {
    if (this.lock) return snapshot;
    await this.takeLock();
    try {
      const { info, log, isAcknowledged } = await readManifest(this.folder);
      let current = snapshot;
      if (join(this.folder, log) === snapshot.log.path) await snapshot.catchUp();
      else current = await openSnapshot(this.folder, this.options);
      if (!isAcknowledged) {
        await current.log.beginAcknowledging();
        await writeManifest(this.folder, { info, log });
      }
      await removeLeftovers(this.folder, log);
      return current;
    } catch (error) {
      await this.release();
      throw error;
    }
  }

  /** Writes the living items of a snapshot into a new log. */
  async compact(
    snapshot: Snapshot,
    { signal, onProgress }: { signal?: AbortSignal; onProgress?: OnProgress },
  ): Promise<Snapshot> {
    const { rows, info } = snapshot;
    const living = rows.ids().filter((id) => rows.rowOf.has(id));
    const { log: current } = await readManifest(this.folder);
    // Items of earlier versions have no checksums of their own, and what is copied gets new ones.
    if (rows.factorChecksums.includes(undefined)) await snapshot.log.verify();
    return this.replaceLog(info, nextLog(current), async (compacted) => {
      for (let from = 0; from < living.length; from += compactItems) {
        throwIfAborted(signal, 'optimising');
        const items = living.slice(from, from + compactItems).map(async (id): Promise<EmbeddedItem> => {
          const row = rows.rowOf.get(id) as number;
          return { ...(rows.items[row] as StoredItem), ...(await snapshot.vectors(row)) };
        });
        await compacted.append(encodeUpsert(await Promise.all(items), info.sizes), false);
        onProgress?.({ stage: 'compact the gallery', done: Math.min(from + compactItems, living.length), total: living.length });
      }
      compacted.compactRows = living.length;
    });
  }

  /** Takes the right to write a folder that cannot be opened. @returns what gives it back @throws LimnError STORE */
  async takeForRepair(): Promise<() => Promise<void>> {
    await this.takeLock();
    return () => this.release();
  }

  /** Puts a log of these items in the place of another one. For the holder of the lock. */
  refill(info: GalleryInfo, before: string | undefined, items: readonly EmbeddedItem[]): Promise<Snapshot> {
    return this.replaceLog(info, nextLog(before), async (made) => {
      for (let from = 0; from < items.length; from += compactItems) {
        await made.append(encodeUpsert(items.slice(from, from + compactItems), info.sizes), false);
      }
    });
  }

  async release(): Promise<void> {
    const { lock } = this;
    this.lock = undefined;
    await lock?.release();
  }

  /** Fills a new log and then makes it the gallery's. */
  private async replaceLog(info: GalleryInfo, name: string, fill: (snapshot: Snapshot) => Promise<void>): Promise<Snapshot> {
    const log = await Log.create(join(this.folder, name));
    const snapshot = new Snapshot(info, log, this.options);
    try {
      await fill(snapshot);
      await log.sync();
      await writeManifest(this.folder, { info, log: name });
      await removeLeftovers(this.folder, name);
      return snapshot;
    } catch (error) {
      await snapshot.retire();
      throw error;
    }
  }

  private async takeLock(): Promise<void> {
    const path = join(await realpath(this.folder), 'writer.lock');
    this.lock = await takeLock(path);
    if (this.lock) return;
    const message = `The gallery in ${this.folder} is being written by another process, or by another part of this one; wait until it has ended. If none is running, remove ${path}.`;
    throw new LimnError('STORE', message, { details: { lock: path } });
  }
}
