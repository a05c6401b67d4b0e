/** A tokenizer.json in the form of CLIP's, without merges: every byte of a word is a token, the last one marked as its end. */

/** The ids that {@link byteTokenizer} needs: each byte inside a word and at its end, start and end of a text. */
export const byteVocabulary = 514;

/** The visible characters that byte-level tokenizers write bytes as: themselves, or the next free one from U+0100 on. */
function byteCharacters(): string[] {
  const visible = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(visible(byte) ? byte : next++));
}

/** @param vocabulary ids in all; the last two start and end a text */
export function byteTokenizer(vocabulary: number, length: number): { tokenizer: object; config: object } {
  const [start, end] = ['<|startoftext|>', '<|endoftext|>'];
  const characters = byteCharacters();
  const words = [...characters, ...characters.map((character) => `${character}</w>`)];
  const vocab = Object.fromEntries(words.map((word, id) => [word, id]));
  Object.assign(vocab, { [start]: vocabulary - 2, [end]: vocabulary - 1 });
  const added = [start, end].map((content) => ({
    id: vocab[content],
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  const split = {
    type: 'Split',
    pattern: { Regex: '[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+' },
    behavior: 'Removed',
    invert: true,
  };
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [split, { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }],
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [end, vocab[end]],
      cls: [start, vocab[start]],
      trim_offsets: false,
      add_prefix_space: false,
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: end,
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      fuse_unk: false,
      vocab,
      merges: [],
    },
  };
  const config = {
    tokenizer_class: 'CLIPTokenizer',
    bos_token: start,
    eos_token: end,
    pad_token: end,
    unk_token: end,
    model_max_length: length,
  };
  return { tokenizer, config };
}
