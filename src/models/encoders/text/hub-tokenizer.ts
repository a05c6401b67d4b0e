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
import { readableTokenizer } from './tokenizer-forms.js';

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
    /** Whether texts are put in lower case before the tokenizer gets them. */
    private readonly lowercasesFirst: boolean,
    /** The id of words that a list of whole words does not have. */
    private readonly unknown: number | undefined,
  ) {}

  /**
   * @param file the path of tokenizer.json
   * @param configFile the path of tokenizer_config.json
   * @param lowercase whether texts are put in lower case first
   * @throws LimnError IO, DATA for files that cannot be read, ENCODER for a tokenizer that the library does not know
   */
  static async open(file: string, configFile: string, lowercase = false): Promise<HubTokenizer> {
    const [read, config] = await Promise.all([
      readJson(file, "a text encoder's tokenizer"),
      readJson(configFile, "a tokenizer's settings"),
    ]);
    try {
      const json = readableTokenizer(read as object, config as object);
      const tokenizer = new Tokenizer(json, config as object);
      const { unk_token: unknown } = (json as { model: { unk_token?: string | null } }).model;
      const unknownId = unknown ? tokenizer.token_to_id(unknown) : undefined;
      return new HubTokenizer(tokenizer, hasLowercase(json), tokenizer.encode('').ids.length > 0, lowercase, unknownId);
    } catch (error) {
      throw new LimnError('ENCODER', `${file} is not a tokenizer that limn can use: ${messageOf(error)}.`, { cause: error });
    }
  }

  /** The ids of one text, special tokens included; an empty text has these alone. */
  encode(text: string, length: number): TokenIds {
    const given = this.lowercasesFirst ? text.toLowerCase() : text;
    // JavaScript writes a capital sigma at the end of a word otherwise than the reference does.
    const encoded = this.tokenizer.encode(this.lowercases ? given.replaceAll('Σ', 'σ') : given);
    // The library has no id for a word that a list of whole words lacks; the reference leaves it out where nothing stands for it.
    const ids = (encoded.ids as (number | undefined)[]).flatMap((id) => id ?? this.unknown ?? []);
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
  type Step = { type?: string; lowercase?: boolean };
  const { normalizer } = json as { normalizer?: Step & { normalizers?: Step[] } };
  const lowers = ({ type, lowercase }: Step) => type === 'Lowercase' || (type === 'BertNormalizer' && lowercase !== false);
  return [normalizer, ...(normalizer?.normalizers ?? [])].some((step) => step && lowers(step));
}
