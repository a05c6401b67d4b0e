/** A small bar chart of percentages for a terminal. */

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar to a scale that ends at 100 %, at least a sliver where there is anything. @param columns of 100 % */
export function bar(percent: number, columns: number): string {
  const parts = Math.round((Math.max(0, Math.min(100, percent)) / 100) * columns * 8);
  const shown = percent > 0 ? Math.max(1, parts) : 0;
  return '█'.repeat(Math.floor(shown / 8)) + eighths[shown % 8];
}
