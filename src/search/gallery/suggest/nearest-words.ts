/** The known words that somebody probably meant by one that is not known. */

/** How many are offered. */
const offered = 3;
/** Nobody types longer words by mistake, and comparing them takes long. */
const longest = 24;
/** The beginning of a word is as good as one slip, from so many letters on. */
const leastBeginning = 3;

/**
 * @param known the most frequent first: of equally near ones these come first
 * @returns the nearest first; none where all are too far
 */
export function nearestWords(word: string, known: readonly string[]): string[] {
  if (word.length > longest) return [];
  const most = slips(word.length);
  const near = known.flatMap((candidate, order) => {
    const begun = word.length >= leastBeginning && candidate.startsWith(word);
    if (!begun && Math.abs(candidate.length - word.length) > most) return [];
    const distance = begun ? Math.min(1, candidate.length - word.length) : slipsBetween(word, candidate);
    return begun || distance <= most ? [{ candidate, distance, order }] : [];
  });
  near.sort((a, b) => a.distance - b.distance || a.order - b.order);
  return near.slice(0, offered).map(({ candidate }) => candidate);
}

/** Slips that a word of so many letters may have and still be told. */
function slips(length: number): number {
  if (length < 3) return 0;
  return length < 6 ? 1 : length < 9 ? 2 : 3;
}

/** Letters that are missing, too many, others, or two of them exchanged (Damerau's distance with adjacent exchanges). */
export function slipsBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min((row[j - 1] as number) + same, (row[j] as number) + 1, (next[j - 1] as number) + 1);
      const exchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (exchanged) least = Math.min(least, (before[j - 2] as number) + 1);
      next.push(least);
    }
    before = row;
    row = next;
  }
  return row[b.length] as number;
}
