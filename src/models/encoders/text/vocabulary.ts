/** The words of the training texts and their ids. Words that it does not hold share a few hash buckets. */
import { z } from 'zod';
import { LimnError } from '../../../core/errors.js';
import { mistakeIn } from '../../../core/schema.js';
import { type Tensor, tensor } from '../../../engine/tensor/tensor.js';

export interface VocabularyOptions {
  /** Words seen less often go to the buckets, which gives the buckets something to be trained on. @default 1 */
  minCount?: number;
  /** Keeps the most frequent words only. @default no limit */
  maxWords?: number;
  /** Ids shared by all unknown words. @default 32 */
  buckets?: number;
}

export interface EncodedText {
  /** (length) word ids, 0 where there is no word. */
  ids: Int32Array;
  /** (length) 1 for a word, 0 for padding. */
  mask: Float32Array;
  /** How many words did not fit. */
  truncated: number;
}

const serialized = z.strictObject({
  format: z.literal('limn-vocabulary-1'),
  buckets: z.int().positive(),
  words: z.array(z.string().min(1)),
});

/**
 * Lower-case words and numbers of a text, after Unicode compatibility normalisation (NFKC). Punctuation separates and is
 * dropped, so "V-neck" gives "v" and "neck"; an apostrophe inside a word joins, so "women's" gives "womens".
 */
export function tokenize(text: string): string[] {
  const plain = text.normalize('NFKC').toLowerCase();
  return plain.replace(/(?<=[\p{L}\p{N}])['’](?=[\p{L}\p{N}])/gu, '').match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}

/** Id layout: 0 padding, 1 to `buckets` unknown words by a stable hash, then the words, the most frequent first. */
export class Vocabulary {
  private readonly idOfWord: ReadonlyMap<string, number>;

  private constructor(
    readonly words: readonly string[],
    readonly buckets: number,
  ) {
    this.idOfWord = new Map(words.map((word, index) => [word, 1 + buckets + index]));
  }

  /** Counts the words of the training texts; equally frequent words are in code unit order, so the ids are reproducible. */
  static build(texts: Iterable<string>, options: VocabularyOptions = {}): Vocabulary {
    const { minCount = 1, maxWords = Number.POSITIVE_INFINITY, buckets = 32 } = options;
    const counts = new Map<string, number>();
    for (const text of texts) for (const word of tokenize(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    const kept = [...counts].filter(([, count]) => count >= minCount);
    kept.sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
    return new Vocabulary(
      kept.slice(0, maxWords).map(([word]) => word),
      buckets,
    );
  }

  /** @throws LimnError CHECKPOINT when `value` is not what {@link toJSON} gave */
  static fromJSON(value: unknown, label = 'The vocabulary'): Vocabulary {
    const parsed = serialized.safeParse(value);
    if (!parsed.success || new Set(parsed.data.words).size !== parsed.data.words.length) {
      const why = parsed.error ? mistakeIn(parsed.error).reason : 'a word is in it twice';
      throw new LimnError('CHECKPOINT', `${label} is damaged: ${why}. Use an earlier checkpoint or another copy of the model.`);
    }
    return new Vocabulary(parsed.data.words, parsed.data.buckets);
  }

  toJSON(): z.infer<typeof serialized> {
    return { format: 'limn-vocabulary-1', buckets: this.buckets, words: [...this.words] };
  }

  /** The number of ids, padding and buckets included: the rows that an embedding table needs. */
  get size(): number {
    return 1 + this.buckets + this.words.length;
  }

  /** The id of a token, always at least 1. */
  idOf(word: string): number {
    return this.idOfWord.get(word) ?? 1 + (fnv1a(word) % this.buckets);
  }

  /** True when the token has an id of its own. */
  has(word: string): boolean {
    return this.idOfWord.has(word);
  }

  /**
   * The first `length` words of a text.
   *
   * @throws LimnError USAGE when the text has no word in it
   */
  encode(text: string, length: number): EncodedText {
    const tokens = tokenize(text);
    if (tokens.length === 0) {
      throw new LimnError('USAGE', `The text ${JSON.stringify(text)} has no words: say what to change, e.g. "in red".`, {
        details: { text },
      });
    }
    const ids = new Int32Array(length);
    const mask = new Float32Array(length);
    const used = Math.min(length, tokens.length);
    for (let i = 0; i < used; i++) ids[i] = this.idOf(tokens[i] as string);
    mask.fill(1, 0, used);
    return { ids, mask, truncated: tokens.length - used };
  }

  /** A batch as tensors: ids int32 (B, length), mask float32 (B, length), and how many texts lost words. */
  encodeBatch(texts: readonly string[], length: number): { ids: Tensor<'int32'>; mask: Tensor<'float32'>; truncated: number } {
    const ids = new Int32Array(texts.length * length);
    const mask = new Float32Array(texts.length * length);
    let truncated = 0;
    texts.forEach((text, row) => {
      const encoded = this.encode(text, length);
      ids.set(encoded.ids, row * length);
      mask.set(encoded.mask, row * length);
      if (encoded.truncated > 0) truncated++;
    });
    const shape = [texts.length, length];
    return { ids: tensor('int32', shape, ids), mask: tensor('float32', shape, mask), truncated };
  }
}

/** FNV-1a over UTF-16 code units, 32 bits: equal on every machine and in every version. */
function fnv1a(text: string): number {
  let hash = 2166136261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16777619);
  return hash >>> 0;
}
