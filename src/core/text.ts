/** Small work on texts from outside, each in time that grows with the text and no faster, which a regular expression for it would not keep. */

/** The text in one line: the ends of lines, with the spaces around them, become one space. */
export function oneLine(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
}

/** The text without those of `characters` that it ends in. */
export function withoutTrailing(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** As a shell takes it for one word, for a command that a person may copy. */
export const shellWord = (text: string): string => (/^[A-Za-z0-9_./=:\\-]+$/.test(text) ? text : `"${text}"`);
