/** The end of a bench that failed: one line, which `npm run bench` puts into its table. */
export function reportFailure(error: unknown): void {
  console.error(`bench: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
