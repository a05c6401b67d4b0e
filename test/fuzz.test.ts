/** Every parser of outside input, given changed inputs: a value or an error that limn throws on purpose, in time and memory that are bounded. */
import { expect, it } from 'vitest';

interface Outcome {
  counts: Record<string, number>;
  accepted: Record<string, number>;
  findings: { target: string; problem: string; input: string }[];
}

it('changed inputs are read or refused', { timeout: 600_000 }, async () => {
  const script = new URL('../scripts/fuzz/run.mjs', import.meta.url).href;
  const { fuzz } = (await import(script)) as { fuzz(options: object): Promise<Outcome> };
  const { counts, accepted, findings } = await fuzz({ inputs: 2_600, seed: 7, patience: 10_000 });
  expect(Object.keys(counts).length).toBeGreaterThan(40);
  expect(Object.values(counts).filter((count) => count < 50)).toHaveLength(3);
  expect(counts['list.parquet']).toBeGreaterThan(1);
  expect(findings).toEqual([]);
  // What is changed is an input that is read to its end; of the addresses of the test none is fetched.
  expect(Object.keys(accepted).filter((name) => accepted[name] === 0)).toEqual(['URLs']);
});
