/** The order of texts, and texts regardless of case: one definition for all stores. */

/**
 * Compares by code points, which is the order of the UTF-8 bytes and so that of databases. It differs from `<` only where one text
 * has a character above U+FFFF and the other one from U+E000 to U+FFFF.
 *
 * @returns below 0 where `a` comes first, 0 for equal texts
 */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    // Surrogates are moved behind the other units, where their code points are.
    if (x !== y) return codePointOrder(x) - codePointOrder(y);
  }
  return a.length - b.length;
}

function codePointOrder(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Lower case of all scripts, with one sigma: texts that differ only in case become equal. */
export function foldCase(text: string): string {
  return text.toLowerCase().replaceAll('ς', 'σ');
}

/** Whether every database can hold the text: it has no NUL and no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !/\0|\p{Surrogate}/u.test(text);
}
