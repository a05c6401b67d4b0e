/** How many columns of a terminal a text takes, and cutting it to fit: wide characters take two, escape sequences none. */
import { stripVTControlCharacters } from 'node:util';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** What takes no column of its own: controls, marks that stand on other characters, joiners. */
const invisible = /^[\p{Control}\p{Mark}\p{Default_Ignorable_Code_Point}]*$/u;
/** East Asian scripts, full-width forms, and characters that are drawn as images. */
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\p{Emoji_Presentation}\u3000-\u303e\u30fb\u30fc\uff01-\uff60\uffe0-\uffe6]/u;
const halfWidth = /[\uff61-\uffdc\u303f]/u;
/** Stand in a column of their own, though they belong to the character before. */
const halfWidthMark = /(?<=.)[\uff9e\uff9f]/gu;
/** Asks for the image of a character that is also a sign of text. */
const asImage = '\ufe0f';
const escapeCharacter = '\u001b';
/** Styles, and links with what ends them. */
const escapeSequence = new RegExp(
  `(${escapeCharacter}\\[[ -?]*[@-~]|${escapeCharacter}\\][^\\u0007${escapeCharacter}]*(?:\\u0007|${escapeCharacter}\\\\))`,
);
const endOfStyles = `${escapeCharacter}[0m`;

/** The columns that a text takes on one row of a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(stripVTControlCharacters(text))) width += graphemeWidth(segment);
  return width;
}

/** The text as it is where it fits, else its beginning with "…" at the end. @param columns at least 1 */
export function cutToWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let width = 0;
  let cut = '';
  let styled = false;
  for (const [index, part] of text.split(escapeSequence).entries()) {
    // Parts in odd places are what separates the others.
    if (index % 2 === 1) {
      cut += part;
      styled = true;
      continue;
    }
    for (const { segment } of graphemes.segment(part)) {
      width += graphemeWidth(segment);
      if (width > columns - 1) return `${cut}…${styled ? endOfStyles : ''}`;
      cut += segment;
    }
  }
  return cut;
}

function graphemeWidth(grapheme: string): number {
  if (invisible.test(grapheme)) return 0;
  if (halfWidth.test(grapheme)) return 1 + (grapheme.match(halfWidthMark)?.length ?? 0);
  return grapheme.includes(asImage) || wide.test(grapheme) ? 2 : 1;
}
