/** Pixels against those of transformers, timm and open_clip themselves: scripts/reference/make_preprocessor_fixtures.py. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readFixture } from '../../../../test/fixtures/fixture.js';
import { decodeImage } from '../image/image.js';
import { normalizedPixels } from '../image/pixel-form.js';
import { readOpenClipConfig, readTimmConfig } from './evaluation-transforms.js';
import { type ImageSteps, readPreprocessor } from './preprocessor.js';
import { processorClasses } from './processor-classes.js';

interface Case {
  kind: 'transformers' | 'timm' | 'open_clip';
  name: string;
  settings: Record<string, unknown>;
  picture: string;
  size: number;
  stride: number;
}

const { tensors, settings } = readFixture('preprocessors');
const cases = settings.cases as Case[];
/** Pixels are Pillow's to the last bit; what is left is the rounding of the normalisation in float32. */
const tolerance = 5e-6;

function stepsOf({ kind, name, settings: given }: Case): ImageSteps {
  if (kind === 'timm') return readTimmConfig({ pretrained_cfg: given }, 'config.json') as ImageSteps;
  if (kind === 'open_clip') {
    return readOpenClipConfig({ model_cfg: { vision_cfg: { image_size: 16 } }, preprocess_cfg: given }, 'open_clip_config.json');
  }
  return readPreprocessor({ image_processor_type: name, ...given }, 'preprocessor_config.json');
}

async function pixelsOf(steps: ImageSteps, golden: string): Promise<Float32Array> {
  const file = fileURLToPath(new URL(`../../../../test/fixtures/preprocessor-${golden}.png`, import.meta.url));
  const image = await decodeImage(file, steps);
  return normalizedPixels({ ...steps, layout: 'NCHW' }, [image]);
}

describe('preprocessing, against the libraries it comes from', () => {
  it('has golden values for every class of the table', () => {
    const named = new Set(cases.map(({ name }) => name.replace('ImageProcessor', '').toLowerCase()));
    expect(Object.keys(processorClasses).filter((name) => !named.has(name))).toEqual([]);
    expect(Object.keys(tensors)).toHaveLength(cases.length);
    expect(cases.length).toBeGreaterThan(150);
  });

  it.each(cases.map((one, i) => [`${one.name} ${JSON.stringify(one.settings)}, ${one.picture}`, one, String(i)] as const))(
    '%s',
    async (_, one, key) => {
      const steps = stepsOf(one);
      expect(steps.size).toBe(one.size);
      const pixels = await pixelsOf(steps, one.picture);
      const expected = tensors[key]?.data as Float32Array;
      expect(expected.length).toBe(Math.ceil(pixels.length / one.stride));
      // This class resizes colours that are no whole grey levels; limn, as Pillow, rounds after each of two passes.
      const rounded = one.name === 'DINOv3ViTImageProcessor' ? 1 / 255 / Math.min(...steps.std) : 0;
      let worst = 0;
      for (const [i, value] of expected.entries()) worst = Math.max(worst, Math.abs((pixels[i * one.stride] as number) - value));
      expect(worst).toBeLessThan(tolerance * Math.max(1, ...steps.std.map((d) => 0.2 / d)) + rounded);
    },
  );
});
