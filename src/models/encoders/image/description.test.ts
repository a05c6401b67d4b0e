import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LimnError } from '../../../core/errors.js';
import { readJson } from '../../../core/files.js';
import { loadDescription, parseDescription } from './description.js';

const plain = {
  name: 'small',
  file: 'small.onnx',
  input: 'image',
  size: 224,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
  outputs: { local: 'tokens', global: 'pooled' },
};

function messageOf(value: unknown): string {
  try {
    parseDescription(value, 'small.json');
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG' });
    return (error as LimnError).message;
  }
  throw new Error('parsed without an error');
}

describe('parseDescription', () => {
  it('fills in the defaults', () => {
    expect(parseDescription(plain, 'small.json')).toEqual({
      ...plain,
      layout: 'NCHW',
      resampling: 'bicubic',
      fit: 'cover',
      colour: false,
      outputs: { ...plain.outputs, localForm: 'tokens', skipTokens: 0 },
    });
  });

  it('accepts the description that comes with limn', async () => {
    const described = parseDescription(await readJson('configs/encoders/mobilenetv2.json', 'an encoder'), 'mobilenetv2.json');
    expect(described).toMatchObject({ name: 'mobilenetv2', size: 224, colour: true });
  });

  it.each([
    [{ ...plain, deviaton: [1, 1, 1], std: undefined }, 'small.json has an unknown key "deviaton". Did you mean "deviation"?'],
    [
      { ...plain, outputs: { ...plain.outputs, globl: 'x' } },
      'small.json has an unknown key "outputs.globl". Did you mean "global"?',
    ],
    [{ ...plain, something: 1 }, /unknown key "something"\. Known are name, file, input, layout, /],
    [{ ...plain, mean: [127.5, 127.5, 127.5] }, /"mean\.0": is for colours from 0 to 1: divide it by 255\.$/],
    [{ ...plain, size: undefined }, /^small\.json does not describe a picture encoder: "size": /],
    [{ ...plain, name: 'a/b' }, /"name": may have letters, digits/],
    [[], /"the whole file"/],
  ])('explains what is wrong: %#', (value, message) => {
    const found = messageOf(value);
    expect(found).not.toContain('\n');
    if (typeof message === 'string') expect(found).toBe(message);
    else expect(found).toMatch(message);
  });
});

describe('loadDescription', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'limn-description-'));
    vi.stubEnv('LIMN_HOME', join(folder, 'home'));
    vi.stubEnv('LIMN_ENCODERS', [join(folder, 'others'), join(folder, 'more')].join(delimiter));
    vi.stubEnv('LIMN_SHARED_DATA', '');
    writeFileSync(join(folder, 'small.json'), JSON.stringify(plain));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  it('looks beside the JSON first, then in LIMN_HOME, then in LIMN_ENCODERS', async () => {
    for (const place of [['more'], ['others'], ['home', 'encoders'], []]) {
      const weights = join(folder, ...place, 'small.onnx');
      mkdirSync(join(folder, ...place), { recursive: true });
      writeFileSync(weights, '');
      expect((await loadDescription(join(folder, 'small.json'))).weights).toBe(weights);
    }
  });

  it('lists the places it looked at', async () => {
    const error = await loadDescription(join(folder, 'small.json')).catch((thrown) => thrown);
    expect(LimnError.isInstance(error)).toBe(true);
    expect(error.code).toBe('ENCODER');
    for (const place of ['small.onnx', join('home', 'encoders', 'small.onnx'), join('more', 'small.onnx')]) {
      expect(error.message).toContain(join(folder, place));
    }
  });
});
