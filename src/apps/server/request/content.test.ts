import { expect, it } from 'vitest';
import { HttpProblem } from '../handlers/problems.js';
import { readImages } from './content.js';
import type { RequestImages } from './request-images.js';

it('looks at uploads one after the other, and at none behind one that is refused', async () => {
  const seen: string[] = [];
  const check = async (_: Uint8Array, label: string) => {
    seen.push(`begin ${label.at(-2)}`);
    await new Promise((done) => setImmediate(done));
    seen.push(`end ${label.at(-2)}`);
    if (seen.length === 4) throw new HttpProblem(413, 'TOO_LARGE', 'too many');
  };
  const names = ['a', 'b', 'c', 'd'];
  const tools = {
    files: new Map(names.map((name) => [name, Buffer.from(name)])),
    images: { check } as unknown as RequestImages,
    signal: new AbortController().signal,
  };
  const lists = [names.slice(0, 3).map((upload) => ({ upload })), [{ upload: 'd' }]];
  await expect(readImages(lists, tools)).rejects.toMatchObject({ status: 413 });
  await new Promise((done) => setTimeout(done, 20));
  expect(seen).toEqual(['begin a', 'end a', 'begin b', 'end b']);
});
