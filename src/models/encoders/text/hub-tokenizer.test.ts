import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HubTokenizer } from './hub-tokenizer.js';

const fixture = fileURLToPath(new URL('../../../../test/fixtures/clip-tokens.json', import.meta.url));
const cases = JSON.parse(readFileSync(fixture, 'utf8')) as { text: string; ids: number[]; openClip: number[] }[];
const folder = join(process.env.LIMN_SHARED_DATA ?? resolve('..', 'shared', 'data'), 'weights', 'clip-tokenizer');
const present = existsSync(folder);

describe.skipIf(!present)(`CLIP's tokenizer${present ? '' : ` (skipped: no ${folder})`}`, () => {
  let tokenizer: HubTokenizer;
  beforeAll(async () => {
    tokenizer = await HubTokenizer.open(join(folder, 'tokenizer.json'), join(folder, 'tokenizer_config.json'));
  });

  it.each(cases)('gives the ids of transformers: $text', ({ text, ids }) => {
    expect(tokenizer.encode(text, 77).ids).toEqual(ids);
  });

  it('keeps the end of a long text, which is what is pooled', () => {
    const { ids, truncated } = tokenizer.encode('very '.repeat(90), 77);
    expect([ids.length, ids[0], ids[76], truncated]).toEqual([77, 49406, 49407, true]);
    expect(tokenizer.encode('a cat', 77)).toEqual({ ids: [49406, 320, 2368, 49407], truncated: false });
  });

  it('agrees with open_clip except where that mends texts first', () => {
    const different = cases.filter(({ ids, openClip }) => ids.join() !== openClip.join()).map(({ text }) => text);
    expect(different.length).toBe(6);
    for (const text of different) expect(text).toMatch(/[“\u00a0\u00c3Ǆ]|&amp;|<\|/);
  });
});

describe('HubTokenizer', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'limn-tokenizer-'));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  it('names a file that is no tokenizer', async () => {
    const [file, config] = [join(scratch, 'tokenizer.json'), join(scratch, 'tokenizer_config.json')];
    await expect(HubTokenizer.open(file, config)).rejects.toThrow("Cannot read a text encoder's tokenizer at");
    writeFileSync(config, '{}');
    writeFileSync(file, '{"model": {"type": "Unheard"}}');
    await expect(HubTokenizer.open(file, config)).rejects.toMatchObject({
      code: 'ENCODER',
      message: expect.stringMatching(/^.*tokenizer\.json is not a tokenizer that limn can use: .*$/),
    });
  });

  /** Ids as the reference gives them for these files. */
  const bert = {
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: { '[UNK]': 0, οδο: 1, '##σ': 2, σα: 3, cafe: 4, red: 5 },
    },
  };
  const words = (unk: object) => ({
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: { type: 'Whitespace' },
    model: { type: 'WordLevel', vocab: { '[UNK]': 0, red: 1, dress: 2 }, ...unk },
  });

  const cased = { ...bert, normalizer: { ...bert.normalizer, lowercase: false } };
  const named = (settings: object) => ({ tokenizer_class: 'BertTokenizer', ...settings });

  it.each<[string, object, string, number[], boolean?, object?]>([
    ['a class that is told to keep capitals', bert, 'CAFÉ Red blue', [0, 0, 0], false, named({ do_lower_case: false })],
    ['a class that lowers them unless it is told', cased, 'CAFÉ Red blue', [4, 5, 0], false, named({})],
    ['a class that is told to keep accents', bert, 'CAFÉ Red blue', [0, 5, 0], false, named({ strip_accents: false })],
    [
      'no class, whatever it is told',
      bert,
      'CAFÉ Red',
      [4, 5],
      false,
      { tokenizer_class: 'TokenizersBackend', do_lower_case: false },
    ],
    ['a capital sigma at the end of a word', bert, 'ΟΔΟΣ ΣΑΣ', [1, 2, 3, 2]],
    ['accents and capitals', bert, 'CAFÉ Red blue', [4, 5, 0]],
    ['a word that is not in the list', words({ unk_token: '[UNK]' }), 'Red silk dress!', [1, 0, 2, 0]],
    ['capitals that are to be lowered first', { ...words({ unk_token: '[UNK]' }), normalizer: null }, 'Red DRESS', [1, 2], true],
    ['capitals that are not', { ...words({ unk_token: '[UNK]' }), normalizer: null }, 'red DRESS', [1, 0]],
  ])('gives the ids of the reference: %s', async (_, json, text, ids, lowercase, settings = {}) => {
    const [file, config] = [join(scratch, 'own.json'), join(scratch, 'own_config.json')];
    writeFileSync(config, JSON.stringify(settings));
    const rest = { version: '1.0', truncation: null, padding: null, added_tokens: [], post_processor: null, decoder: null };
    writeFileSync(file, JSON.stringify({ ...rest, ...json }));
    expect((await HubTokenizer.open(file, config, lowercase)).encode(text, 20).ids).toEqual(ids);
  });
});
