import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { clipSizes, writeRandomClip } from '../../../../test/support/clip/random-clip.js';
import { fromFloat16 } from '../../../engine/tensor/float16.js';
import { openTextFeatures } from '../cache/text-cache.js';
import { type HubEncoder, openHubEncoder } from '../hub/encoder-folder.js';
import { importEncoder } from '../hub/import-encoder.js';
import { OnnxTextEncoder, type TextEncoderOptions } from './text-encoder.js';

const scratch = mkdtempSync(join(tmpdir(), 'limn-text-'));
let hub: HubEncoder;
const open = (options: TextEncoderOptions = {}) => OnnxTextEncoder.open(hub.text!.description, hub.text!.files, options);

beforeAll(async () => {
  vi.stubEnv('LIMN_HOME', join(scratch, 'home'));
  await writeRandomClip(join(scratch, 'clip'), clipSizes.tiny, { batch: 2 });
  await importEncoder(join(scratch, 'clip'));
  hub = await openHubEncoder('clip');
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(scratch, { recursive: true, force: true });
});

describe('OnnxTextEncoder', () => {
  const texts = ['red', '', 'in blue with stripes and more', 'a', 'red'];

  it('gives each text the same features in any company', async () => {
    const encoder = await open();
    const all = await encoder.encode(texts);
    expect([all.local.length, all.global.length]).toEqual([5 * 20 * 16, 5 * 12]);
    // Start and end alone; a word of three bytes; cut at 20.
    expect([...all.lengths]).toEqual([5, 2, 20, 3, 5]);
    expect(all.truncated).toBe(1);
    for (const [i, text] of texts.entries()) {
      const one = await encoder.encode([text]);
      expect(one.local).toEqual(all.local.slice(i * 320, (i + 1) * 320));
      expect(one.global).toEqual(all.global.slice(i * 12, (i + 1) * 12));
    }
    expect(all.global.subarray(0, 12)).not.toEqual(all.global.subarray(36, 48));
    expect(all.local.subarray(5 * 16, 320).every((value) => value === 0)).toBe(true);
    expect((await encoder.encode([])).local.length).toBe(0);
    await encoder.close();
  });

  it('pools the token that ends the text, whatever pads it', async () => {
    const encoder = await open();
    const short = await open({ tokens: 3 });
    const [whole, cut] = [await encoder.encode(['a']), await short.encode(['abcdef'])];
    expect([...cut.lengths]).toEqual([3]);
    const one = await short.encode(['a']);
    expect(one.global).toEqual(whole.global);
    expect(one.local).toEqual(whole.local.slice(0, 3 * 16));
    expect(short.id).not.toBe(encoder.id);
    expect(encoder.id).toMatch(/^clip-text-[0-9a-f]{16}$/);
    await Promise.all([encoder.close(), short.close()]);
  });

  it('says what in the description does not fit the graph', async () => {
    const { description, files } = hub.text!;
    const failing = (changes: object, options: TextEncoderOptions = {}) =>
      OnnxTextEncoder.open({ ...description, ...changes }, files, options);
    await expect(failing({ inputs: { ids: 'ids' } })).rejects.toThrow(
      'The encoder clip has no input "ids": its inputs are input_ids',
    );
    await expect(failing({ outputs: { local: 'hidden', global: 'text_embeds' } })).rejects.toThrow('has no output "hidden"');
    await expect(failing({ outputs: { local: 'text_embeds', global: 'text_embeds' } })).rejects.toThrow(
      'does not fit its description: text_embeds is float32 [2,12]',
    );
    await expect(failing({}, { tokens: 30 })).rejects.toThrow('The encoder clip takes 2 to 20 tokens a text, not 30.');
    await expect(OnnxTextEncoder.open(description, { ...files, weights: '/nowhere' })).rejects.toThrow(
      /^Cannot read the encoder's weights: ENOENT.*\/nowhere/,
    );
  });
});

describe('openTextFeatures', () => {
  it('encodes each text once, and finds it again', async () => {
    const encoder = await open();
    const encode = vi.spyOn(encoder, 'encode');
    const texts = ['red', 'blue', 'red', 'with a stripe'];
    const first = await openTextFeatures({ encoder, texts, batchSize: 2 });
    expect([first.count, first.rowOf('with a stripe'), first.rowOf('green')]).toEqual([3, 2, undefined]);
    expect(encode.mock.calls.map(([batch]) => batch)).toEqual([['red', 'blue'], ['with a stripe']]);
    await first.close();
    encode.mockClear();
    const again = await openTextFeatures({ encoder, texts: [...texts, 'green'] });
    expect(encode.mock.calls.map(([batch]) => batch)).toEqual([['green']]);
    const [local, lengths, global] = [new Uint16Array(2 * 320), new Uint16Array(2), new Uint16Array(24)];
    again.gather([2, 0], local, lengths, global);
    const plain = await encoder.encode(['with a stripe', 'red']);
    expect([[...lengths], local, global]).toEqual([[...plain.lengths], plain.local, plain.global]);
    expect(fromFloat16(global).some((value) => Math.abs(value) > 1e-3)).toBe(true);
    expect(() => again.gather([4], new Uint16Array(320), new Uint16Array(1), new Uint16Array(12))).toThrow('There is no row 4');
    expect(() => again.gather([0], local, lengths, global)).toThrow('The lengths target has 2 elements and needs 1.');
    await again.close();
    await encoder.close();
  });
});
