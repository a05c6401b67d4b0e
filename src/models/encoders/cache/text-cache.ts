/** Features of a frozen text encoder: computed once a text, kept as float16 by text and encoder. */
import { LimnError, throwIfAborted } from '../../../core/errors.js';
import { limnHome, sha256 } from '../../../core/files.js';
import type { OnProgress } from '../../../core/progress.js';
import type { FrozenTextEncoder } from '../text/text-encoder.js';
import { damageNotes } from './content-memo.js';
import { RecordStore } from './record-store.js';

export interface TextCacheOptions {
  encoder: FrozenTextEncoder;
  /** A text may be in the list more than once. */
  texts: Iterable<string>;
  /** The folder of the cache. @default a folder of LIMN_HOME that is named after the encoder */
  directory?: string;
  /** Texts that are encoded and written together; a crash loses at most as many. @default 256 */
  batchSize?: number;
  signal?: AbortSignal | undefined;
  onProgress?: OnProgress | undefined;
}

/** A record is the length (uint16), the local features, then the global ones, float16. */
export class TextFeatureTable {
  readonly encoderId: string;
  readonly local: FrozenTextEncoder['local'];
  readonly global: FrozenTextEncoder['global'];
  private readonly rows: ReadonlyMap<string, number>;

  constructor(
    private readonly store: RecordStore,
    /** The distinct texts, one a row. */
    readonly texts: readonly string[],
    encoder: Pick<FrozenTextEncoder, 'id' | 'local' | 'global'>,
    /** How many texts lost words because they are too long; of those encoded now, not of those from the cache. */
    readonly truncated: number,
  ) {
    this.encoderId = encoder.id;
    this.local = encoder.local;
    this.global = encoder.global;
    this.rows = new Map(texts.map((text, row) => [text, row]));
  }

  get count(): number {
    return this.texts.length;
  }

  /** The row of a text, or nothing for one that is not in the table. */
  rowOf(text: string): number | undefined {
    return this.rows.get(text);
  }

  /**
   * Copies features of texts, in the order of `rows`, as binary16 bits.
   *
   * @param localOut (rows, tokens, channels), zeros after a text's last token
   * @param lengthsOut (rows) the tokens that belong to the text
   * @param globalOut (rows, channels)
   * @throws LimnError USAGE for a row that does not exist or a target of another length
   */
  gather(rows: ArrayLike<number>, localOut: Uint16Array, lengthsOut: Uint16Array, globalOut: Uint16Array): void {
    const localWidth = this.local.tokens * this.local.channels;
    const parts: [string, Uint16Array, number][] = [
      ['lengths', lengthsOut, 1],
      ['local', localOut, localWidth],
      ['global', globalOut, this.global.channels],
    ];
    for (const [name, out, width] of parts) {
      if (out.length !== rows.length * width) {
        throw new LimnError('USAGE', `The ${name} target has ${out.length} elements and needs ${rows.length * width}.`);
      }
    }
    const places = Float64Array.from({ length: rows.length }, (_, i) => {
      const text = this.texts[rows[i] as number];
      if (text === undefined) throw new LimnError('USAGE', `There is no row ${rows[i]}: the table has ${this.count} rows.`);
      return this.store.placeOf(sha256(text)) as number;
    });
    this.store.gather(
      places,
      parts.map(([, out, width]) => ({ out: bytesOf(out), bytes: 2 * width })),
    );
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

/**
 * Features of texts: from the cache where they are in it, otherwise computed in batches.
 *
 * @throws LimnError NOT_FINITE or RUNTIME as the encoder does, IO, INTERRUPTED; what was encoded until then is kept
 */
export async function openTextFeatures(options: TextCacheOptions): Promise<TextFeatureTable> {
  const { encoder, batchSize = 256, signal, onProgress } = options;
  const { local, global } = encoder;
  const localWidth = local.tokens * local.channels;
  const width = 1 + localWidth + global.channels;
  const store = await RecordStore.open(options.directory ?? limnHome('texts', encoder.id), 2 * width);
  try {
    const texts = [...new Set(options.texts)];
    const missing = texts.filter((text) => store.placeOf(sha256(text)) === undefined);
    let truncated = 0;
    for (let start = 0; start < missing.length; start += batchSize) {
      throwIfAborted(signal, 'encoding texts; what is done is kept');
      const batch = missing.slice(start, start + batchSize);
      const features = await encoder.encode(batch);
      truncated += features.truncated;
      await store.append(
        batch.map((text, i) => {
          const record = new Uint16Array(width);
          record[0] = features.lengths[i] as number;
          record.set(features.local.subarray(i * localWidth, (i + 1) * localWidth), 1);
          record.set(features.global.subarray(i * global.channels, (i + 1) * global.channels), 1 + localWidth);
          return { key: sha256(text), bytes: bytesOf(record) };
        }),
      );
      const [note] = damageNotes(store.damaged);
      onProgress?.({ stage: 'encode texts', done: start + batch.length, total: missing.length, ...(note ? { note } : {}) });
    }
    return new TextFeatureTable(store, texts, encoder, truncated);
  } catch (error) {
    await store.close();
    throw error;
  }
}

const bytesOf = (values: Uint16Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
