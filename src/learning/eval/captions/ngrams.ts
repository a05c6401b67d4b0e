/** The runs of 1 to 4 words of a caption, which BLEU and CIDEr-D count. */

/** The words of a caption, as `tokenize` of the vocabulary gives them: none of them holds a space. */
export type Words = readonly string[];

/** BLEU-4 and CIDEr-D look at runs of up to so many words. */
export const longest = 4;

/** How often each run occurs, keyed by its words with spaces between: one map a length, 1 to {@link longest}. */
export function ngramCounts(words: Words): Map<string, number>[] {
  return Array.from({ length: longest }, (_, index) => {
    const counts = new Map<string, number>();
    for (let end = index + 1; end <= words.length; end++) {
      const ngram = words.slice(end - index - 1, end).join(' ');
      counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
    }
    return counts;
  });
}
