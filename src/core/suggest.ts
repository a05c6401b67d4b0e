/** What a person probably meant by a name that is not known. */

/** `Did you mean "epochs"?`, or all known names where none is near. @param former names that are still read, and are not listed */
export function suggestion(name: string, known: readonly string[], former: readonly string[] = []): string {
  const [nearest] = [...known, ...former]
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const near = nearest && nearest.distance <= Math.max(2, Math.floor(name.length / 3));
  return near ? `Did you mean "${nearest.candidate}"?` : `Known are ${known.join(', ')}.`;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
