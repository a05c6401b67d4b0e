/** Image encoders of plug-ins: opened, tried, named in a model's folder, and refused in one line where they do not fit. */
import { describe, expect, it } from 'vitest';
import { ImageEncoderRuntime } from '../../retrieval/image-encoder-runtime.js';
import { fakeEncoder } from '../testing/fake-encoder.js';
import { defineEncoder, encoders, type ImageEncoder, openDefined } from './define-encoder.js';

let made = 0;
const defined = (changes: object = {}, open?: () => Promise<ImageEncoder>) =>
  defineEncoder({ id: `tested-${++made}`, open: open ?? (async () => ({ ...fakeEncoder(), ...changes })) });
const images = [0, 90, 255].map((value) => new Uint8Array(16 * 16 * 3).fill(value));

it('gives the features that it was written to give, under an id that names it', async () => {
  const definition = defined();
  const encoder = await openDefined(definition);
  expect(encoder.id).toBe(`${definition.id}-fake-1`);
  expect(await encoder.encode(images)).toEqual(await fakeEncoder().encode(images));
  const { batch: _, close: __, ...least } = fakeEncoder();
  const small = await openDefined(defined({}, async () => least));
  expect(small.batch).toBe(8);
  await small.close();
});

it('reads images for a model, and is found again by what the folder says', async () => {
  const definition = defined();
  const reader = await ImageEncoderRuntime.defined(definition);
  expect(reader.config).toEqual({ kind: 'features', tokens: 4, channels: 6, globalChannels: 6, colourChannels: 0 });
  const { id, description, definition: named } = reader.identity;
  const restore = (wanted = id) =>
    ImageEncoderRuntime.restore(reader.config, wanted, description, 'runs/mine', { definition: named });
  await expect(restore()).rejects.toThrow(/encoder "tested-\d+", which a plug-in defines: .*--plugin/);
  encoders.add(definition);
  const again = await restore();
  expect(again.identity).toEqual(reader.identity);
  const of = async (one: ImageEncoderRuntime) => (await one.encode(images, ['a', 'b', 'c'])).feeds([0, 1, 2]);
  expect(await of(again)).toEqual(await of(reader));
  await expect(restore(`${id}-of-then`)).rejects.toThrow(/was trained with the encoder .*-of-then, but .* now/);
});

describe('refused in one line that names it:', () => {
  const short = async () => ({ local: new Float32Array(3), global: new Float32Array(6) });
  const unknown = async () => ({ local: new Float32Array(24), global: new Float32Array(6).fill(Number.NaN) });
  const fails = async () => {
    throw new Error('no weights\nhere');
  };
  it.each<[string, ReturnType<typeof defined>, RegExp]>([
    ['it cannot be opened', defined({}, fails), /cannot be opened: no weights here\.$/],
    ['it opens nothing', defined({}, async () => undefined as never), /its "open" gives no encoder/],
    ['an id for no folder', defined({ id: '../x' }), /its "id" must be/],
    ['no sizes', defined({ local: undefined }), /"local.tokens" must be a whole number/],
    ['half a token', defined({ local: { tokens: 0.5, channels: 1 } }), /"local.tokens" must be a whole number/],
    ['no function', defined({ encode: undefined }), /no function "encode"/],
    ['too few numbers', defined({ encode: short }), /gives 3 and 6 local and global numbers for 1 images, and not 24 and 6/],
    ['no numbers', defined({ encode: unknown }), /gives global features that are not finite numbers/],
    ['it fails', defined({ encode: fails }), /fails: no weights here\.$/],
  ])('%s', async (_, definition, message) => {
    await expect(openDefined(definition)).rejects.toThrow(
      expect.objectContaining({ code: 'ENCODER', message: expect.stringMatching(message) }),
    );
    await expect(openDefined(definition)).rejects.toThrow(`The encoder "${definition.id}" `);
  });

  it('the name of the built-in encoder', () => {
    expect(() => defineEncoder({ id: 'patch', open: async () => fakeEncoder() })).toThrow(/"patch" is the built-in/);
  });
});
