import { describe, expect, it } from 'vitest';
import { cutToWidth, displayWidth } from './display-width.js';

describe('displayWidth', () => {
  it.each([
    ['plain', 5],
    ['', 0],
    ['café', 4],
    ['cafe\u0301', 4],
    ['\x1b[1;31mred\x1b[0m', 3],
    ['\x1b]8;;http://a.b\x07link\x1b]8;;\x07', 4],
    ['連衣裙', 6],
    ['ワンピース', 10],
    ['ﾜﾝﾋﾟｰｽ', 6],
    ['치마', 4],
    ['ＡＢ', 4],
    ['👗', 2],
    ['👩‍👩‍👧', 2],
    ['❤\ufe0f', 2],
    ['🇫🇷', 2],
    ['a\u200bb\u00ad', 2],
    ['“…” – é × ½', 11],
  ])('%s takes %i columns', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

describe('cutToWidth', () => {
  it('leaves a text that fits as it is', () => {
    expect(cutToWidth('連衣裙', 6)).toBe('連衣裙');
    expect(cutToWidth('\x1b[31mred\x1b[0m', 3)).toBe('\x1b[31mred\x1b[0m');
  });

  it('never cuts a character or an escape sequence in two', () => {
    expect(cutToWidth('連衣裙', 5)).toBe('連衣…');
    expect(cutToWidth('連衣裙', 4)).toBe('連…');
    expect(cutToWidth('a👩‍👩‍👧b', 3)).toBe('a…');
    expect(cutToWidth('\x1b[31mred dress\x1b[0m', 4)).toBe('\x1b[31mred…\x1b[0m');
  });

  it('fits into any width from 1 on', () => {
    const text = 'a連\x1b[1mb👗c\u0301\x1b[0m ﾋﾟ line';
    for (let columns = 1; columns <= 20; columns++) {
      expect(displayWidth(cutToWidth(text, columns))).toBeLessThanOrEqual(columns);
    }
  });
});
