/** What exact.ts and indexed.ts have in common: their flags, and a row of their tables. */
import { parseArgs } from 'node:util';
import type { Measured } from './sides.js';

/** Searches that are asked, one after another and again from the first. */
export const queries = 100;

/** What a side of a search is started with. */
export interface SearchOptions {
  /** The gallery's vectors, float32, and behind them the queries. */
  file: string;
  count: number;
  queries: number;
  width: number;
  threads: number;
}

/** @param count of vectors, where --count does not say */
export function searchFlags(count: number) {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: `${count}` },
      threads: { type: 'string', default: '2' },
      rounds: { type: 'string', default: '10' },
      steps: { type: 'string', default: '20' },
      'limn-only': { type: 'boolean', default: false },
    },
  });
  const [rounds, steps] = [Number(values.rounds), Number(values.steps)];
  return {
    count: Number(values.count),
    threads: Number(values.threads),
    turns: { rounds, steps, warmup: steps },
    limnOnly: values['limn-only'],
  };
}

export const timesRow = ({ milliseconds: { median, quartiles, min }, cpuMilliseconds, peakMiB }: Measured) => ({
  'median ms': median,
  'quartiles ms': quartiles.join(' - '),
  'least ms': min,
  'cpu ms': cpuMilliseconds,
  'peak MiB': peakMiB,
});
