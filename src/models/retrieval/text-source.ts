/** Texts as a model wants them: what fills the text inputs of a batch. */
import { LimnError } from '../../core/errors.js';
import { float32, type Tensor, tensor } from '../../engine/tensor/tensor.js';
import type { TextFeatureTable } from '../encoders/cache/text-cache.js';
import type { HubTokenizer } from '../encoders/text/hub-tokenizer.js';
import type { Vocabulary } from '../encoders/text/vocabulary.js';

export interface TextSource {
  /** The inputs of a batch of texts, each of which was given when the source was opened; see models/encoder/text.ts for names. */
  feeds(texts: readonly string[]): Record<string, Tensor>;
  close(): Promise<void>;
}

/** Ids of the model's own vocabulary. @param words that are read of a text */
export function wordSource(vocabulary: Vocabulary, words: number): TextSource {
  return {
    feeds: (texts) => {
      const ids = BigInt64Array.from(vocabulary.encodeBatch(texts, words).ids.data, BigInt);
      return { words: tensor('int64', [texts.length, words], ids) };
    },
    close: async () => {},
  };
}

/** Cached features of a frozen encoder. */
export function textFeatureSource(table: TextFeatureTable): TextSource {
  const { tokens, channels } = table.local;
  const globalChannels = table.global.channels;
  return {
    feeds: (texts) => {
      const rows = texts.map((text) => {
        const row = table.rowOf(text);
        if (row === undefined) throw new LimnError('USAGE', `The text ${JSON.stringify(text)} was not read before it is used.`);
        return row;
      });
      const count = texts.length;
      const local = new Uint16Array(count * tokens * channels);
      const lengths = new Uint16Array(count);
      const global = new Uint16Array(count * globalChannels);
      table.gather(rows, local, lengths, global);
      return {
        'text.local': tensor('float16', [count, tokens, channels], local),
        'text.mask': tokenMask(lengths, tokens),
        'text.global': tensor('float16', [count, globalChannels], global),
      };
    },
    close: () => table.close(),
  };
}

/** Token ids for an encoder that is trained with the rest. @param padding the id behind a text's last token */
export function tokenSource(tokenizer: HubTokenizer, tokens: number, padding: number): TextSource {
  return {
    feeds: (texts) => {
      const ids = new BigInt64Array(texts.length * tokens).fill(BigInt(padding));
      const lengths = texts.map((text, row) => {
        const encoded = tokenizer.encode(text, tokens).ids;
        encoded.forEach((id, i) => {
          ids[row * tokens + i] = BigInt(id);
        });
        return encoded.length;
      });
      return { 'text.ids': tensor('int64', [texts.length, tokens], ids), 'text.mask': tokenMask(lengths, tokens) };
    },
    close: async () => {},
  };
}

/** (count, tokens): 1 for a token of the text. */
function tokenMask(lengths: ArrayLike<number>, tokens: number): Tensor {
  const mask = new Float32Array(lengths.length * tokens);
  for (let row = 0; row < lengths.length; row++) mask.fill(1, row * tokens, row * tokens + (lengths[row] as number));
  return float32([lengths.length, tokens], mask);
}
