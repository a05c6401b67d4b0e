import { describe, expect, it } from 'vitest';
import { standInFor } from './stand-in.js';

describe('standInFor', () => {
  it.each([
    ['', /^it is empty/],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n', /Git LFS.*git lfs pull/],
    ['\n <!DOCTYPE html><html>', /web page/],
    ['<html lang="en">', /web page/],
  ])('names what stands in the place of a file: %j', (text, said) => {
    expect(standInFor(text)).toMatch(said);
    expect(standInFor(Buffer.from(text))).toMatch(said);
  });

  it.each(['{"version": "https://git-lfs.github.com"}', 'version 2', '<svg>'])('says nothing of other content: %j', (text) => {
    expect(standInFor(text)).toBeUndefined();
  });
});
