/**
 * Texts to the token ids that a text encoder from the Hub was trained with: its own tokenizer.json, read by
 * @huggingface/tokenizers.
 *
 * It gives the ids of transformers. open_clip first mends texts (broken encodings, HTML entities, typographic quotes), which
 * neither transformers nor limn does: such texts get other ids there.
 */
import { Tokenizer } from '@huggingface/tokenizers';
import { LimnError, messageOf } from '../../../core/errors.js';
import { readJson } from '../../../core/files.js';

export interface TokenIds {
  /** At most `length`; the special token at the end is kept when the text is cut. */
  ids: number[];
  /** Whether the text did not fit. */
  truncated: boolean;
}

export class HubTokenizer {
  private constructor(
    private readonly tokenizer: Tokenizer,
    private readonly lowercases: boolean,
    /** Whether an empty text ends with a special token. */
    private readonly endsSpecially: boolean,
  ) {}

  /**
   * @param file the path of tokenizer.json
   * @param configFile the path of tokenizer_config.json
   * @throws LimnError IO, DATA for files that cannot be read, ENCODER for a tokenizer that the library does not know
   */
  static async open(file: string, configFile: string): Promise<HubTokenizer> {
    const [json, config] = await Promise.all([
      readJson(file, "a text encoder's tokenizer"),
      readJson(configFile, "a tokenizer's settings"),
    ]);
    try {
      const tokenizer = new Tokenizer(json as object, config as object);
      return new HubTokenizer(tokenizer, hasLowercase(json), tokenizer.encode('').ids.length > 0);
    } catch (error) {
      throw new LimnError('ENCODER', `${file} is not a tokenizer that limn can use: ${messageOf(error)}.`, { cause: error });
    }
  }

  /** The ids of one text, special tokens included; an empty text has these alone. */
  encode(text: string, length: number): TokenIds {
    // JavaScript writes a capital sigma at the end of a word otherwise than the reference does.
    const { ids } = this.tokenizer.encode(this.lowercases ? text.replaceAll('Σ', 'σ') : text);
    if (ids.length <= length) return { ids, truncated: false };
    const kept = ids.slice(0, length);
    if (this.endsSpecially) kept[length - 1] = ids.at(-1) as number;
    return { ids: kept, truncated: true };
  }

  /** The id of a token such as the one for padding; undefined where there is none. */
  idOf(token: string): number | undefined {
    return this.tokenizer.token_to_id(token);
  }
}

function hasLowercase(json: unknown): boolean {
  const { normalizer } = json as { normalizer?: { type?: string; normalizers?: { type?: string }[] } };
  return [normalizer, ...(normalizer?.normalizers ?? [])].some((step) => step?.type === 'Lowercase');
}
