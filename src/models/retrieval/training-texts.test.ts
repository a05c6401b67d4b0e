import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readTexts, sampleTexts, textsFile, writtenTexts } from './training-texts.js';

it('draws a bounded number of different short texts, whatever their order', () => {
  const all = Array.from({ length: 2000 }, (_, at) => `is  number ${at % 900} `);
  const sample = sampleTexts([...all, 'x'.repeat(200), ' ']);
  expect(sample).toHaveLength(500);
  expect(new Set(sample).size).toBe(500);
  expect(sample).toEqual(sampleTexts([...all].reverse()));
  for (const text of sample) expect(text).toMatch(/^is number \d+$/);
});

it('reads what it wrote, and takes none or damage for none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'limn-texts-'));
  try {
    expect(await readTexts(folder)).toBeUndefined();
    const written = writtenTexts(['in red', 'in blue']);
    await writeFile(join(folder, textsFile), written);
    expect(await readTexts(folder)).toEqual(['in red', 'in blue']);
    await writeFile(join(folder, textsFile), written.toString().replace('blue', 'blau'));
    expect(await readTexts(folder)).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
