import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { clipSizes, writeRandomClip } from '../../../test/support/clip/random-clip.js';
import { Random } from '../../core/random.js';
import { fromFloat16 } from '../../engine/tensor/float16.js';
import { Gallery } from '../../search/gallery/gallery.js';
import { importEncoder } from '../encoders/hub/import-encoder.js';
import { ImageEncoderRuntime } from './image-encoder-runtime.js';
import { openImageEncoder } from './open-image-encoder.js';
import { RetrievalModel } from './retrieval-model.js';
import { TextReader } from './text-reader.js';
import { zeroShot } from './zero-shot.js';

let root: string;
let reader: ImageEncoderRuntime;
let text: TextReader;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'limn-zero-shot-'));
  vi.stubEnv('LIMN_HOME', join(root, 'home'));
  await writeRandomClip(join(root, 'clip'), clipSizes.tiny);
  await importEncoder(join(root, 'clip'), { name: 'tiny' });
  reader = await openImageEncoder('tiny');
  text = await TextReader.open({ encoder: 'tiny' });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await reader.close();
  await text.close();
  await rm(root, { recursive: true, force: true });
});

/** Mean 0 and length 1, so that an inner product is a correlation. */
function standard(values: ArrayLike<number>): number[] {
  const all = Array.from(values);
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  const length = Math.hypot(...all.map((value) => value - mean));
  return all.map((value) => (value - mean) / length);
}

it.each([undefined, 0.3, 1])('adds images and texts of one space, the text with the part %s', async (textShare) => {
  const out = join(root, `model-${textShare}`);
  await zeroShot({ reader, text, out, textShare });
  const model = await RetrievalModel.open(out);
  const random = new Random(2);
  const images = await reader.encode(
    Array.from({ length: 3 }, () => Uint8Array.from({ length: 32 * 32 * 3 }, () => random.below(256))),
    ['a', 'b', 'c'],
  );
  const texts = ['it is red', 'a', 'abcdefg'];
  const queries = await model.embedQueries(images, [0, 1, 2], texts);
  const targets = await model.embedTargets(images, [0, 1, 2]);
  await model.close();

  const said = await text.read({ texts, vocabulary: model.parts.vocabulary, words: 32 });
  for (const [i, one] of texts.entries()) {
    const seen = standard(fromFloat16(images.feeds([i], { local: false }).global?.data as Uint16Array));
    const read = standard(fromFloat16(said.feeds([one])['text.global']?.data as Uint16Array));
    const share = textShare ?? 0.5;
    const expected = standard(seen.map((value, j) => (1 - share) * value + share * (read[j] as number)));
    const width = seen.length;
    const furthest = (wanted: readonly number[], found: ArrayLike<number>) =>
      Math.max(...wanted.map((value, j) => Math.abs(value - (found[i * width + j] as number))));
    expect(furthest(expected, queries.matching)).toBeLessThan(1e-3);
    expect(furthest(seen, targets.matching)).toBeLessThan(1e-3);
  }
  await said.close();
});

it('searches a gallery by an image, a text, or both', async () => {
  const out = join(root, 'searched');
  await zeroShot({ reader, text, out });
  const model = await RetrievalModel.open(out);
  const picture = (i: number) => join(root, 'images', `${i}.png`);
  await mkdir(join(root, 'images'), { recursive: true });
  for (let i = 0; i < 4; i++) {
    const background = { r: 60 * i, g: 255 - 60 * i, b: 40 };
    await sharp({ create: { width: 32, height: 32, channels: 3, background } })
      .png()
      .toFile(picture(i));
  }
  const gallery = await Gallery.create({ model, images: join(root, 'images'), out: join(root, 'gallery') });
  const byImage = await gallery.search({ references: [{ path: picture(2) }], k: 4, excludeReferences: false });
  expect(byImage.hits[0]).toMatchObject({ id: '2.png', score: expect.closeTo(1, 3) });
  const byText = await gallery.search({ texts: ['it is red'], k: 4 });
  const both = await gallery.search({ references: [{ path: picture(2) }], texts: ['it is red'], k: 4, excludeReferences: false });
  const scoreOf = ({ hits }: typeof both, id: string) => hits.find((hit) => hit.id === id)?.score as number;
  expect(byText.hits.every(({ score }) => Number.isFinite(score) && Math.abs(score) <= 1)).toBe(true);
  // The query is the sum of both, so that its scores are theirs added, up to one factor.
  const ratios = both.hits.map(({ id, score }) => (scoreOf(byImage, id) + scoreOf(byText, id)) / score);
  for (const ratio of ratios) expect(ratio).toBeCloseTo(ratios[0] as number, 2);
  await gallery.close();
  await model.close();
});

it('refuses encoders without one space for both', async () => {
  const out = join(root, 'never');
  const refused = (what: RegExp) => expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(what) });
  const patch = ImageEncoderRuntime.patch(32, 8, 0);
  await expect(zeroShot({ reader: patch, text, out })).rejects.toThrow(refused(/"?patch-32-8-0"? is no frozen encoder/));
  await expect(zeroShot({ reader, text: TextReader.words(), out })).rejects.toThrow(refused(/read by "words"/));
});
