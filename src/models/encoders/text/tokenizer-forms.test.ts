/** Parts of texts against those of the reference implementation: scripts/reference/make_tokenizer_fixtures.py. */
import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
import { expect, it } from 'vitest';
import { readableTokenizer } from './tokenizer-forms.js';

interface Case {
  step: { type: string };
  parts: string[][];
}

const fixture = new URL('../../../../test/fixtures/pre-tokenizers.json', import.meta.url);
const { texts, cases } = JSON.parse(readFileSync(fixture, 'utf8')) as { texts: string[]; cases: Case[] };

/** Every character is a token, one at the beginning of a part another than one inside it. */
const characters = [...new Set([...texts.join(''), '▁'])];
const vocabulary = characters.flatMap((character) => [character, `##${character}`]);
const model = {
  type: 'WordPiece',
  unk_token: '[UNK]',
  continuing_subword_prefix: '##',
  max_input_chars_per_word: 100,
  vocab: Object.fromEntries([...vocabulary, '[UNK]'].map((token, id) => [token, id])),
};
const rest = { version: '1.0', added_tokens: [], normalizer: null, post_processor: null, decoder: null, model };

function partsOf(tokenizer: Tokenizer, text: string): string[] {
  const parts: string[] = [];
  for (const id of tokenizer.encode(text).ids) {
    const character = characters[Math.floor(id / 2)] as string;
    if (id % 2 === 0) parts.push(character);
    else parts.push(`${parts.pop()}${character}`);
  }
  return parts;
}

it.each(cases.map((one) => [JSON.stringify(one.step).slice(0, 120), one] as const))('%s', (_, { step, parts }) => {
  const tokenizer = new Tokenizer(readableTokenizer({ ...rest, pre_tokenizer: step }), {});
  expect(texts.map((text) => partsOf(tokenizer, text))).toEqual(parts);
});

it('keeps a tokenizer without such a step', () => {
  expect(readableTokenizer({ ...rest, pre_tokenizer: null })).toEqual({ ...rest, pre_tokenizer: null });
});
