/**
 * Brings a store up to a list of pictures: new and changed pictures are read, decoded, embedded and written, in stages that work
 * ahead of one another by a bounded number of pictures; unchanged ones are left alone.
 *
 * Each write is durable, so work that was killed costs what was under way, and the same call goes on with the rest.
 */

import { LimnError, messageOf, throwIfAborted } from '../../../core/errors.js';
import { presentOptions } from '../../../core/former-names.js';
import type { OnProgress } from '../../../core/progress.js';
import { ContentMemo, damageNotes } from '../../../models/encoders/cache/content-memo.js';
import type { GalleryStore, StoredItem } from '../../store/store.js';
import type { Embedder } from '../embedder.js';
import type { ImageFiles } from '../image-files.js';
import { embedChanged } from './embed-changed.js';
import type { ImageList, ListedImage, MetadataFit } from './image-list.js';
import { type KeptMetadata, keptNote, MetadataKeeper } from './keep-metadata.js';
import { type PassedOverFiles, passedOverNote } from './passed-over.js';
import { flattened, inBatches, mapAhead } from './pipeline.js';
import { type Changed, type PreparedImage, prepareImage } from './prepare.js';
import { prune } from './prune.js';

/** How images are brought into a gallery. */
export interface IngestOptions {
  /** What a picture that cannot be read does: stop with its error, or be left out and listed. @default 'error' */
  onBroken?: 'error' | 'skip' | undefined;
  /** Delete pictures that are not in the list, but for those that were added one by one. @default false */
  prune?: boolean | undefined;
  /** Fetch URLs again that the gallery has, to see whether they have changed. @default false */
  refresh?: boolean | undefined;
  /**
   * Read all files and hash their content, also those whose size, times and inode are what they were when they were last read.
   * @default false
   */
  verify?: boolean | undefined;
  /** Erase metadata that the gallery has and this call does not give; without it they are kept, field by field. @default false */
  replaceMetadata?: boolean | undefined;
  /** Build and refresh the store's indexes in the end, where pictures came or went. @default true */
  optimise?: boolean | undefined;
  /**
   * The list is a short one, whose pictures are written in one step: all or none, but for broken ones that are skipped, were it all of
   * them. Nothing is remembered of its files. @default false
   */
  atomic?: boolean | undefined;
  /** Stops the work when it fires; it then fails with INTERRUPTED. */
  signal?: AbortSignal | undefined;
  /** Called as the work proceeds. @default none */
  onProgress?: OnProgress | undefined;
}

/** What an indexing run did. */
export interface IngestReport {
  /** Pictures that the gallery did not have. */
  added: number;
  /** Pictures whose content has changed. */
  replaced: number;
  /** Pictures whose metadata or place alone have changed; they were not embedded again. */
  updated: number;
  /** Images that the gallery had already. */
  unchanged: number;
  /** Pictures that were deleted because they are no longer in the list. */
  removed: number;
  /** Pictures that could not be read, with the reason; what the gallery had of them stays. */
  skipped: { id: string; reason: string }[];
  /** Files of the folder that were passed over, by kind. */
  passedOver: PassedOverFiles[];
  /** How the rows of the file of metadata fit the pictures; left out without one. */
  metadata?: MetadataFit | undefined;
  /** Metadata that the gallery had and this call did not give; they were kept. */
  kept: KeptMetadata;
  /** What a person should know of all this, in sentences. */
  notes: string[];
}

/** A report before anything is done: what reading the sources has found. @param list @default one without anything to say */
export function newReport(list: Partial<ImageList> = {}): IngestReport {
  const { passedOver = [], metadata, notes = [] } = list;
  const note = passedOverNote(passedOver);
  return {
    added: 0,
    replaced: 0,
    updated: 0,
    unchanged: 0,
    removed: 0,
    skipped: [],
    passedOver: [...passedOver],
    ...(metadata ? { metadata } : {}),
    kept: { pictures: 0, fields: [] },
    notes: [...(note === undefined ? [] : [note]), ...notes],
  };
}

/** Puts into a report what was kept. */
export function tellKept(report: IngestReport, keeper: MetadataKeeper): void {
  report.kept = keeper.kept;
  const note = keptNote(report.kept);
  if (note !== undefined) report.notes.push(note);
}

/** What an {@link Ingest} works with. */
export interface IngestTools {
  /** Where the gallery is kept. */
  store: GalleryStore;
  /** Embeds images. */
  embedder: Embedder;
  /** Reads image files and URLs. */
  files: ImageFiles;
}

/** Brings a store up to a list of pictures: {@link ingest}, or something that has others do the work. */
export type Ingest = (tools: IngestTools, list: ImageList, options: IngestOptions) => Promise<IngestReport>;

/** Pictures that are read ahead, embedded together, and written together. */
const sizes = { lookup: 500, ahead: 16, embed: 32, write: 256 };
/** A slow encoder's work is written after this many milliseconds, so that a kill costs little of it. */
const longestUnwritten = 5000;

/**
 * @throws LimnError IMAGE for the first broken picture unless they are skipped, DATA when all are broken, USAGE for URLs where they are
 * not allowed or an id that the store refuses, STORE, INTERRUPTED; what was written until then stays
 */
export async function ingest(tools: IngestTools, list: ImageList, given: IngestOptions = {}): Promise<IngestReport> {
  const options = presentOptions(given);
  const { store, embedder, files } = tools;
  const { onBroken = 'error', refresh = false, optimise = true, signal, onProgress } = options;
  const report = newReport(list);
  const keeper = new MetadataKeeper(options.replaceMetadata);
  const memo = options.atomic ? undefined : await ContentMemo.open();
  const seen = options.prune ? new Set<string>() : undefined;
  const tell = () => {
    const { added, replaced, updated, unchanged, skipped } = report;
    const done = added + replaced + updated + unchanged + skipped.length;
    const notes = [
      unchanged > 0 && `${unchanged} unchanged`,
      skipped.length > 0 && `${skipped.length} broken`,
      ...damageNotes(memo?.damaged ?? 0),
    ].filter(Boolean);
    onProgress?.({ stage: 'index pictures', done, total: list.total, ...(notes.length > 0 ? { note: notes.join(', ') } : {}) });
  };

  const lookUp = async (images: ListedImage[]) => {
    for (const { id } of images) seen?.add(id);
    const stored = await store.get(images.map(({ id }) => id));
    return images.map((image, i) => ({ image: keeper.keep(image, stored[i]), stored: stored[i] }));
  };
  const prepare = ({ image, stored }: { image: ListedImage; stored: StoredItem | undefined }) => {
    throwIfAborted(signal, 'indexing; what is written is kept, and the same command resumes');
    return prepareImage(image, stored, { embedder, files, memo, refresh, verify: options.verify, signal });
  };
  async function* changedOnly(prepared: AsyncIterable<PreparedImage>): AsyncGenerator<Changed> {
    for await (const one of prepared) {
      if ('changed' in one) {
        yield one.changed;
        continue;
      }
      if ('broken' in one) {
        if (onBroken === 'error') throw one.broken;
        report.skipped.push({ id: one.id, reason: messageOf(one.broken) });
      } else report.unchanged++;
      if (report.unchanged % 500 === 0) tell();
    }
  }

  const looked = flattened(mapAhead(inBatches(list.images(), sizes.lookup), 1, lookUp));
  const changed = changedOnly(mapAhead(looked, sizes.ahead, prepare));
  const embedded = mapAhead(inBatches(changed, sizes.embed), 2, (batch) => embedChanged(batch, store, embedder, signal));
  try {
    const writes = options.atomic
      ? inBatches(flattened(embedded), list.total)
      : inBatches(flattened(embedded), sizes.write, { longest: longestUnwritten });
    for await (const group of writes) {
      await store.upsert(group.map(({ item }) => item));
      for (const { kind } of group) report[kind]++;
      await memo?.save();
      tell();
    }
  } finally {
    await memo?.save();
  }
  tellKept(report, keeper);
  report.notes.push(...(embedder.kept?.notes() ?? []));
  if (!options.atomic) refuseAllBroken(report, list);
  tell();
  if (seen) report.removed = await prune(store, seen, signal);
  if (!optimise) return report;
  if (report.added + report.replaced + report.removed > 0) await store.optimise(toolsOf({ signal, onProgress }));
  // A run that was killed at its very end leaves nothing to write, but perhaps its lock, an unfinished compaction, or no index.
  else await store.tidy?.(toolsOf({ signal, onProgress }));
  return report;
}

/** @throws LimnError DATA: where nothing can be read, the place is wrong, or a disk is not there, and nothing should be deleted */
export function refuseAllBroken({ skipped }: IngestReport, { total }: ImageList): void {
  if (skipped.length < total) return;
  throw new LimnError('DATA', `None of the ${total} pictures can be read. The first: ${skipped[0]?.reason}`);
}

function toolsOf({ signal, onProgress }: Pick<IngestOptions, 'signal' | 'onProgress'>) {
  return { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) };
}
