/** What exact.mjs and indexed.mjs have in common: their flags, and a row of their tables. */
import { parseArgs } from 'node:util';

/** Searches that are asked, one after another and again from the first. */
export const queries = 100;

/** @param count of vectors, where --count does not say */
export function searchFlags(count) {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: `${count}` },
      threads: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '10' },
      steps: { type: 'string', default: '20' },
      'limn-only': { type: 'boolean', default: false },
    },
  });
  const [vectors, threads, rounds, steps] = [values.count, values.threads, values.rounds, values.steps].map(Number);
  return { count: vectors, threads, turns: { rounds, steps, warmup: steps }, limnOnly: values['limn-only'] };
}

/** @param result of takeTurns */
export const timesRow = ({ milliseconds: { median, quartiles, min }, cpuMilliseconds, peakMiB }) => ({
  'median ms': median,
  'quartiles ms': quartiles.join(' - '),
  'least ms': min,
  'cpu ms': cpuMilliseconds,
  'peak MiB': peakMiB,
});
