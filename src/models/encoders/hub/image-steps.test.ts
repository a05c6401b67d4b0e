import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { imageSteps } from './image-steps.js';

const scratch = mkdtempSync(join(tmpdir(), 'limn-steps-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const timm = (side: number) => ({ input_size: [3, side, side], crop_pct: 1, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });

function folderOf(files: Record<string, unknown>): string {
  const folder = mkdtempSync(join(scratch, 'folder-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(content));
  return folder;
}

describe("the processor that wraps timm's", () => {
  const wrapper = { image_processor_type: 'TimmWrapperImageProcessor', pretrained_cfg: timm(32) };

  it.each([
    [
      'leaves it to config.json',
      { 'preprocessor_config.json': wrapper, 'config.json': { pretrained_cfg: timm(48) } },
      48,
      'config.json',
    ],
    [
      'has a copy for folders without it',
      { 'preprocessor_config.json': wrapper, 'config.json': { model_type: 'x' } },
      32,
      'preprocessor_config.json',
    ],
    ['in processor_config.json too', { 'processor_config.json': { image_processor: wrapper } }, 32, 'processor_config.json'],
  ])('%s', async (_, files, size, source) => {
    const found = await imageSteps(folderOf(files), undefined, {}, undefined);
    expect([found.steps.size, found.source]).toEqual([size, source]);
  });

  it('says nothing where it has no copy', async () => {
    const folder = folderOf({ 'preprocessor_config.json': { image_processor_type: 'TimmWrapperImageProcessor' } });
    await expect(imageSteps(folder, undefined, {}, 32)).rejects.toThrow(
      /No file says how images are prepared.*Give --mean, --std/,
    );
  });
});
