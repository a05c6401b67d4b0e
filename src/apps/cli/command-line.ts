/** The command line as results and reports keep it. */

/** `limn ...` with what was typed, but without the users and passwords of addresses. */
export function shownCommandLine(words: readonly string[] = process.argv.slice(2)): string {
  return ['limn', ...words.map((word) => word.replace(/(\w:\/\/)[^/?#]*@/, '$1'))].join(' ');
}
