import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readSentenceSettings } from './sentence-settings.js';

const scratch = mkdtempSync(join(tmpdir(), 'limn-sentence-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function folderOf(files: Record<string, unknown>): string {
  const folder = mkdtempSync(join(scratch, 'model-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), JSON.stringify(content));
  }
  return folder;
}

const modules = (...kinds: [string, string][]) =>
  kinds.map(([kind, path], idx) => ({ idx, name: `${idx}`, path, type: `sentence_transformers.models.${kind}` }));
const mean = { word_embedding_dimension: 8, pooling_mode_cls_token: false, pooling_mode_mean_tokens: true };
const plain = { pooling: 'mean', after: [], lowercase: false };

it.each<[string, Record<string, unknown>, object]>([
  ['the mean', { '1_Pooling/config.json': mean }, plain],
  [
    'the first token',
    { '1_Pooling/config.json': { ...mean, pooling_mode_mean_tokens: false, pooling_mode_cls_token: true } },
    { ...plain, pooling: 'class' },
  ],
  ['the mean where nothing is said', { '1_Pooling/config.json': { word_embedding_dimension: 8 } }, plain],
  ['a way by its name', { '1_Pooling/config.json': { pooling_mode: 'cls' } }, { ...plain, pooling: 'class' }],
  ['another way', { '1_Pooling/config.json': { pooling_mode: 'lasttoken' } }, { ...plain, pooling: { other: 'lasttoken' } }],
  [
    'another way, as of old',
    { '1_Pooling/config.json': { ...mean, pooling_mode_mean_tokens: false, pooling_mode_max_tokens: true } },
    { ...plain, pooling: { other: 'max' } },
  ],
  [
    'two ways',
    { '1_Pooling/config.json': { ...mean, pooling_mode_cls_token: true } },
    { ...plain, pooling: { other: 'cls and mean' } },
  ],
  [
    'steps behind the pooling, which may lie elsewhere',
    {
      'modules.json': modules(['Transformer', ''], ['Pooling', 'pool'], ['Dense', '2_Dense'], ['Normalize', '3_Normalize']),
      'pool/config.json': mean,
    },
    { ...plain, after: ['Dense'] },
  ],
  [
    'how texts are read',
    {
      '1_Pooling/config.json': mean,
      'sentence_bert_config.json': { max_seq_length: 128, do_lower_case: true },
      'config_sentence_transformers.json': { prompts: { query: 'find: ', other: '' }, default_prompt_name: 'query' },
    },
    { ...plain, lowercase: true, length: 128, prompt: 'find: ' },
  ],
  [
    'settings that say nothing',
    {
      '1_Pooling/config.json': mean,
      'sentence_bert_config.json': { max_seq_length: null, do_lower_case: false },
      'config_sentence_transformers.json': { prompts: { query: 'find: ' }, default_prompt_name: null },
    },
    plain,
  ],
])('reads %s', async (_, files, expected) => {
  expect(await readSentenceSettings(folderOf(files))).toEqual(expected);
});

it('reads nothing of the folders of other libraries', async () => {
  expect(await readSentenceSettings(folderOf({ 'config.json': {} }))).toBeUndefined();
});
