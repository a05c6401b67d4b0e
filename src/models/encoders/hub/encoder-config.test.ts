import { expect, it } from 'vitest';
import { configSchema, longestText } from './encoder-config.js';

it.each([
  ['the positions, where a tokenizer knows of more', { model_type: 'bert', max_position_embeddings: 64 }, 512, 64],
  ['what the tokenizer knows, where that is less', { model_type: 'bert', max_position_embeddings: 512 }, 128, 128],
  [
    'positions that begin behind that of padding',
    { model_type: 'roberta', max_position_embeddings: 514, pad_token_id: 1 },
    undefined,
    512,
  ],
  ['the same without a word on padding', { model_type: 'xlm-roberta', max_position_embeddings: 514 }, undefined, 512],
  [
    'the same in a model of two sides',
    { model_type: 'altclip', text_config: { max_position_embeddings: 514, pad_token_id: 1 } },
    77,
    512,
  ],
  ['those of the text side', { model_type: 'clip', text_config: { max_position_embeddings: 77 } }, 512, 77],
  ['what the tokenizer knows alone', { model_type: 't5' }, 256, 256],
  ['no more than a description takes', { model_type: 'qwen3', max_position_embeddings: 40960 }, undefined, 8192],
  ['77 where nothing is known', {}, undefined, 77],
])('a text has as many tokens as there are: %s', (_, config, known, length) => {
  expect(longestText(configSchema.parse(config), known)).toBe(length);
});

it('reads what it can of a configuration', () => {
  const config = {
    model_type: 'siglip',
    vision_config: null,
    text_config: { max_position_embeddings: null },
    patch_size: [16, 16],
  };
  expect(configSchema.parse(config)).toMatchObject({ model_type: 'siglip' });
});
