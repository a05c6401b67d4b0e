/**
 * The file of pseudo triplets: one JSON object a line for every pair that was captioned and judged, accepted or not. Each line carries a
 * checksum; lines of earlier versions have none.
 */
import { open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { sealed } from '../../core/checksum.js';
import { LimnError, messageOf } from '../../core/errors.js';
import { makeFolder } from '../../core/files.js';
import { AnnotationRow } from '../data/rows.js';
import { joinCaptions, type Triplet } from '../data/triplets.js';
import { reasons } from './judging.js';
import { strategies } from './pair-config.js';

const id = z.string().min(1);

const pseudoTriplet = z
  .strictObject({
    format: z.literal('limn-pseudo-1'),
    /** From 1; round 0 has labels only. */
    round: z.int().positive(),
    reference: id,
    target: id,
    strategy: z.enum(strategies),
    /** As the captioner wrote it. */
    text: z.string(),
    /** Mean log probability of a token. */
    likelihood: z.number(),
    /** Of the target among the gallery sample, from 1. */
    rank: z.int().positive(),
    /** Over the same text on other references; left out where the judge does not look at it. */
    margin: z.number().optional(),
    /** Over other texts for the same pair. */
    textMargin: z.number().optional(),
    verdict: z.enum(['accepted', 'refused']),
    reason: z.enum(reasons),
    /** What it counts in training; 0 where it was refused. */
    weight: z.number().min(0).max(1),
  })
  .refine(({ verdict, reason }) => (verdict === 'accepted') === (reason === 'accepted'), {
    path: ['reason'],
    error: 'the reason does not fit the verdict',
  });

export type PseudoTriplet = z.output<typeof pseudoTriplet>;

/** A triplet that says what it counts. */
export type WeightedTriplet = Triplet & { readonly weight: number };

/** A file of pseudo triplets that is open for adding to its end. One process at a time may hold it. */
export class PseudoTripletFile {
  private constructor(
    readonly path: string,
    /** What the file held when it was opened, in its order. */
    readonly records: readonly PseudoTriplet[],
    private bytes: number,
  ) {}

  /**
   * Opens a file, or a new one (and its folder) where there is none. A last line without its end, as a kill leaves behind, is cut off; everything
   * before it stays.
   *
   * @throws LimnError DATA naming the row for a whole line that is no pseudo triplet, or is damaged; IO when the file cannot be read or written
   */
  static async open(path: string): Promise<PseudoTripletFile> {
    const { records, bytes } = await read(path);
    await writing(path, async () => {
      await makeFolder(dirname(path));
      const file = await open(path, 'a');
      try {
        await file.truncate(bytes);
      } finally {
        await file.close();
      }
    });
    return new PseudoTripletFile(path, records, bytes);
  }

  /** Adds records and flushes them to disk. Where that fails, none of them stays. @throws LimnError IO */
  async append(records: readonly PseudoTriplet[]): Promise<void> {
    const data = Buffer.from(records.map((record) => `${JSON.stringify(sealed(pseudoTriplet.parse(record)))}\n`).join(''));
    await writing(this.path, async () => {
      const file = await open(this.path, 'a');
      try {
        await file.appendFile(data);
        await file.sync();
        this.bytes += data.length;
      } catch (error) {
        await file.truncate(this.bytes).catch(() => {});
        throw error;
      } finally {
        await file.close();
      }
    });
  }
}

/**
 * Every whole line of a file of pseudo triplets; none where there is no file. See {@link PseudoTripletFile.open} for errors.
 *
 * @param count how many lines a finished file has; a file that has lost some is refused. @default not known
 */
export async function readPseudoTriplets(path: string, count?: number): Promise<PseudoTriplet[]> {
  const { records } = await read(path);
  if (count === undefined || records.length === count) return records;
  const message = `${path} is damaged: it has ${records.length} pseudo triplets of ${count}. Restore it from a copy, or remove the folder of its round, and --resume makes it again.`;
  throw new LimnError('DATA', message, { details: { path, found: records.length, expected: count } });
}

/** The accepted ones as training triplets. @param path the file whose rows the records are, for messages */
export function acceptedTriplets(records: readonly PseudoTriplet[], path: string): WeightedTriplet[] {
  return records.flatMap(({ verdict, reference, target, text, weight }, index) => {
    if (verdict !== 'accepted') return [];
    const source = `${path} row ${index + 1}`;
    return [{ reference, targets: [target], text: joinCaptions([text]), captions: [text.trim()], source, weight }];
  });
}

async function read(path: string): Promise<{ records: PseudoTriplet[]; bytes: number }> {
  const data = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw new LimnError('IO', `Cannot read pseudo triplets at ${path}: ${messageOf(error)}.`, {
      details: { path },
      cause: error,
    });
  });
  const bytes = data.lastIndexOf('\n') + 1;
  const lines = data.toString('utf8', 0, bytes).split('\n').slice(0, -1);
  return {
    records: lines.map((line, index) => new AnnotationRow(line, path, index + 1, 'row').json().unsealed().parse(pseudoTriplet)),
    bytes,
  };
}

async function writing(path: string, write: () => Promise<void>): Promise<void> {
  await write().catch((error) => {
    const message = `Cannot write pseudo triplets to ${path}: ${messageOf(error)}. Check the disk's free space and your rights to the folder, then resume.`;
    throw new LimnError('IO', message, { details: { path }, cause: error });
  });
}
